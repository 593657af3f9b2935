"""What the sandbox remembers of workflows and executions, in bounded memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice

from instances.sandbox.definitions import Definition
from instances.sandbox.executions import Execution

EXECUTIONS_KEPT = 20_000


class Workflows:
    """Saved definitions, by instance and by the caller's own id."""

    def __init__(self) -> None:
        self._by_instance: dict[str, dict[str, Definition]] = defaultdict(dict)

    def get(self, instance_id: str, workflow_id: str) -> Definition | None:
        return self._by_instance[instance_id].get(workflow_id)

    def put(self, instance_id: str, definition: Definition) -> None:
        self._by_instance[instance_id][definition.workflow_id] = definition

    def delete(self, instance_id: str, workflow_id: str) -> bool:
        return self._by_instance[instance_id].pop(workflow_id, None) is not None

    def of_instance(self, instance_id: str) -> list[Definition]:
        """In order of their ids."""
        saved = self._by_instance[instance_id].values()
        return sorted(saved, key=lambda definition: definition.workflow_id)


class Executions:
    """By number, which is the order of their creation."""

    def __init__(self, *, kept: int = EXECUTIONS_KEPT) -> None:
        self._kept = kept
        self._last = 0
        self._all: dict[int, Execution] = {}
        self._by_id: dict[str, Execution] = {}
        self._by_instance: dict[str, dict[int, Execution]] = defaultdict(dict)
        self._open: dict[str, dict[int, Execution]] = defaultdict(dict)

    @property
    def last_number(self) -> int:
        return self._last

    def next_number(self) -> int:
        self._last += 1
        return self._last

    def add(self, execution: Execution) -> None:
        number, instance = execution.number, execution.instance
        self._all[number] = execution
        self._by_id[execution.id] = execution
        self._by_instance[instance.instance_id][number] = execution
        self._open[instance.account.account_id][number] = execution

    def get(self, instance_id: str, execution_id: str) -> Execution | None:
        execution = self._by_id.get(execution_id)
        if execution is None or execution.instance.instance_id != instance_id:
            return None
        return execution

    def of_instance(self, instance_id: str, *, ascending: bool) -> Iterator[Execution]:
        executions = self._by_instance[instance_id].values()
        return iter(executions) if ascending else reversed(executions)

    def open_of(self, account_id: str) -> list[Execution]:
        """Those that had not ended at the last look; drops the ones that have."""
        of_account = self._open[account_id]
        for number in [n for n, e in of_account.items() if e.is_final]:
            del of_account[number]
        return list(of_account.values())

    def since(self, number: int, *, limit: int) -> list[Execution]:
        """Numbered above `number`, oldest first."""
        found = [e for n, e in self._all.items() if n > number]
        return found[:limit]

    def forget_old(self) -> list[Execution]:
        """Ended ones beyond what is kept, oldest first; their results can go too."""
        excess = len(self._all) - self._kept
        if excess <= 0:
            return []
        oldest = islice(self._all.values(), excess)
        forgotten = [execution for execution in oldest if execution.is_final]
        for execution in forgotten:
            self._forget(execution)
        return forgotten

    def _forget(self, execution: Execution) -> None:
        number, instance = execution.number, execution.instance
        del self._all[number]
        del self._by_id[execution.id]
        del self._by_instance[instance.instance_id][number]
        self._open[instance.account.account_id].pop(number, None)
