"""The whole product running in one folder: services, sandbox, web, workers, Beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from config.embedded import product
from config.embedded.backing import (
    Backing,
    plan_backing,
    publish_addresses,
    withdraw_addresses,
)
from config.embedded.child import Child
from config.embedded.ports import LOOPBACK
from config.embedded.product import Product
from config.embedded.supervisor import Supervisor


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to run, and where."""

    source: Path
    folder: Path  # everything that is written goes there
    web_port: int
    sandbox_port: int
    host: str = LOOPBACK
    durable: bool = True
    sandbox_options: Sequence[str] = ()

    @property
    def web_url(self) -> str:
        return f"http://localhost:{self.web_port}"

    @property
    def web_hosts(self) -> list[str]:
        """Names under which the web server may be called; all, if it is public."""
        is_public = self.host in ("0.0.0.0", "::")  # noqa: S104 - asked for by hand
        return ["*"] if is_public else ["localhost", LOOPBACK, self.host]

    @property
    def sandbox_url(self) -> str:
        return f"http://{LOOPBACK}:{self.sandbox_port}"


@dataclass(frozen=True, kw_only=True)
class Stack:
    """The services of a plan, and the environment of everything that uses them."""

    plan: Plan
    backing: Backing
    product: Product

    def start_services(self, supervisor: Supervisor) -> None:
        """PostgreSQL, then Valkey; tell everybody in the folder where they are."""
        for child in self.backing.children:
            supervisor.start(child)
        amazon = {"AMAZON_URL": self.plan.sandbox_url}
        publish_addresses(self.plan.folder, self.backing.addresses, amazon)

    def launch_sandbox(self, supervisor: Supervisor) -> Child:
        """It makes its data meanwhile: await it before it is needed."""
        options = self.plan.sandbox_options
        port = self.plan.sandbox_port
        sandbox = product.sandbox(self.product, port=port, options=options)
        supervisor.launch(sandbox)
        return sandbox

    def start_product(self, supervisor: Supervisor) -> None:
        """Everything that needs a migrated database."""
        supervisor.start(*self._product_children())

    def withdraw(self) -> None:
        """After the stop: nobody shall look for services that are gone."""
        withdraw_addresses(self.plan.folder)

    def _product_children(self) -> list[Child]:
        web = product.web(self.product, host=self.plan.host, port=self.plan.web_port)
        return [web, *product.workers(self.product), product.beat(self.product)]


def plan_stack(plan: Plan, environ: Mapping[str, str]) -> Stack:
    """Choose services and environment; nothing is started yet."""
    backing = plan_backing(plan.folder, environ=environ, durable=plan.durable)
    inside = {
        **environ,
        **backing.addresses.as_environ(),
        "DATA_DIR": str(plan.folder),
        "AMAZON_URL": plan.sandbox_url,
        "PUBLIC_URL": plan.web_url,
        "ALLOWED_HOSTS": ",".join(plan.web_hosts),
        "PYTHONUNBUFFERED": "1",
    }
    surroundings = Product(source=plan.source, folder=plan.folder, environ=inside)
    return Stack(plan=plan, backing=backing, product=surroundings)
