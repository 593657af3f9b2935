"""Amazon as a connection sees it: the client with tokens that are kept fresh.

A 401 or 403 certainly did nothing, so whatever was asked is asked once more with a new
token. A 403 that stays means the account only if the token can list accounts at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from django.conf import settings

from instances import connections
from instances.amc import answers, downloads
from instances.amc.answers import (
    AmcAccount,
    AmcInstance,
    DataSource,
    Execution,
    ExecutionPage,
)
from instances.amc.client import AmcClient
from instances.amc.errors import AmcError, Forbidden, NoUsableAnswer, TokenRejected
from instances.errors import AccountMissing
from instances.models import Connection, Instance, Region
from instances.moments import carried_on
from instances.regions import addresses, region_of

Answer = TypeVar("Answer")

MOST_PAGES = 400


def gateway(instance: Instance, connection: Connection, *, now: datetime) -> Gateway:
    """For everything about one instance. Raises AccountMissing before any call."""
    if instance.account is None:
        raise AccountMissing
    region = Region(instance.account.region)
    return _gateway(
        connection,
        replace(
            _place(region),
            entity_id=instance.account.account_id,
            marketplace_id=instance.account.marketplace_id,
            instance_id=instance.instance_id,
        ),
        now,
    )


def account_gateway(
    account: AmcAccount, connection: Connection, *, now: datetime
) -> Gateway:
    """For the `instances()` of an account."""
    place = replace(
        _place(region_of(account.marketplace_id)),
        entity_id=account.entity_id,
        marketplace_id=account.marketplace_id,
    )
    return _gateway(connection, place, now)


def connection_gateway(connection: Connection, *, now: datetime) -> Gateway:
    """For the `accounts()` that the connection reaches."""
    return _gateway(connection, _place(Region.NA), now)


def _gateway(connection: Connection, place: AmcClient, now: datetime) -> Gateway:
    return Gateway(connection_id=connection.pk, place=place, clock=carried_on(now))


def _place(region: Region) -> AmcClient:
    return AmcClient(
        base_url=addresses(region).api,
        client_id=settings.LWA_CLIENT_ID,
        access_token="",
    )


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """Raises, beside the client's errors, those of `connections.access_token`:

    CredentialRefused, ApplicationHeld and LwaUnavailable mean that nothing was done.
    `place` is the client without a token.
    """

    connection_id: int
    place: AmcClient
    clock: Callable[[], datetime]

    def create_execution(
        self, body: Mapping[str, Any], *, seconds_left: Callable[[], float]
    ) -> Execution:
        """Start an execution.

        `seconds_left` is asked right before the request, and again before the one with
        a new token; what it raises ends the matter. After NoUsableAnswer the execution
        may run; after any other error it does not.
        """
        return self._authorised(
            lambda client: client.create_execution(body, timeout_seconds=seconds_left())
        )

    def check_sql(
        self, body: Mapping[str, Any], *, timeout_seconds: float
    ) -> Execution:
        """Have Amazon validate a request, at most twice `timeout_seconds` long."""
        return self._authorised(
            lambda client: client.check_sql(body, timeout_seconds=timeout_seconds)
        )

    def execution(
        self, execution_id: str, *, include_workflow: bool = False
    ) -> Execution:
        return self._authorised(
            lambda client: client.execution(
                execution_id, include_workflow=include_workflow
            )
        )

    def executions(
        self,
        *,
        since: datetime,
        include_cancelled: bool = True,
        include_workflow: bool = True,
        next_token: str | None = None,
    ) -> ExecutionPage:
        """One page; `all_executions` reads them all."""
        return self._authorised(
            lambda client: client.executions(
                since=since,
                include_cancelled=include_cancelled,
                include_workflow=include_workflow,
                next_token=next_token,
            )
        )

    def all_executions(
        self,
        *,
        since: datetime,
        include_cancelled: bool = True,
        include_workflow: bool = True,
    ) -> ExecutionPage:
        """All pages as one, dated by the first.

        `complete` when none is missing, each with its SQL if that was asked for.
        """
        pages: list[ExecutionPage] = []
        token: str | None = None
        while token or not pages:
            page = self.executions(
                since=since,
                include_cancelled=include_cancelled,
                include_workflow=include_workflow,
                next_token=token,
            )
            pages.append(page)
            token = page.next_token
            if len(pages) > MOST_PAGES:
                raise NoUsableAnswer("Amazon's list of executions does not end.")
        return answers.whole(pages, with_sql=include_workflow)

    def cancel_execution(self, execution_id: str) -> None:
        self._authorised(lambda client: client.cancel_execution(execution_id))

    def download_urls(self, execution_id: str) -> tuple[str, ...]:
        return self._authorised(lambda client: client.download_urls(execution_id))

    def download(self, url: str) -> Iterator[bytes]:
        return downloads.pieces(url)

    def accounts(self) -> tuple[AmcAccount, ...]:
        return self._authorised(lambda client: client.accounts())

    def instances(self) -> tuple[AmcInstance, ...]:
        return self._authorised(lambda client: client.instances())

    def data_sources(self) -> tuple[DataSource, ...]:
        return self._authorised(lambda client: client.data_sources())

    def _authorised(self, ask: Callable[[AmcClient], Answer]) -> Answer:
        token = connections.access_token(self.connection_id, now=self.clock())
        try:
            return ask(self._with(token))
        except (TokenRejected, Forbidden):
            fresh = connections.replaced_token(
                self.connection_id, token, now=self.clock()
            )
        try:
            return ask(self._with(fresh))
        except Forbidden as refusal:
            self._raise_if_the_token_is_no_good(fresh, refusal)
            raise

    def _raise_if_the_token_is_no_good(self, token: str, refusal: Forbidden) -> None:
        try:
            self._with(token).accounts()
        except AmcError as error:
            raise TokenRejected(
                refusal.text, status=403, request_id=refusal.request_id
            ) from error

    def _with(self, token: str) -> AmcClient:
        return replace(self.place, access_token=token)
