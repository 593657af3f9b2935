"""The page where a person lets an application use their account, or does not."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from instances.sandbox.answers import Answer, html_answer
from instances.sandbox.calls import Call
from instances.sandbox.errors import Refusal
from instances.sandbox.forms import read_form
from instances.sandbox.state import Sandbox
from instances.sandbox.tokens import CODE_LIFE, Grant
from instances.sandbox.world import CLIENT_ID, Account

SCOPES = frozenset({"advertising::campaign_management", "advertising::audiences"})
NEEDED_SCOPE = "advertising::campaign_management"
CARRIED = (
    "client_id",
    "scope",
    "response_type",
    "redirect_uri",
    "state",
    "code_challenge",
    "code_challenge_method",
)
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sandbox sign-in</title>
<meta name="viewport" content="width=device-width">
<style>body{{font:16px/1.5 system-ui;max-width:30rem;margin:4rem auto;padding:0 1rem}}
button{{font:inherit;padding:.5rem 1.5rem;margin-right:1rem}}</style></head>
<body><main><h1>AMC sandbox</h1>
<p>An application asks to manage the advertising of one of your accounts
({scope}). It will be sent to <code>{host}</code>. No Amazon account is involved.</p>
<form method="post" action="/ap/oa">{hidden}
<p><label>Account <select name="account">{accounts}</select></label></p>
<p><button name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button></p>
</form></main></body></html>
"""


async def show(sandbox: Sandbox, call: Call) -> Answer:
    check_request(call.query)
    if (error := fault_in(call.query)) is not None:
        return error
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(call.query[name])}">'
        for name in CARRIED
        if name in call.query
    )
    accounts = "".join(
        f'<option value="{account.account_id}">{escape(account.name)} '
        f"({account.account_id})</option>"
        for account in sandbox.world.accounts.values()
    )
    return html_answer(
        PAGE.format(
            scope=escape(call.query.get("scope", "")),
            host=escape(urlsplit(call.query["redirect_uri"]).netloc),
            hidden=hidden,
            accounts=accounts,
        )
    )


async def decide(sandbox: Sandbox, call: Call) -> Answer:
    """The form's answer; a program may post it as well as a person."""
    form = read_form(call)
    check_request(form)
    if (error := fault_in(form)) is not None:
        return error
    if form.get("decision") != "allow":
        return redirect_with_error(
            form, "access_denied", "The customer denied the request."
        )
    code = sandbox.tokens.code(
        Grant(
            account=chosen_account(sandbox, form),
            client_id=form["client_id"],
            redirect_uri=form["redirect_uri"],
            scope=form["scope"],
            challenge=form.get("code_challenge", ""),
            challenge_method=form.get("code_challenge_method", "plain"),
            expires_at=call.now + CODE_LIFE,
        ),
        now=call.now,
    )
    return redirect(form, {"code": code, "scope": form["scope"]})


def check_request(form: Mapping[str, str]) -> None:
    """What is wrong here must not be sent anywhere: nobody vouches for the address."""
    if form.get("client_id") != CLIENT_ID:
        raise Refusal(400, "Unknown client_id.")
    address = urlsplit(form.get("redirect_uri", ""))
    if address.scheme not in ("http", "https") or not address.hostname:
        raise Refusal(400, "redirect_uri must be an absolute http or https address.")
    if address.fragment:
        raise Refusal(400, "redirect_uri must not have a fragment.")


def fault_in(form: Mapping[str, str]) -> Answer | None:
    """What is wrong with the rest is told to the application."""
    scopes = set(form.get("scope", "").split())
    if form.get("response_type") != "code":
        return redirect_with_error(
            form, "unsupported_response_type", "response_type must be code."
        )
    if NEEDED_SCOPE not in scopes or not scopes <= SCOPES:
        return redirect_with_error(
            form, "invalid_scope", "An unknown scope was requested."
        )
    if form.get("code_challenge_method", "plain") not in ("plain", "S256"):
        return redirect_with_error(
            form, "invalid_request", "code_challenge_method must be plain or S256."
        )
    return None


def chosen_account(sandbox: Sandbox, form: Mapping[str, str]) -> Account:
    accounts = sandbox.world.accounts
    chosen = form.get("account", next(iter(accounts)))
    if chosen not in accounts:
        raise Refusal(400, f"account must be one of {', '.join(accounts)}.")
    return accounts[chosen]


def redirect_with_error(form: Mapping[str, str], error: str, text: str) -> Answer:
    return redirect(form, {"error": error, "error_description": text})


def redirect(form: Mapping[str, str], fields: Mapping[str, str]) -> Answer:
    """Back to the application, keeping what its address already carried."""
    address = urlsplit(form["redirect_uri"])
    pairs = parse_qsl(address.query, keep_blank_values=True) + list(fields.items())
    if "state" in form:
        pairs.append(("state", form["state"]))
    location = urlunsplit(address._replace(query=urlencode(pairs)))
    return Answer(
        status=302, headers={"Location": location, "Cache-Control": "no-store"}
    )
