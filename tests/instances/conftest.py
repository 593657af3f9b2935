"""Amazon, which is the sandbox; and a database that several threads share."""

from __future__ import annotations

import pytest

from instances.models import Account
from tests.makers import make_account


@pytest.fixture
def account(db: None) -> Account:
    """The account that the sandbox's first person may use."""
    return make_account(account_id="ENTITY1SANDBOX")
