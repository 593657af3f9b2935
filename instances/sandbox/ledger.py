"""What the sandbox was asked: every request, newest kept, in bounded memory."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice

from instances.sandbox.answers import Answer
from instances.sandbox.calls import Call, mark_in

REQUESTS_KEPT = 20_000
ANSWERS_KEPT_BYTES = 64_000_000
LONGEST_ANSWER_KEPT = 1_000_000
LONGEST_QUERY_KEPT = 2_000


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One request and what became of it. `status` is None when no reply was sent."""

    number: int
    at: datetime
    method: str
    path: str
    query: str
    operation: str
    account: str
    requested_by: str
    instance: str
    status: int | None
    request_bytes: int
    mark: str
    execution_id: str
    faults: tuple[str, ...]
    request_id: str

    def as_json(self) -> dict[str, object]:
        return asdict(self) | {"at": self.at.isoformat()}


@dataclass(frozen=True, kw_only=True)
class Told:
    """An answer as it went out, kept for checking. `distorted`: a fault spoilt it."""

    number: int
    operation: str
    status: int
    media_type: str
    body: str
    distorted: bool


class Ledger:
    """Numbers run on from 1 and never come again, so a reader can page by them."""

    def __init__(
        self, *, record_answers: bool = False, requests_kept: int = REQUESTS_KEPT
    ) -> None:
        self.record_answers = record_answers
        self._requests_kept = requests_kept
        self._last = 0
        self.reset()

    def reset(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=self._requests_kept)
        self._answers: deque[Told] = deque()
        self._answers_bytes = 0
        self._first = self._last + 1

    @property
    def forgotten(self) -> int:
        """How many requests since the last reset are no longer kept."""
        return self._last + 1 - self._first - len(self._entries)

    def note(self, call: Call, answer: Answer | None, *, sent: bool) -> None:
        """`sent` is False when the reply was lost on its way."""
        self._last += 1
        execution_id = answer.execution_id if answer else ""
        self._entries.append(
            Entry(
                number=self._last,
                at=call.now,
                method=call.method,
                path=call.path,
                query=query_text(call)[:LONGEST_QUERY_KEPT],
                operation=call.operation.name,
                account=call.account_id,
                requested_by=call.person,
                instance=call.instance_id,
                status=answer.status if answer and sent else None,
                request_bytes=len(call.body),
                mark=mark_in(call.text),
                execution_id=execution_id or call.target.get("execution_id", ""),
                faults=tuple(call.suffered),
                request_id=call.request_id,
            )
        )
        if self.record_answers and answer is not None and sent:
            self._keep(call, answer)

    def _keep(self, call: Call, answer: Answer) -> None:
        if answer.file is not None or len(answer.body) > LONGEST_ANSWER_KEPT:
            return
        told = Told(
            number=self._last,
            operation=call.operation.name,
            status=answer.status,
            media_type=answer.media_type,
            body=answer.body.decode(errors="replace"),
            distorted=answer.is_distorted,
        )
        self._answers.append(told)
        self._answers_bytes += len(told.body)
        while self._answers_bytes > ANSWERS_KEPT_BYTES:
            self._answers_bytes -= len(self._answers.popleft().body)

    def since(self, number: int, *, limit: int) -> list[Entry]:
        """Requests numbered above `number`, oldest first."""
        start = max(0, number - self._last + len(self._entries))
        return list(islice(self._entries, start, start + limit))

    def answers(self) -> list[Told]:
        return list(self._answers)


def query_text(call: Call) -> str:
    return "&".join(f"{name}={value}" for name, value in call.query.items())
