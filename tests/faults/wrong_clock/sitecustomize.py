"""On a process' PYTHONPATH: its clock is WRONG_BY_HOURS from its first line on."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import time_machine

wrong_by = timedelta(hours=float(os.environ["WRONG_BY_HOURS"]))
time_machine.travel(datetime.now(UTC) + wrong_by, tick=True).start()
