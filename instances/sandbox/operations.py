"""Every operation of Amazon that the sandbox answers, by the name faults select."""

from __future__ import annotations

from instances.sandbox.calls import Operation
from instances.sandbox.errors import Family

EXECUTION_TYPE = "application/vnd.amcworkflowexecutions.v1+json"
WORKFLOW_TYPE = "application/vnd.amcworkflows.v1+json"
DATA_SOURCE_TYPE = "application/vnd.amcdatasources.v1+json"
INSTANCE_TYPE = "application/vnd.amcinstances.v1+json"
# Documented as the first; one client in the wild sends the second.
ACCOUNT_TYPES = (
    "application/vnd.amcaudiencesconnections.v1+json",
    "application/vnd.amcaccounts.v1+json",
)


def reporting(name: str, media_type: str) -> Operation:
    return Operation(name=name, family=Family.REPORTING, media_types=(media_type,))


TOKEN = Operation(name="token", family=Family.LOGIN, needs_account=False)
CONSENT = Operation(name="consent", family=Family.CONSENT, needs_account=False)
DOWNLOAD = Operation(name="download", family=Family.STORAGE, needs_account=False)

LIST_ACCOUNTS = Operation(
    name="listAccounts",
    family=Family.ADMIN,
    media_types=ACCOUNT_TYPES,
    needs_account=False,
)
LIST_INSTANCES = Operation(
    name="listInstances", family=Family.ADMIN, media_types=(INSTANCE_TYPE,)
)
GET_INSTANCE = Operation(
    name="getInstance", family=Family.ADMIN, media_types=(INSTANCE_TYPE,)
)

LIST_WORKFLOWS = reporting("listWorkflows", WORKFLOW_TYPE)
CREATE_WORKFLOW = reporting("createWorkflow", WORKFLOW_TYPE)
GET_WORKFLOW = reporting("getWorkflow", WORKFLOW_TYPE)
UPDATE_WORKFLOW = reporting("updateWorkflow", WORKFLOW_TYPE)
DELETE_WORKFLOW = reporting("deleteWorkflow", WORKFLOW_TYPE)

LIST_EXECUTIONS = reporting("listWorkflowExecutions", EXECUTION_TYPE)
CREATE_EXECUTION = reporting("createWorkflowExecution", EXECUTION_TYPE)
GET_EXECUTION = reporting("getWorkflowExecution", EXECUTION_TYPE)
CANCEL_EXECUTION = reporting("updateWorkflowExecution", EXECUTION_TYPE)
DOWNLOAD_URLS = reporting("getWorkflowExecutionDownloadUrls", EXECUTION_TYPE)

LIST_DATA_SOURCES = reporting("listDataSources", DATA_SOURCE_TYPE)
GET_DATA_SOURCE = reporting("getDataSource", DATA_SOURCE_TYPE)

OPERATIONS = (
    TOKEN,
    CONSENT,
    DOWNLOAD,
    LIST_ACCOUNTS,
    LIST_INSTANCES,
    GET_INSTANCE,
    LIST_WORKFLOWS,
    CREATE_WORKFLOW,
    GET_WORKFLOW,
    UPDATE_WORKFLOW,
    DELETE_WORKFLOW,
    LIST_EXECUTIONS,
    CREATE_EXECUTION,
    GET_EXECUTION,
    CANCEL_EXECUTION,
    DOWNLOAD_URLS,
    LIST_DATA_SOURCES,
    GET_DATA_SOURCE,
)
OPERATION_NAMES = tuple(operation.name for operation in OPERATIONS)
API_NAMES = tuple(
    operation.name
    for operation in OPERATIONS
    if operation.family in (Family.REPORTING, Family.ADMIN)
)
