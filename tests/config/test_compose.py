"""docker-compose.yml and Dockerfile, read as data: no engine is needed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.environment import BASE_DIR, REQUIRED_IN_PRODUCTION

COMPOSE = (BASE_DIR / "docker-compose.yml").read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE)["services"]
DOCKERFILE = (BASE_DIR / "Dockerfile").read_text()
OURS = sorted(name for name in SERVICES if name not in {"postgres", "redis"})
LASTING = sorted(name for name in SERVICES if name != "migrate")


def test_production_has_every_part() -> None:
    assert set(SERVICES) == {
        "postgres",
        "redis",
        "migrate",
        "web",
        "worker-control",
        "worker-work",
        "worker-collect",
        "beat-1",
        "beat-2",
        "tick",
    }


@pytest.mark.parametrize("name", LASTING)
def test_each_lasting_service_is_checked_and_started_again(name: str) -> None:
    service = SERVICES[name]

    assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert {"interval", "timeout", "start_period", "retries"} <= set(
        service["healthcheck"]
    )
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", OURS)
def test_our_services_run_without_rights(name: str) -> None:
    service = SERVICES[name]

    assert service["user"] == "10001:10001"
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", OURS)
def test_our_services_wait_for_database_and_broker(name: str) -> None:
    waits = SERVICES[name]["depends_on"]

    assert waits["postgres"] == waits["redis"] == {"condition": "service_healthy"}
    if name != "migrate":
        assert waits["migrate"] == {"condition": "service_completed_successfully"}


@pytest.mark.parametrize("name", OURS)
def test_our_services_get_what_production_requires(name: str) -> None:
    environment = SERVICES[name]["environment"]

    assert environment["APP_ENV"] == "production"
    assert set(REQUIRED_IN_PRODUCTION) <= set(environment)
    for variable in REQUIRED_IN_PRODUCTION:
        assert ":?" in environment[variable], f"{variable} may be forgotten"


@pytest.mark.parametrize("name", OURS)
def test_results_are_shared(name: str) -> None:
    assert SERVICES[name]["volumes"] == ["results:/data/results"]
    assert SERVICES[name]["environment"]["DATA_DIR"] == "/data"


def test_only_the_web_server_is_published_and_only_on_this_machine() -> None:
    published = {name: s["ports"] for name, s in SERVICES.items() if "ports" in s}

    assert published == {"web": ["${WEB_BIND:-127.0.0.1}:${WEB_PORT:-8000}:8000"]}


def test_each_queue_has_a_worker_of_its_own() -> None:
    queues = [
        re.findall(r" -Q (\S+)", service["command"])
        for name, service in SERVICES.items()
        if name.startswith("worker-")
    ]

    assert sorted(queues) == [["collect"], ["control"], ["work"]]


def test_the_broker_keeps_every_message() -> None:
    command = " ".join(SERVICES["redis"]["command"])

    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command
    assert "--requirepass ${REDIS_PASSWORD:?" in command


def test_the_clock_ticks_without_beat_and_broker() -> None:
    assert SERVICES["tick"]["command"][:4] == ["python", "manage.py", "tick", "--every"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_image_has_a_version(name: str) -> None:
    image = SERVICES[name]["image"]

    assert ":" in image
    assert not image.endswith(":latest")


def test_data_outlives_the_containers() -> None:
    volumes = set(yaml.safe_load(COMPOSE)["volumes"])

    assert volumes == {"postgres", "redis", "results"}
    assert SERVICES["postgres"]["volumes"] == ["postgres:/var/lib/postgresql"]


def test_the_image_is_built_in_stages_from_pinned_bases() -> None:
    bases = re.findall(r"^FROM (\S+) AS (\S+)", DOCKERFILE, re.MULTILINE)

    assert [stage for _, stage in bases][-1] == "runtime"
    assert len(bases) >= 2
    assert all(re.search(r":\d+\.\d+-slim", base) for base, _ in bases)
    assert "--require-hashes" in DOCKERFILE


def test_the_image_runs_as_nobody_special_and_is_checked() -> None:
    assert re.search(r"^USER 10001:10001$", DOCKERFILE, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK ", DOCKERFILE, re.MULTILINE)
    assert DOCKERFILE.index("USER 10001") < DOCKERFILE.index("\nCMD ")


def test_neither_secrets_nor_tests_get_into_the_image() -> None:
    ignored = (BASE_DIR / ".dockerignore").read_text().splitlines()

    assert {".*", "tests", "**/node_modules"} <= set(ignored)
    assert not any(line.startswith("!.env") for line in ignored)


def test_every_program_that_a_container_starts_exists() -> None:
    scripts = set(re.findall(r"scripts/\w+\.py", COMPOSE + DOCKERFILE))

    assert scripts
    assert all((Path(BASE_DIR) / script).exists() for script in scripts)
