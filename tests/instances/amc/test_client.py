"""The client against exact bytes: what each oddity of an answer is taken for."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta

import pytest

from instances.amc.client import AmcClient
from instances.amc.errors import (
    AmcError,
    Forbidden,
    LinkRefused,
    NeverConnected,
    NotFound,
    NoUsableAnswer,
    Refused,
    Throttled,
    TokenRejected,
)
from tests.instances.wire import Wire, answering, reply

CREATED = {
    "workflowExecutionId": "e-1",
    "status": "PENDING",
    "createTime": "2026-11-23T12:00:00Z",
    "timeWindowStart": "2026-11-14T08:00:00Z",
    "timeWindowStartOriginal": "2026-11-14T00:00:00",
    "timeWindowEndOriginal": "2026-11-21T00:00:00",
    "timeWindowTimeZoneOriginal": "America/Los_Angeles",
}
SINCE = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BODY = {"workflow": {"sqlQuery": "SELECT 1"}}
GATEWAY_PAGE = "<html><h1>504 Gateway Time-out</h1></html>"


def client(wire: Wire) -> AmcClient:
    return AmcClient(
        base_url=wire.url,
        client_id="amzn1.application-oa2-client.test",
        access_token="Atza|access",
        entity_id="ENTITY1",
        marketplace_id="ATVPDKIKX0DER",
        instance_id="amctest1",
    )


def create(wire: Wire) -> object:
    return client(wire).create_execution(BODY, timeout_seconds=5)


@pytest.mark.parametrize("body", [CREATED, {"workflowExecution": CREATED}])
def test_an_execution_is_read_flat_and_wrapped(body: dict[str, object]) -> None:
    with answering(reply(200, body)) as wire:
        execution = client(wire).create_execution(BODY, timeout_seconds=5)

    assert execution.id == "e-1"
    assert execution.status == "PENDING"
    assert execution.created_at == SINCE
    assert execution.sql is None
    assert (execution.window_start, execution.window_end) == (
        "2026-11-14T00:00:00",
        "2026-11-21T00:00:00",
    )
    assert execution.window_timezone == "America/Los_Angeles"


def test_a_request_names_the_client_the_account_and_the_marketplace() -> None:
    with answering(reply(200, CREATED)) as wire:
        create(wire)

    (request,) = wire.requests
    assert request.startswith("POST /amc/reporting/amctest1/workflowExecutions ")
    assert "Authorization: Bearer Atza|access\r\n" in request
    assert (
        "Amazon-Advertising-API-ClientId: amzn1.application-oa2-client.test" in request
    )
    assert "Amazon-Advertising-API-AdvertiserId: ENTITY1\r\n" in request
    assert "Amazon-Advertising-API-MarketplaceId: ATVPDKIKX0DER\r\n" in request
    assert request.endswith('{"workflow": {"sqlQuery": "SELECT 1"}}')


def test_accounts_are_asked_for_without_naming_one() -> None:
    with answering(reply(200, {"amcAccounts": []})) as wire:
        assert client(wire).accounts() == ()

    assert "AdvertiserId" not in wire.requests[0]


@pytest.mark.parametrize("odd", ["..", "../../accounts", "a b/c?d#e", "ä"])
def test_an_id_stays_one_segment_of_the_path(odd: str) -> None:
    with answering(reply(200, CREATED)) as wire:
        client(wire).execution(odd)

    path = wire.requests[0].split(" ")[1].partition("?")[0]
    assert path.startswith("/amc/reporting/amctest1/workflowExecutions/")
    assert path.count("/") == 5


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        (reply(400, {"code": "400", "details": "bad"}), Refused, "bad"),
        (reply(400, {"message": "bad"}), Refused, "bad"),
        (reply(400, {"details": "", "message": "bad"}), Refused, "bad"),
        (reply(400, {"details": "first", "message": "second"}), Refused, "first"),
        (reply(400, {"details": {"a": 1}, "message": "bad"}), Refused, "bad"),
        (reply(400, "plain words"), Refused, "plain words"),
        (reply(404, {"details": "gone"}), NotFound, "gone"),
        (reply(409, {"details": "no"}), Refused, "no"),
        (reply(422, {"details": "no"}), Refused, "no"),
        (reply(401, {"details": "Authentication failed"}), TokenRejected, "Auth"),
        (reply(401), TokenRejected, ""),
        (reply(403, {"details": "Unauthorized request"}), Forbidden, "Unauthorized"),
        (reply(429, {"message": "Too Many Requests"}), Throttled, "Too Many"),
        (reply(429, GATEWAY_PAGE), Throttled, "504"),
        (reply(408, {"message": "slow"}), NoUsableAnswer, "slow"),
        (reply(500, {"message": "oops"}), NoUsableAnswer, "oops"),
        (reply(504, GATEWAY_PAGE), NoUsableAnswer, "504"),
        (reply(400, GATEWAY_PAGE), NoUsableAnswer, "504"),
        (reply(403, GATEWAY_PAGE), NoUsableAnswer, "504"),
        (reply(400), NoUsableAnswer, ""),
        (reply(302, Location="https://example.com/"), NoUsableAnswer, ""),
        (reply(200, GATEWAY_PAGE), NoUsableAnswer, "no JSON"),
        (reply(200, ""), NoUsableAnswer, "no JSON"),
        (reply(200, b"\xff\xfe{"), NoUsableAnswer, "no JSON"),
        (reply(200, "[" * 100_000), NoUsableAnswer, "no JSON"),
        (reply(200, "[]"), NoUsableAnswer, "no JSON object"),
        (reply(200, {}), NoUsableAnswer, "workflowExecutionId"),
        (reply(200, {"workflowExecutionId": 7}), NoUsableAnswer, "no text"),
        (reply(200, {"workflowExecutionId": ""}), NoUsableAnswer, "lacks"),
        (reply(200, CREATED | {"status": 3}), NoUsableAnswer, "status"),
        (reply(200, CREATED, length=5_000), NoUsableAnswer, "RemoteProtocolError"),
        (reply(200, " " * 5_000_001), NoUsableAnswer, "too long"),
        (
            reply(200, gzip.compress(b" " * 5_000_001), Content_Encoding="gzip"),
            NoUsableAnswer,
            "too long",
        ),
        (reply(200, "{}", Content_Encoding="gzip"), NoUsableAnswer, "decompressed"),
        (b"", NoUsableAnswer, "RemoteProtocolError"),
        (b"nonsense\r\n\r\n", NoUsableAnswer, "RemoteProtocolError"),
    ],
)
def test_each_answer_is_taken_for(
    answer: bytes, error: type[AmcError], text: str
) -> None:
    with answering(answer) as wire, pytest.raises(AmcError) as caught:
        create(wire)

    assert type(caught.value) is error
    assert text in caught.value.text
    assert len(wire.requests) == 1


def test_a_refusal_carries_amazons_name_of_the_request_and_no_secret() -> None:
    words = {"details": "token Atza|abc is bad", "code": "400"}
    with (
        answering(reply(400, words, X_Amz_Rid="RID1")) as wire,
        pytest.raises(Refused) as caught,
    ):
        create(wire)

    assert caught.value.request_id == "RID1"
    assert caught.value.status == 400
    assert caught.value.text == "token [secret] is bad"


def test_garbage_carries_amazons_name_of_the_request() -> None:
    with (
        answering(reply(200, {}, X_Amz_Rid="RID2")) as wire,
        pytest.raises(NoUsableAnswer) as caught,
    ):
        create(wire)

    assert caught.value.request_id == "RID2"


def test_a_long_text_is_cut_and_nul_characters_go() -> None:
    with (
        answering(reply(400, {"details": "a\0b\ud800" + "x" * 9_000})) as wire,
        pytest.raises(Refused) as caught,
    ):
        create(wire)

    assert caught.value.text.startswith("ab?xxx")
    assert len(caught.value.text) == 4_000


@pytest.mark.parametrize(
    ("headers", "rest"),
    [
        ({"Retry-After": "7"}, timedelta(seconds=7)),
        ({"Retry-After": "1.5"}, timedelta(seconds=1.5)),
        ({"Retry-After": "-5"}, timedelta(0)),
        ({"Retry-After": "9" * 400}, None),
        ({"Retry-After": "999999"}, timedelta(hours=1)),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "soon"}, None),
        ({}, None),
        (
            {
                "Retry-After": "Mon, 23 Nov 2026 12:00:30 GMT",
                "Date": "Mon, 23 Nov 2026 12:00:00 GMT",
            },
            timedelta(seconds=30),
        ),
        (
            {
                "Retry-After": "Mon, 23 Nov 2026 11:00:00 GMT",
                "Date": "Mon, 23 Nov 2026 12:00:00 GMT",
            },
            timedelta(0),
        ),
        ({"Retry-After": "Mon, 23 Nov 2026 12:00:30 GMT"}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(
    headers: dict[str, str], rest: timedelta | None
) -> None:
    with (
        answering(reply(429, {"message": "slow down"}, **headers)) as wire,
        pytest.raises(Throttled) as caught,
    ):
        create(wire)

    assert caught.value.retry_after == rest


def test_a_post_is_never_repeated() -> None:
    with (
        answering(reply(503), reply(200, CREATED)) as wire,
        pytest.raises(NoUsableAnswer),
    ):
        create(wire)

    assert len(wire.requests) == 1


def test_a_read_is_tried_twice() -> None:
    with answering(reply(503), reply(200, CREATED)) as wire:
        assert client(wire).execution("e-1").id == "e-1"

    assert len(wire.requests) == 2


def test_a_refused_read_is_not_tried_again() -> None:
    with (
        answering(reply(429, {"message": "x"}), reply(200, CREATED)) as wire,
        pytest.raises(Throttled),
    ):
        client(wire).execution("e-1")

    assert len(wire.requests) == 1


def test_without_anybody_listening_nothing_was_sent() -> None:
    with answering() as wire:
        pass

    with pytest.raises(NeverConnected):
        create(wire)


def test_an_unknown_host_is_never_connected() -> None:
    nowhere = Wire(url="http://amazon.invalid", replies=[])

    with pytest.raises(NeverConnected):
        create(nowhere)


def test_without_time_nothing_is_sent() -> None:
    with answering(reply(200, CREATED)) as wire:
        with pytest.raises(NeverConnected):
            client(wire).create_execution(BODY, timeout_seconds=0)

        assert wire.requests == []


def test_a_page_of_executions_says_what_follows_and_when_it_was_written() -> None:
    page = {"executions": [CREATED | {"sqlQuery": "SELECT 1"}], "nextToken": "more"}
    with answering(reply(200, page, Date="Mon, 23 Nov 2026 12:00:00 GMT")) as wire:
        found = client(wire).executions(since=SINCE)

    assert [each.sql for each in found.executions] == ["SELECT 1"]
    assert found.next_token == "more"
    assert not found.complete
    assert found.date == SINCE
    query = wire.requests[0].split(" ")[1].partition("?")[2].split("&")
    assert set(query) == {
        "minCreationTime=2026-11-23T12%3A00%3A00",
        "includeCancelled=true",
        "includeWorkflow=true",
        "limit=25",
    }


@pytest.mark.parametrize(
    ("item", "with_sql", "complete"),
    [
        (CREATED | {"sqlQuery": "SELECT 1"}, True, True),
        (CREATED | {"workflow": {"sqlQuery": "SELECT 1"}}, True, True),
        (CREATED, True, False),
        (CREATED | {"sqlQuery": None}, True, False),
        (CREATED, False, True),
    ],
)
def test_a_list_is_complete_only_with_the_sql_that_was_asked_for(
    item: dict[str, object], with_sql: bool, complete: bool
) -> None:
    with answering(reply(200, {"executions": [item], "nextToken": None})) as wire:
        page = client(wire).executions(since=SINCE, include_workflow=with_sql)

    assert page.complete is complete


@pytest.mark.parametrize("page", [{}, {"executions": {}}, {"executions": ["e-1"]}])
def test_a_list_that_is_none_proves_nothing(page: dict[str, object]) -> None:
    with (
        answering(reply(200, page), reply(200, page)) as wire,
        pytest.raises(NoUsableAnswer),
    ):
        client(wire).executions(since=SINCE)


def test_all_pages_of_links_are_read() -> None:
    first = {"downloadUrls": ["https://a/1"], "nextToken": "t"}
    with answering(reply(200, first), reply(200, {"downloadUrls": ["b"]})) as wire:
        assert client(wire).download_urls("e-1") == ("https://a/1", "b")

    assert "nextToken=t" in wire.requests[1]


def test_pages_that_go_round_in_a_circle_end() -> None:
    page = reply(200, {"amcAccounts": [], "nextToken": "again"})
    with (
        answering(page, page, page) as wire,
        pytest.raises(NoUsableAnswer, match="circle"),
    ):
        client(wire).accounts()


CSV = b"advertiser,reach\n" + b"acme,1\n" * 40_000
ZIPPED = gzip.compress(CSV)


@pytest.mark.parametrize(
    ("file", "headers"),
    [
        (CSV, {}),
        (b"", {}),
        (b"x", {}),
        (ZIPPED, {}),
        (ZIPPED, {"Content-Encoding": "gzip"}),
        (gzip.compress(CSV[:100]) + gzip.compress(CSV[100:]), {}),
    ],
)
def test_a_file_arrives_plain_whether_zipped_or_not(
    file: bytes, headers: dict[str, str]
) -> None:
    with answering(reply(200, file, **headers)) as wire:
        arrived = b"".join(client(wire).download(f"{wire.url}/file?X-Amz-Expires=600"))

    assert arrived == (CSV if len(file) > 1 else file)


def test_a_link_is_fetched_without_api_headers() -> None:
    with answering(reply(200, CSV)) as wire:
        list(client(wire).download(f"{wire.url}/file"))

    assert "Authorization" not in wire.requests[0]
    assert "Amazon-Advertising" not in wire.requests[0]


def test_a_zipped_file_comes_in_pieces_of_bounded_size() -> None:
    with answering(reply(200, gzip.compress(b"0" * 30_000_000))) as wire:
        sizes = [len(piece) for piece in client(wire).download(f"{wire.url}/file")]

    assert sum(sizes) == 30_000_000
    assert max(sizes) <= 1_000_000


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply(403, "<Error><Message>Request has expired</Message>"), LinkRefused),
        (reply(404), LinkRefused),
        (reply(307, Location="/elsewhere"), LinkRefused),
        (reply(200, CSV, length=len(CSV) + 1), NoUsableAnswer),
        (reply(200, ZIPPED[:-20]), NoUsableAnswer),
        (reply(200, ZIPPED[:20] + b"garbage"), NoUsableAnswer),
    ],
)
def test_a_file_that_does_not_arrive_whole_is_an_error(
    answer: bytes, error: type[AmcError]
) -> None:
    with answering(answer) as wire, pytest.raises(AmcError) as caught:
        list(client(wire).download(f"{wire.url}/file"))

    assert type(caught.value) is error


@pytest.mark.parametrize("url", ["", "not a link", "file:///etc/passwd", "https://["])
def test_a_link_that_is_none_is_an_error(url: str) -> None:
    with answering() as wire, pytest.raises(NeverConnected):
        list(client(wire).download(url))


def test_a_client_does_not_show_its_token() -> None:
    with answering() as wire:
        assert "Atza" not in repr(client(wire))
