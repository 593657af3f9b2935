"""Accounts and instances."""

from __future__ import annotations

from collections.abc import Mapping

from instances.sandbox.answers import Answer, json_answer
from instances.sandbox.authority import account_of, instance_of
from instances.sandbox.calls import Call
from instances.sandbox.errors import Refusal
from instances.sandbox.paging import page_of
from instances.sandbox.state import Sandbox
from instances.sandbox.wire import utc_text
from instances.sandbox.world import INSTANCES_CREATED, Account, Instance, instances_of


async def list_accounts(sandbox: Sandbox, call: Call) -> Answer:
    accounts = [account_of(sandbox, call)]
    page = page_of(call, accounts, key=lambda account: account.account_id)
    return json_answer(page.as_json("amcAccounts", account_body))


async def list_instances(sandbox: Sandbox, call: Call) -> Answer:
    instances = instances_of(account_of(sandbox, call))
    page = page_of(call, instances, key=lambda instance: instance.instance_id)
    return json_answer(page.as_json("instances", instance_body))


async def get_instance(sandbox: Sandbox, call: Call) -> Answer:
    if call.instance_id not in sandbox.world.instances:
        raise Refusal(404, f"Instance {call.instance_id} does not exist.")
    return json_answer({"instance": instance_body(instance_of(sandbox, call))})


def account_body(account: Account) -> Mapping[str, object]:
    return {
        "accountId": account.account_id,
        "accountName": account.name,
        "marketplaceId": account.marketplace_id,
    }


def instance_body(instance: Instance) -> Mapping[str, object]:
    """No bucket was connected, so results come by download links only."""
    return {
        "instanceId": instance.instance_id,
        "instanceName": instance.name,
        "customerCanonicalName": instance.name,
        "instanceType": "STANDARD",
        "creationStatus": "COMPLETED",
        "creationDatetime": utc_text(INSTANCES_CREATED),
        "s3BucketName": "",
        "s3BucketRegion": None,
        "awsAccountId": "000000000000",
        "dataUploadAwsAccountId": "000000000000",
        "apiEndpoint": "",
        "entities": [instance.account.account_id],
        "advertiserTypes": ["DISPLAY", "SPONSORED_ADS"],
        "optionalDatasets": [],
    }
