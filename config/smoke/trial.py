"""Starts the whole product in a temporary folder, tells the story, stops it."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from config.embedded.errors import EmbeddedError, log_tail
from config.embedded.ports import free_port
from config.embedded.stack import Plan, Stack, plan_stack
from config.embedded.supervisor import StopAsked, Supervisor, stop_signals_raise
from config.smoke.api import Api
from config.smoke.errors import SmokeFailed
from config.smoke.story import Outcome, tell

USER = "smoke"
CREATE_USER = (
    "import os; from instances.models import User; "
    "User.objects.create_user('smoke', password=os.environ['SMOKE_PASSWORD'])"
)
SANDBOX_OPTIONS = ["--speed", "0.5", "--impressions", "50000"]
OURS = {"SMOKE_PASSWORD", "DATABASE_URL", "REDIS_URL"}
TAIL_LINES = 15


def run_trial(source: Path, environ: Mapping[str, str]) -> Outcome:
    """Raises SmokeFailed with the ends of the logs; leaves nothing behind."""
    folder = Path(tempfile.mkdtemp(prefix="amc-smoke-"))
    try:
        return _try(_plan(source, folder), environ)
    except (SmokeFailed, EmbeddedError) as error:
        failure = SmokeFailed(str(error))
        failure.logs = _tails(folder / "logs")
        raise failure from error
    except StopAsked as signal:
        raise SmokeFailed(f"It was stopped ({signal}).") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _plan(source: Path, folder: Path) -> Plan:
    return Plan(
        source=source,
        folder=folder,
        web_port=free_port(),
        sandbox_port=free_port(),
        durable=False,
        sandbox_options=SANDBOX_OPTIONS,
    )


def _try(plan: Plan, environ: Mapping[str, str]) -> Outcome:
    password = secrets.token_urlsafe(24)
    outside = {name: value for name, value in environ.items() if name not in OURS}
    stack = plan_stack(plan, outside | {"SMOKE_PASSWORD": password})
    with ExitStack() as cleanup:
        cleanup.enter_context(stop_signals_raise())
        cleanup.callback(stack.backing.remove)
        supervisor = cleanup.enter_context(Supervisor(note=lambda text: None))
        _start(stack, supervisor)
        api = cleanup.enter_context(Api(plan.web_url))
        api.log_in(USER, password)
        return tell(api, plan.sandbox_url, each_round=_alarm(supervisor))


def _start(stack: Stack, supervisor: Supervisor) -> None:
    stack.start_services(supervisor)
    sandbox = stack.launch_sandbox(supervisor)
    stack.product.run("migrate", "--no-input")
    stack.product.run("shell", "-c", CREATE_USER)
    stack.start_product(supervisor)
    sandbox.await_ready()


def _alarm(supervisor: Supervisor) -> Callable[[], None]:
    """A check that no process has died: in a trial nothing may."""

    def check() -> None:
        dead = [child for child in supervisor.children if not child.is_running]
        if dead:
            raise SmokeFailed(f"{dead[0].name} ended with code {dead[0].exit_code}.")

    return check


def _tails(logs: Path) -> str:
    return "\n\n".join(log_tail(log, TAIL_LINES) for log in sorted(logs.glob("*.log")))
