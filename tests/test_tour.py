"""The README's tour, run as it is printed: its scripts, its commands, its output."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django.live_server_helper import LiveServer

from instances.models import Instance, User
from schedules.management.commands import list_active_schedules, schedule_health
from schedules.models import Schedule
from tests.makers import make_account, make_instance
from tests.markdown import document
from workflows.api.serializers import ExecutionSerializer, ResultSerializer
from workflows.models import Workflow

TOUR = document("README.md").text.partition("\n## Five minutes\n")[2].split("\n## ")[0]
SCRIPTS = "".join(re.findall(r"^```bash\n(.*?)^```$", TOUR, re.MULTILINE | re.DOTALL))
PREVIEW = re.compile(
    r"^\$ (amc cron/preview/ '.*?')\n(\{.*?\})\n```$", re.M | re.DOTALL
)
HISTORY = re.compile(r'^\$ (amc "schedules/.*?")\n(\{.*?\})\n\$ ', re.M | re.S)
ADDRESS = "http://localhost:8000"
# Static files are collected at a start, which there need not have been.
pytestmark = pytest.mark.filterwarnings("ignore:No directory at:UserWarning")
NEEDS_CURL = pytest.mark.skipif(not shutil.which("curl"), reason="curl is not there")


@pytest.fixture
def demo(committed_db: None) -> User:
    """The demo's administrator, and its first three instances by their ids."""
    account = make_account()
    for number in (1, 2, 3):
        make_instance(account, pk=number)
    return User.objects.create_superuser("demo", password="demo-password")


def run(script: str, server: LiveServer) -> str:
    """What the tour's scripts, and then `script`, print."""
    text = f"{SCRIPTS}\n{script}".replace(ADDRESS, server.url)
    done = subprocess.run(
        ["bash", "-euo", "pipefail"],  # noqa: S607
        input=text,
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def printed(text: str) -> Any:
    """JSON of the README: wrapped, and shortened where an … stands."""
    joined = re.sub(r"\n\s*", " ", text).replace(", …", "")
    return json.loads(joined)


def holds(part: Any, whole: Any) -> bool:
    """Whether all that is printed is in the answer, in the same place."""
    if isinstance(part, dict):
        return all(key in whole and holds(part[key], whole[key]) for key in part)
    if isinstance(part, list):
        return all(holds(one, whole[place]) for place, one in enumerate(part))
    return bool(part == whole)


@NEEDS_CURL
def test_the_scripts_make_a_workflow_and_a_schedule(
    demo: User, live_server: LiveServer
):
    said = run("echo $workflow $schedule", live_server)

    workflow, schedule = Workflow.objects.get(), Schedule.objects.get()
    assert said.split() == [str(workflow.pk), str(schedule.pk)]
    assert schedule.name == "Reach on Mondays"
    assert schedule.targets.count() == Instance.objects.count()


@NEEDS_CURL
def test_the_preview_answers_what_is_printed(demo: User, live_server: LiveServer):
    asked, shown = PREVIEW.findall(TOUR)[0]

    answer = json.loads(run(asked, live_server))

    assert holds(printed(shown), answer)


@NEEDS_CURL
def test_the_history_has_the_fields_that_are_printed(
    demo: User, live_server: LiveServer
):
    asked, shown = HISTORY.findall(TOUR)[0]
    newest = re.findall(r"^\$ (run=.*?\))$", TOUR, re.MULTILINE | re.DOTALL)[0]

    trigger = "amc schedules/$schedule/trigger/ '{}' > /dev/null"
    script = f"{trigger}\n{asked}\n{newest}\necho; echo $run"
    answer, run_id = run(script, live_server).splitlines()

    run_told = json.loads(answer)["results"][0]
    run_printed = printed(shown)["results"][0]
    assert run_id == str(run_told["id"])
    assert run_printed.keys() <= run_told.keys()
    for part, serializer in {
        "executions": ExecutionSerializer,
        "result": ResultSerializer,
    }.items():
        told = run_printed[part]
        named = (told[0] if isinstance(told, list) else told).keys()
        assert named <= set(serializer.Meta.fields)


@pytest.mark.parametrize(
    "headings", [list_active_schedules.HEADINGS, schedule_health.HEADINGS]
)
def test_tables_have_the_columns_that_are_printed(headings: tuple[str, ...]):
    columns = r"\s+".join(map(re.escape, headings))

    assert re.search(rf"^{columns}$", TOUR, re.MULTILINE)


@pytest.mark.parametrize(
    "line", sorted(set(re.findall(r"^\$ .*?manage\.py (.+)$", TOUR, re.MULTILINE)))
)
def test_each_command_has_help(line: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as end:
        call_command(line.split()[0], "--help")

    assert end.value.code == 0
    assert "exit codes:" in capsys.readouterr().out
