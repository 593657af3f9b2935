""".env.example names every variable that we read, each with a comment."""

from __future__ import annotations

import re

from config.environment import BASE_DIR, REQUIRED_IN_PRODUCTION

EXAMPLE = (BASE_DIR / ".env.example").read_text()
NAMED = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", EXAMPLE, re.MULTILINE))


def variables_of_the_settings() -> set[str]:
    sources = [BASE_DIR / "config" / name for name in ("settings.py", "environment.py")]
    text = "\n".join(source.read_text() for source in sources)
    called = r'(?:env(?:\.\w+)?|service_url|generated|environ\.get)\(\s*"([A-Z_]+)"'
    return set(re.findall(called, text))


def variables_of_compose() -> set[str]:
    return set(
        re.findall(r"\$\{([A-Z_]+)", (BASE_DIR / "docker-compose.yml").read_text())
    )


def test_every_variable_of_the_settings_is_explained() -> None:
    assert variables_of_the_settings() - NAMED == set()


def test_every_variable_of_docker_compose_is_explained() -> None:
    assert variables_of_compose() - NAMED == set()


def test_what_production_requires_is_marked() -> None:
    sections = re.split(r"\n(?=# \(required\))", EXAMPLE)[1:]
    marked = {
        name
        for section in sections
        for name in re.findall(r"^#?([A-Z][A-Z0-9_]+)=", section, re.MULTILINE)
    }

    assert set(REQUIRED_IN_PRODUCTION) <= marked


def test_every_variable_has_a_comment_above() -> None:
    previous_was_text = False
    for line in EXAMPLE.splitlines():
        is_variable = bool(re.match(r"#?[A-Z][A-Z0-9_]+=", line))
        assert not is_variable or previous_was_text, f"{line} has no comment"
        previous_was_text = line.startswith("#") or is_variable


def test_no_secret_has_a_value() -> None:
    for name in ("SECRET_KEY", "TOKEN_KEYS", "LWA_CLIENT_SECRET", "POSTGRES_PASSWORD"):
        assert re.search(rf"^{name}=$", EXAMPLE, re.MULTILINE)
