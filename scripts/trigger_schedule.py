"""`manage.py trigger_schedule` under the name that the specification gives it."""

from __future__ import annotations

import sys
from pathlib import Path
from runpy import run_path

script = Path(__file__).resolve()
sys.path[0] = str(script.parent.parent)
sys.argv.insert(1, script.stem)
run_path(str(script.parent.parent / "manage.py"), run_name="__main__")
