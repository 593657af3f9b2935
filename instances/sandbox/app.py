"""The table of routes: which path and method means which operation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from instances.sandbox import (
    admin_api,
    consent,
    control_api,
    data_sources_api,
    downloads,
    executions_api,
    lwa,
    operations,
    submit_api,
    workflows_api,
)
from instances.sandbox.answers import html_answer
from instances.sandbox.calls import Operation
from instances.sandbox.control import Control, serve_control
from instances.sandbox.gateway import Handler, serve
from instances.sandbox.state import Sandbox

LARGEST_BODY = 1_048_576
ROOT_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>AMC sandbox</title></head>
<body><main><h1>AMC sandbox</h1><p>This server stands in for Amazon Marketing Cloud: it
speaks the same protocol at the same paths, runs SQL on synthetic data, and has nothing
to do with Amazon.</p></main></body></html>
"""

REPORTING = "/amc/reporting/{instance_id}"
WORKFLOWS = f"{REPORTING}/workflows"
WORKFLOW = f"{WORKFLOWS}/{{workflow_id}}"
EXECUTIONS = f"{REPORTING}/workflowExecutions"
EXECUTION = f"{EXECUTIONS}/{{execution_id}}"
DATA_SOURCES = f"{REPORTING}/dataSources"
RESULT = "/results/{instance_id}/{execution_id}/{file}"

AMAZON: tuple[tuple[str, str, Operation, Handler], ...] = (
    ("POST", "/auth/o2/token", operations.TOKEN, lwa.token),
    ("GET", "/ap/oa", operations.CONSENT, consent.show),
    ("POST", "/ap/oa", operations.CONSENT, consent.decide),
    ("GET", "/amc/accounts", operations.LIST_ACCOUNTS, admin_api.list_accounts),
    ("GET", "/amc/instances", operations.LIST_INSTANCES, admin_api.list_instances),
    (
        "GET",
        "/amc/instances/{instance_id}",
        operations.GET_INSTANCE,
        admin_api.get_instance,
    ),
    ("GET", WORKFLOWS, operations.LIST_WORKFLOWS, workflows_api.list_workflows),
    ("POST", WORKFLOWS, operations.CREATE_WORKFLOW, workflows_api.create_workflow),
    ("GET", WORKFLOW, operations.GET_WORKFLOW, workflows_api.get_workflow),
    ("PUT", WORKFLOW, operations.UPDATE_WORKFLOW, workflows_api.update_workflow),
    ("DELETE", WORKFLOW, operations.DELETE_WORKFLOW, workflows_api.delete_workflow),
    ("GET", EXECUTIONS, operations.LIST_EXECUTIONS, executions_api.list_executions),
    ("POST", EXECUTIONS, operations.CREATE_EXECUTION, submit_api.create_execution),
    ("GET", EXECUTION, operations.GET_EXECUTION, executions_api.get_execution),
    ("PUT", EXECUTION, operations.CANCEL_EXECUTION, executions_api.cancel_execution),
    (
        "GET",
        f"{EXECUTION}/downloadUrls",
        operations.DOWNLOAD_URLS,
        downloads.download_urls,
    ),
    (
        "GET",
        DATA_SOURCES,
        operations.LIST_DATA_SOURCES,
        data_sources_api.list_data_sources,
    ),
    (
        "GET",
        f"{DATA_SOURCES}/{{data_source_id}}",
        operations.GET_DATA_SOURCE,
        data_sources_api.get_data_source,
    ),
    ("GET", RESULT, operations.DOWNLOAD, downloads.download),
)
CONTROLS: tuple[tuple[str, str, Control], ...] = (
    ("GET", "/_sandbox/faults", control_api.list_faults),
    ("POST", "/_sandbox/faults", control_api.add_fault),
    ("DELETE", "/_sandbox/faults", control_api.clear_faults),
    ("DELETE", "/_sandbox/faults/{rule_id}", control_api.clear_fault),
    ("GET", "/_sandbox/clock", control_api.show_clock),
    ("POST", "/_sandbox/clock", control_api.move_clock),
    ("POST", "/_sandbox/tokens", control_api.revoke_tokens),
    ("GET", "/_sandbox/ledger", control_api.show_ledger),
    ("GET", "/_sandbox/answers", control_api.show_answers),
    ("POST", "/_sandbox/reset", control_api.reset),
    ("GET", "/_sandbox/ready", control_api.ready),
)


def nobody_waits() -> None:
    """For whoever needs not be told that the server has begun."""


def build_app(
    sandbox: Sandbox, *, announce: Callable[[], None] = nobody_waits
) -> Starlette:
    """`announce` is called when the server has begun, and can be told to stop."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        sandbox.engine_room.start()
        announce()
        yield
        sandbox.stop()

    amazon = [
        Route(path, partial(serve, sandbox, operation, handler), methods=[method])
        for method, path, operation, handler in AMAZON
    ]
    controls = [
        Route(path, partial(serve_control, sandbox, control), methods=[method])
        for method, path, control in CONTROLS
    ]
    return Starlette(
        routes=[*amazon, *controls, Route("/", root_page)],
        exception_handlers={HTTPException: unserved},
        lifespan=lifespan,
        max_body_size=LARGEST_BODY,
    )


async def root_page(request: Request) -> Response:
    page = html_answer(ROOT_PAGE)
    return HTMLResponse(page.body, headers=dict(page.headers))


async def unserved(request: Request, error: Exception) -> Response:
    """No such path, method or body size: the gateway's words, not the service's."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    message = HTTPStatus(status).phrase
    return JSONResponse({"message": message}, status_code=status, headers=headers)
