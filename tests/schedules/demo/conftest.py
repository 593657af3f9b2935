"""Results of the demo land in a folder of each test."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings


@pytest.fixture
def results_folder(tmp_path: Path, settings: Settings) -> Path:
    folder = tmp_path / "results"
    backend = "django.core.files.storage.FileSystemStorage"
    settings.STORAGES = settings.STORAGES | {
        "results": {"BACKEND": backend, "OPTIONS": {"location": str(folder)}}
    }
    return folder
