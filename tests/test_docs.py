"""What the documents name exists: links, files, commands, variables, addresses."""

from __future__ import annotations

import json
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.core.management import get_commands, load_command_class
from django.urls import Resolver404, resolve

from config.environment import BASE_DIR
from tests import markdown
from tests.markdown import document, tracked_files

NAMES = markdown.names()
ADRS = [name for name in NAMES if name.startswith("docs/adr/")]

# Made or mounted when it runs.
NOT_TRACKED = {
    ".data/",
    ".venv/bin/python",
    "DATA_DIR/results",
    "docker-compose.override.yml",
}
SOURCES = (".py", ".sql", ".toml", ".yml", ".json", ".example", "Makefile", ".svg")
PATH = re.compile(
    r"[\w.*/-]*/[\w.*-]*|[\w.*-]+\.(?:py|md|yml|json|toml|sql|in|txt|example|svg)"
)
ADDRESS = re.compile(
    r"(?:\b(GET|POST|PATCH|DELETE) )?"
    r"(?<![\w.])(/(?:api|healthz|admin)/[\w/<>$.{}-]*)"
)
# Names with a _ that are not ours.
FOREIGN = {"auto_now"}
WORD = re.compile(r"(?<![\w/.-])[A-Za-z]+(?:_[A-Za-z0-9]+)+(?![\w/]|\.py)")
# Variables of the Makefile and of the tests.
FOR_MAKE = {"ARGS", "FAULTS", "PYTHON", "UPGRADE"}
LONGEST_LINE = 88
METHODS_OF_ACTIONS = {"GET", "POST", "PATCH", "PUT", "DELETE"}


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    page = document(name)

    for link in page.links:
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        goal = (page.folder / path).resolve() if path else BASE_DIR / name
        assert goal.exists(), f"{name} links to {link}"
        if anchor:
            other = document(str(goal.relative_to(BASE_DIR)))
            assert anchor in other.anchors, f"{name} links to {link}"


@pytest.mark.parametrize("name", NAMES)
def test_files_that_are_named_exist(name: str) -> None:
    missing = [span for span in document(name).spans if not _is_there(span)]

    assert missing == []


@pytest.mark.parametrize("name", NAMES)
def test_make_targets_exist(name: str) -> None:
    makefile = (BASE_DIR / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))

    for line in document(name).code():
        for target in re.findall(r"(?:^|[ $])make ([a-z-]+)", line):
            assert target in targets, line


@pytest.mark.parametrize("name", NAMES)
def test_commands_and_their_options_exist(name: str) -> None:
    for line in document(name).code():
        for command, rest in re.findall(r"manage\.py ([a-z_]+)([^|`;]*)", line):
            assert command in get_commands(), line
            ours = rest.partition(" -- ")[0].partition("#")[0]
            for option in re.findall(r"(?<!\S)(--?[a-z][a-z-]*)", ours):
                assert option in _options(command), line


@pytest.mark.parametrize("name", NAMES)
def test_words_of_the_code_stand_in_the_code(name: str) -> None:
    """Codes, reasons, columns, indexes, settings, states, functions."""
    for span in document(name).spans:
        for word in set(WORD.findall(span)) - FOREIGN:
            assert word in _words_of_the_code(), f"{word} in `{span}`"


@pytest.mark.parametrize("name", NAMES)
def test_variables_that_are_set_are_known(name: str) -> None:
    example = (BASE_DIR / ".env.example").read_text(encoding="utf-8")
    ours = set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))

    for line in document(name).code():
        for variable in re.findall(r"(?:^|\s)([A-Z][A-Z_]+)=", line):
            assert variable in ours | FOR_MAKE, line


@pytest.mark.parametrize("name", NAMES)
def test_addresses_exist_and_take_the_method(name: str) -> None:
    for line in document(name).code():
        for method, address in ADDRESS.findall(line):
            assert _takes(address, method), line


@pytest.mark.parametrize("name", NAMES)
def test_blocks_are_what_they_say(name: str) -> None:
    for block in document(name).blocks:
        if block.language == "json":
            json.loads(block.text)
        if block.language in ("bash", "sh"):
            subprocess.run(["bash", "-n"], input=block.text, text=True, check=True)  # noqa: S607
        if block.language == "python":
            compile(block.text, name, "exec")


@pytest.mark.parametrize("name", NAMES)
def test_lines_end_where_they_should(name: str) -> None:
    for line in document(name).text.splitlines():
        assert line == line.rstrip()
        assert "\t" not in line
    for line in document(name).prose.splitlines():
        assert len(line) <= LONGEST_LINE or line.startswith("|"), line


def test_every_direct_dependency_has_one_reason() -> None:
    page = document("docs/dependencies.md").text
    for section in page.split("\n## ")[1:]:
        name = section.partition(":")[0]
        rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", section, re.MULTILINE)
        assert [package for package, _ in rows] == sorted(
            _direct(name), key=str.lower
        ), name
        assert all(len(reason) > 10 for _, reason in rows)


def test_every_requirements_file_has_its_section() -> None:
    page = document("docs/dependencies.md").text

    assert sorted(re.findall(r"^## ([\w.-]+):", page, re.MULTILINE)) == sorted(
        path.name for path in BASE_DIR.glob("requirements*.in")
    )


def test_decisions_are_numbered_without_gap() -> None:
    numbers = [int(Path(name).name[:4]) for name in ADRS]

    assert numbers == list(range(1, len(ADRS) + 1))


@pytest.mark.parametrize("name", ADRS)
def test_a_decision_is_a_title_and_two_paragraphs(name: str) -> None:
    title, *paragraphs = document(name).text.strip().split("\n\n")

    assert title.startswith(f"# {int(Path(name).name[:4])}. ")
    assert len(paragraphs) == 2


def _is_there(span: str) -> bool:
    """Whether a span that looks like a file or folder names one."""
    if not PATH.fullmatch(span) or span in NOT_TRACKED or span.startswith("/"):
        return True
    if re.fullmatch(r"[\w-]+/[\w-]+", span) and "." not in span:
        return (BASE_DIR / span).exists() or span.startswith("application/")
    if any((BASE_DIR).glob(span.rstrip("/"))):
        return True
    if span.endswith("/"):
        return any(f"/{span}" in name for name in tracked_files())
    return any(name.endswith(f"/{span}") for name in tracked_files())


@cache
def _options(command: str) -> set[str]:
    app = get_commands()[command]
    loaded = load_command_class(app, command) if isinstance(app, str) else app
    return set(loaded.create_parser("manage.py", command)._option_string_actions)


@cache
def _words_of_the_code() -> set[str]:
    files = [name for name in tracked_files() if name.endswith(SOURCES)]
    text = "\n".join((BASE_DIR / name).read_text(encoding="utf-8") for name in files)
    return set(re.findall(r"[A-Za-z]+(?:_[A-Za-z0-9]+)+", text))


def _takes(address: str, method: str) -> bool:
    """Whether there is a view at the address, with any id, for the method."""
    path = re.sub(r"<[^>]*>|\$\{?\w+\}?|…", "1", address).rstrip(".")
    if not path.endswith("/") and path.startswith("/api/v1"):
        return False
    if path == "/api/v1/":
        return True
    try:
        view: Any = resolve(path).func
    except Resolver404:
        return False
    return not method or method in _methods(view)


def _methods(view: Any) -> set[str]:
    if actions := getattr(view, "actions", None):
        return {name.upper() for name in actions}
    kind = getattr(view, "cls", None) or getattr(view, "view_class", None)
    return {name for name in METHODS_OF_ACTIONS if hasattr(kind, name.lower())}


def _direct(name: str) -> list[str]:
    lines = (BASE_DIR / name).read_text(encoding="utf-8").splitlines()
    given = [line for line in lines if line and not line.startswith(("#", "-"))]
    return [re.split(r"[\[=]", line)[0] for line in given]
