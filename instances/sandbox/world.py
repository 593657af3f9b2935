"""The accounts and instances that the sandbox always holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

CLIENT_ID = "amzn1.application-oa2-client.sandbox"
CLIENT_SECRET = "sandbox-secret"  # noqa: S105 -- known to everybody, opens synthetic data
MARKETPLACE_ID = "ATVPDKIKX0DER"
INSTANCES_PER_ACCOUNT = 30
INSTANCES_CREATED = datetime(2024, 9, 2, 8, 30, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Account:
    """One AMC account; `number` also names the person who may use it."""

    number: int

    @property
    def _suffix(self) -> str:
        """The first account carries no number in its names of things."""
        return "" if self.number == 1 else str(self.number)

    @property
    def account_id(self) -> str:
        return f"ENTITY{self.number}SANDBOX"

    @property
    def name(self) -> str:
        return f"Sandbox Agency {self._suffix}".rstrip()

    @property
    def marketplace_id(self) -> str:
        return MARKETPLACE_ID

    @property
    def refresh_token(self) -> str:
        return f"Atzr|sandbox{self._suffix}"

    def instance_id(self, number: int) -> str:
        return f"amc{self._suffix}sandbox{number:02d}"


@dataclass(frozen=True, kw_only=True)
class Instance:
    """One instance; its `number` (1 … 30) decides which advertisers it holds."""

    account: Account
    number: int

    @property
    def instance_id(self) -> str:
        return self.account.instance_id(self.number)

    @property
    def name(self) -> str:
        return f"{self.account.name} {self.number:02d}"


class World:
    """Every account and instance, found by Amazon's ids."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        self.accounts = {account.account_id: account for account in accounts}
        self.instances = {
            instance.instance_id: instance
            for account in self.accounts.values()
            for instance in instances_of(account)
        }

    def account_numbered(self, number: int) -> Account | None:
        return self.accounts.get(Account(number=number).account_id)

    def account_of_refresh_token(self, token: str) -> Account | None:
        """Only the tokens that are always there; see `tokens` for granted ones."""
        for account in self.accounts.values():
            if account.refresh_token == token:
                return account
        return None


def instances_of(account: Account) -> list[Instance]:
    numbers = range(1, INSTANCES_PER_ACCOUNT + 1)
    return [Instance(account=account, number=number) for number in numbers]


def build_world(account_count: int) -> World:
    return World(Account(number=number) for number in range(1, account_count + 1))
