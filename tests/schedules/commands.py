"""Commands as a shell runs them: arguments in, output and exit code out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import StringIO
from typing import Any

from django.core.management import CommandError, load_command_class


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        return dict(json.loads(self.out))

    @property
    def items(self) -> list[dict[str, Any]]:
        return list(self.document["items"])


def run(name: str, *argv: object) -> Ended:
    """Like `manage.py name argv…`, on this test's connection to the database."""
    out, err = StringIO(), StringIO()
    command = load_command_class("schedules", name)
    command._called_from_command_line = True
    code = 0
    try:
        parser = command.create_parser("manage.py", name)
        options = vars(parser.parse_args([str(word) for word in argv]))
        args = options.pop("args", ())
        command.execute(*args, **options | {"stdout": out, "stderr": err})
    except CommandError as error:
        code = error.returncode
        err.write(f"{error}\n")
    except SystemExit as ended:
        code = int(ended.code or 0)
    return Ended(code=code, out=out.getvalue(), err=err.getvalue())
