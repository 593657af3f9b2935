"""For developers: Django's server, one worker and Beat, started anew on changes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack

from config.embedded import product
from config.embedded.changes import SourceWatch
from config.embedded.child import Child
from config.embedded.processes import set_logs_aside
from config.embedded.stack import Plan, Stack, plan_stack
from config.embedded.supervisor import (
    Note,
    StopAsked,
    Supervisor,
    stop_signals_raise,
)

SOURCE_FOLDERS = ["config", "schedules", "workflows", "instances"]


def run_dev(plan: Plan, *, environ: Mapping[str, str], note: Note) -> None:
    """Like the demo, with DEBUG on and without demo data; the caller holds the lock."""
    with ExitStack() as cleanup:
        cleanup.enter_context(stop_signals_raise())
        set_logs_aside(plan.folder / "logs")
        stack = plan_stack(plan, {"DEBUG": "1", **environ})
        cleanup.callback(stack.withdraw)
        supervisor = cleanup.enter_context(Supervisor(note))
        try:
            reloaded = _start(stack, supervisor)
            note(f"{plan.web_url}  (sandbox {plan.sandbox_url}, Ctrl-C stops)")
            watch = SourceWatch([plan.source / name for name in SOURCE_FOLDERS])
            supervisor.watch(lambda: _reload(watch, supervisor, reloaded, note))
        except StopAsked:
            note("Stopping …")


def _start(stack: Stack, supervisor: Supervisor) -> list[Child]:
    """Start everything; returns what runs our source, and follows its changes."""
    plan, surroundings = stack.plan, stack.product
    stack.start_services(supervisor)
    sandbox = stack.launch_sandbox(supervisor)
    surroundings.run("migrate", "--no-input")
    sandbox.await_ready()
    reloaded = [
        product.development_web(surroundings, host=plan.host, port=plan.web_port),
        product.worker(
            surroundings, name="worker", queues=list(product.QUEUES), processes=2
        ),
        product.beat(surroundings),
    ]
    supervisor.start(*reloaded)
    return reloaded


def _reload(
    watch: SourceWatch, supervisor: Supervisor, reloaded: list[Child], note: Note
) -> None:
    if watch.has_changed():
        note("The source changed: restarting.")
        for child in reloaded:
            supervisor.restart(child)
