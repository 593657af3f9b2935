"""The fixture that fails a test whose sandbox gave an answer that Amazon would not."""

from __future__ import annotations

import pytest

from tests.amc.server import Amc
from tests.instances.sandbox.client import AmcClient

COLOURED = {"workflowId": "w", "sqlQuery": "SELECT 1 AS one", "colour": "red"}


@pytest.fixture
def lying_amc(amc_process: Amc) -> Amc:
    """The same process, without the check at the end."""
    amc_process.reset()
    return amc_process


def test_an_answer_with_an_unknown_field_is_a_broken_promise(lying_amc: Amc) -> None:
    with AmcClient(lying_amc.base_url) as api:
        api.reporting("POST", "workflows", json=COLOURED)
        assert lying_amc.broken_promises() == []

        api.reporting("GET", "workflows/w")
        [broken] = lying_amc.broken_promises()

    assert broken.startswith("getWorkflow 200: ")


def test_what_a_fault_distorted_is_no_promise(amc: Amc, api: AmcClient) -> None:
    amc.faults("garbage", operation="listAccounts")

    assert api.ask("GET", "/amc/accounts").text.startswith("<html>")
    assert amc.broken_promises() == []
