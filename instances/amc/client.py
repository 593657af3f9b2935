"""Amazon Marketing Cloud's operations, each one request or a read of all its pages.

A request that does something is sent once: whether it may be repeated is for the
caller to know. A read is tried twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote

import stamina

from instances.amc import answers, downloads, transport
from instances.amc.answers import (
    AmcAccount,
    AmcInstance,
    DataSource,
    Execution,
    ExecutionPage,
)
from instances.amc.errors import AmcError, NeverConnected, NoUsableAnswer
from instances.amc.refusals import date_of, raise_unless_success
from instances.amc.transport import Reply

Answer = TypeVar("Answer")

PAGE = 100  # Amazon's longest
PAGE_WITH_SQL = 25  # keeps a page of long queries within the longest answer
READ_TRIES = 2
NO_SECOND_TRY_AFTER = 5.0  # seconds


@dataclass(frozen=True, kw_only=True)
class AmcClient:
    """One instance, as one account, with one access token.

    Every method raises a subclass of AmcError. `entity_id` and `marketplace_id` may
    be empty for `accounts()` only, `instance_id` for that and `instances()`.
    """

    base_url: str
    client_id: str
    access_token: str = field(repr=False)
    entity_id: str = ""
    marketplace_id: str = ""
    instance_id: str = ""

    def create_execution(
        self, body: Mapping[str, Any], *, timeout_seconds: float
    ) -> Execution:
        """Start an execution; the whole exchange ends within `timeout_seconds`.

        After NoUsableAnswer it may run; after any other error it does not.
        """
        reply = transport.write(
            "POST",
            self._reporting("workflowExecutions"),
            headers=self._headers(),
            content=json.dumps(body).encode(),
            seconds=timeout_seconds,
        )
        return _understood(reply, answers.execution)

    def check_sql(
        self, body: Mapping[str, Any], *, timeout_seconds: float
    ) -> Execution:
        """Have Amazon validate a request without running it."""
        return self.create_execution(
            {**body, "dryRun": True}, timeout_seconds=timeout_seconds
        )

    def execution(
        self, execution_id: str, *, include_workflow: bool = False
    ) -> Execution:
        return self._get(
            self._reporting("workflowExecutions", execution_id),
            {"includeWorkflow": _word(include_workflow)},
            answers.execution,
        )

    def executions(
        self,
        *,
        since: datetime,
        include_cancelled: bool = True,
        include_workflow: bool = True,
        next_token: str | None = None,
    ) -> ExecutionPage:
        """One page of the executions created at or after `since`, newest first."""
        params = {
            "minCreationTime": f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%S}",
            "includeCancelled": _word(include_cancelled),
            "includeWorkflow": _word(include_workflow),
            "limit": str(PAGE_WITH_SQL if include_workflow else PAGE),
        }
        url = self._reporting("workflowExecutions")
        return self._try_twice(
            url,
            params if next_token is None else {**params, "nextToken": next_token},
            lambda reply: _understood(
                reply,
                lambda body: answers.execution_page(
                    body, with_sql=include_workflow, date=date_of(reply)
                ),
            ),
        )

    def cancel_execution(self, execution_id: str) -> None:
        """Ask for the end of an execution. Refused (400) when it has ended."""
        reply = transport.write(
            "PUT",
            self._reporting("workflowExecutions", execution_id),
            headers=self._headers(),
            content=b'{"status": "CANCELLED"}',
            seconds=transport.READ_SECONDS,
        )
        raise_unless_success(reply)

    def download_urls(self, execution_id: str) -> tuple[str, ...]:
        """The links to all files of a result, good for ten minutes."""
        url = self._reporting("workflowExecutions", execution_id, "downloadUrls")
        return self._all(url, answers.download_urls)

    def download(self, url: str) -> Iterator[bytes]:
        """The file behind one of the links, decompressed, piece by piece."""
        return downloads.pieces(url)

    def accounts(self) -> tuple[AmcAccount, ...]:
        of_nobody = replace(self, entity_id="", marketplace_id="")
        return of_nobody._all(f"{self.base_url}/amc/accounts", answers.accounts)

    def instances(self) -> tuple[AmcInstance, ...]:
        return self._all(f"{self.base_url}/amc/instances", answers.instances)

    def data_sources(self) -> tuple[DataSource, ...]:
        return self._all(self._reporting("dataSources"), answers.data_sources)

    def _all(
        self, url: str, parse: Callable[[Mapping[str, Any]], tuple[Answer, ...]]
    ) -> tuple[Answer, ...]:
        found: list[Answer] = []
        tokens: set[str] = set()
        token: str | None = ""
        while token is not None:
            if token in tokens:
                raise NoUsableAnswer("Amazon's pages go round in a circle.")
            tokens.add(token)
            params = {"nextToken": token} if token else {}
            page, token = self._get(
                url, params, lambda body: (parse(body), answers.next_token(body))
            )
            found += page
        return tuple(found)

    def _get(
        self,
        url: str,
        params: Mapping[str, str],
        parse: Callable[[Mapping[str, Any]], Answer],
    ) -> Answer:
        return self._try_twice(url, params, lambda reply: _understood(reply, parse))

    def _try_twice(
        self, url: str, params: Mapping[str, str], understand: Callable[[Reply], Answer]
    ) -> Answer:
        for attempt in stamina.retry_context(
            on=(NoUsableAnswer, NeverConnected),
            attempts=READ_TRIES,
            timeout=NO_SECOND_TRY_AFTER,
            wait_initial=0.1,
            wait_jitter=0.2,
        ):
            with attempt:
                reply = transport.read(
                    "GET", url, headers=self._headers(), params=params
                )
                return understand(reply)
        raise AssertionError("The last attempt raises.")

    def _reporting(self, *segments: str) -> str:
        path = "/".join(_segment(each) for each in (self.instance_id, *segments))
        return f"{self.base_url}/amc/reporting/{path}"

    def _headers(self) -> dict[str, str]:
        headers = {
            "Authorization": f"Bearer {self.access_token}",
            "Amazon-Advertising-API-ClientId": self.client_id,
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
        if self.entity_id:
            headers["Amazon-Advertising-API-AdvertiserId"] = self.entity_id
            headers["Amazon-Advertising-API-MarketplaceId"] = self.marketplace_id
        return headers


def _understood(reply: Reply, parse: Callable[[Mapping[str, Any]], Answer]) -> Answer:
    """The parsed body of a success; errors carry Amazon's name of the request."""
    raise_unless_success(reply)
    try:
        return parse(answers.content(reply.body))
    except AmcError as error:
        error.status, error.request_id = reply.status, reply.request_id
        raise


def _segment(text: str) -> str:
    """`text` as one segment of a path, whatever it contains."""
    return quote(text, safe="").replace(".", "%2E")


def _word(value: bool) -> str:
    return "true" if value else "false"
