"""`manage.py dev`: the product for developers, restarted on changes."""

from __future__ import annotations

import os

from config.embedded.dev import run_dev
from config.embedded.stack import Plan
from config.management.starting import StartingCommand


class Command(StartingCommand):
    help = "Start the product with DEBUG, following changes of the source."

    def run(self, plan: Plan) -> None:
        run_dev(plan, environ=os.environ, note=self.note)
