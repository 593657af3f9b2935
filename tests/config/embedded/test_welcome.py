"""What the demo prints once it is up."""

from __future__ import annotations

from pathlib import Path

from config.embedded.demo import LOGINS, welcome
from config.embedded.stack import Plan
from schedules.demo.world import DEMO, DEMO_PASSWORD, VIEWER, VIEWER_PASSWORD


def test_the_logins_are_those_of_the_demo_data() -> None:
    administrator, viewer = LOGINS.values()

    assert administrator.startswith(f"{DEMO} / {DEMO_PASSWORD} ")
    assert viewer.startswith(f"{VIEWER} / {VIEWER_PASSWORD} ")


def test_every_address_is_shown(tmp_path: Path) -> None:
    plan = Plan(source=tmp_path, folder=tmp_path, web_port=8001, sandbox_port=8899)

    shown = welcome(plan)

    assert "http://localhost:8001\n" in shown
    assert "http://localhost:8001/admin/" in shown
    assert "http://127.0.0.1:8899" in shown
    assert str(tmp_path / "logs") in shown
