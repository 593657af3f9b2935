"""`manage.py demo`: the whole product on this machine, with demo data."""

from __future__ import annotations

import os

from config.embedded.demo import run_demo
from config.embedded.stack import Plan
from config.management.starting import StartingCommand


class Command(StartingCommand):
    help = "Start the whole product with demo data; Ctrl-C stops it."

    def run(self, plan: Plan) -> None:
        run_demo(plan, environ=os.environ, note=self.note)
