"""The demo: the whole product on this machine until somebody stops it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack

from config.embedded.processes import set_logs_aside
from config.embedded.stack import Plan, Stack, plan_stack
from config.embedded.supervisor import (
    Note,
    StopAsked,
    Supervisor,
    stop_signals_raise,
)

# As `load_demo` makes them.
LOGINS = {
    "Log in as": "demo / demo-password (administrator)",
    "or": "vic / vic-password (may only look)",
}


def run_demo(plan: Plan, *, environ: Mapping[str, str], note: Note) -> None:
    """Start everything, print where it is, and keep it alive until a stop signal.

    The caller holds the folder's lock.
    """
    with ExitStack() as cleanup:
        cleanup.enter_context(stop_signals_raise())
        set_logs_aside(plan.folder / "logs")
        stack = plan_stack(plan, environ)
        cleanup.callback(stack.withdraw)
        supervisor = cleanup.enter_context(Supervisor(note))
        try:
            _start(stack, supervisor, note)
            note(welcome(plan))
            supervisor.watch()
        except StopAsked:
            note("Stopping …")
    note("Stopped. Everything is kept for the next start.")


def welcome(plan: Plan) -> str:
    """The table of addresses, and how to log in."""
    rows = {
        "Application": plan.web_url,
        "Administration": f"{plan.web_url}/admin/",
        "API": f"{plan.web_url}/api/docs/",
        "AMC sandbox": plan.sandbox_url,
        **LOGINS,
        "Logs": str(plan.folder / "logs"),
    }
    width = max(len(name) for name in rows)
    lines = [f"  {name:<{width}}  {value}" for name, value in rows.items()]
    return "\n".join(["", *lines, "", "Press Ctrl-C to stop.", ""])


def _start(stack: Stack, supervisor: Supervisor, note: Note) -> None:
    note("Starting PostgreSQL and Valkey …")
    stack.start_services(supervisor)
    sandbox = stack.launch_sandbox(supervisor)
    note("Preparing the database …")
    stack.product.run("migrate", "--no-input")
    stack.product.run("collectstatic", "--no-input")
    sandbox.await_ready()
    note("Loading demo data …")
    stack.product.run("load_demo")
    note("Starting web server, workers and Beat …")
    stack.start_product(supervisor)
