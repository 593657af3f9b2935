"""Results: their links, and the files behind them."""

from __future__ import annotations

import csv
import gzip
import io
from urllib.parse import urlsplit

import pytest

from tests.amc.server import Amc
from tests.instances.sandbox.client import AmcClient

NOT_READY = "Execution with ID {} is unavailable for download."


def result_links(api: AmcClient, execution_id: str) -> list[str]:
    assert api.status(execution_id) == "SUCCEEDED"
    return [str(link) for link in api.links(execution_id).json()["downloadUrls"]]


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_a_result_is_a_csv_with_a_header(amc: Amc, api: AmcClient) -> None:
    [link] = result_links(api, api.submitted())

    response = api.download(link)

    rows = rows_of(response.text)
    assert response.headers["content-type"].startswith("text/csv")
    assert rows[0] == ["campaign", "n"]
    assert len(rows) - 1 == amc.executions()[0]["rows"] > 0


def test_metadata_has_a_link_of_its_own(api: AmcClient) -> None:
    execution_id = api.submitted()
    api.status(execution_id)

    [link] = api.links(execution_id).json()["metadataDownloadUrls"]

    assert api.download(link).json()


def test_what_is_not_done_has_no_links(amc: Amc, api: AmcClient) -> None:
    amc.faults("stuck")
    execution_id = api.submitted()

    response = api.links(execution_id)

    assert (response.status_code, response.json()["details"]) == (
        400,
        NOT_READY.format(execution_id),
    )


@pytest.mark.parametrize("kind", ["failed", "rejected"])
def test_what_went_wrong_has_no_links(amc: Amc, api: AmcClient, kind: str) -> None:
    amc.faults(kind)
    execution_id = api.submitted()

    assert api.links(execution_id).json()["details"] == NOT_READY.format(execution_id)


@pytest.mark.parametrize("status", [400, 404])
def test_links_can_be_told_to_be_late(amc: Amc, api: AmcClient, status: int) -> None:
    execution_id = api.submitted()
    amc.faults("links_unavailable", status=status, count=1)

    response = api.links(execution_id)

    assert (response.status_code, response.json()["details"]) == (
        status,
        NOT_READY.format(execution_id),
    )
    assert api.links(execution_id).status_code == 200


def test_a_link_lives_ten_minutes_of_the_sandbox(amc: Amc, api: AmcClient) -> None:
    execution_id = api.submitted()
    [link] = result_links(api, execution_id)

    amc.advance(599)
    assert api.download(link).status_code == 200

    amc.advance(1)
    response = api.download(link)
    assert response.status_code == 403
    assert "<Message>Request has expired</Message>" in response.text
    assert api.download(result_links(api, execution_id)[0]).status_code == 200


def test_a_link_can_be_told_to_have_expired(amc: Amc, api: AmcClient) -> None:
    [link] = result_links(api, api.submitted())
    fault = amc.faults("expired_link", count=1)

    assert [api.download(link).status_code for _ in range(2)] == [403, 200]
    assert amc.hits(fault) == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Bearer Atza|x"}, 400),
        ({"Amazon-Advertising-API-ClientId": "x"}, 403),
        ({"amazon-advertising-api-advertiserid": "x"}, 403),
    ],
)
def test_a_link_is_refused_with_headers_of_the_api(
    api: AmcClient, headers: dict[str, str], status: int
) -> None:
    [link] = result_links(api, api.submitted())

    response = api.http.get(link, headers=headers)

    assert response.status_code == status
    assert response.text.startswith('<?xml version="1.0"')


@pytest.mark.parametrize(
    "change",
    [
        lambda link: link.replace("X-Amz-Expires=600", "X-Amz-Expires=6000"),
        lambda link: link.replace("part-", "partition-"),
        lambda link: link.partition("?")[0],
        lambda link: link + "0",
        lambda link: link.partition("&X-Amz-Signature")[0],
    ],
)
def test_a_link_that_was_changed_is_refused(api: AmcClient, change: object) -> None:
    assert callable(change)
    [link] = result_links(api, api.submitted())

    assert api.download(change(link)).status_code in (403, 404)


def test_a_good_link_to_what_is_gone_is_404(amc: Amc, api: AmcClient) -> None:
    [link] = result_links(api, api.submitted())

    amc.reset()
    amc.clock(now="2026-11-23T14:12:00Z")

    assert api.download(link).status_code == 404


def test_links_are_to_the_address_that_was_asked(amc: Amc, api: AmcClient) -> None:
    [link] = result_links(api, api.submitted())

    assert link.startswith(f"{amc.base_url}/results/amcsandbox01/")
    assert "X-Amz-Expires=600" in urlsplit(link).query


@pytest.mark.parametrize("count", [2, 3, 5])
def test_a_result_can_come_in_several_files(
    amc: Amc, api: AmcClient, count: int
) -> None:
    [whole] = result_links(api, api.submitted())
    amc.faults("several_files", files=count)

    links = result_links(api, api.submitted())

    parts = [rows_of(api.download(link).text) for link in links]
    assert 1 < len(links) <= count
    assert {tuple(part[0]) for part in parts} == {("campaign", "n")}
    together = [row for part in parts for row in part[1:]]
    assert sorted(together) == sorted(rows_of(api.download(whole).text)[1:])


def test_a_result_can_be_empty(amc: Amc, api: AmcClient) -> None:
    amc.faults("empty_result")

    [link] = result_links(api, api.submitted())

    assert rows_of(api.download(link).text) == [["campaign", "n"]]
    assert amc.executions()[0]["rows"] == 0


def test_a_window_without_data_is_a_result_with_a_header(api: AmcClient) -> None:
    old = {
        "timeWindowStart": "2020-01-01T00:00:00",
        "timeWindowEnd": "2020-02-01T00:00:00",
    }

    [link] = result_links(api, api.submitted(**old))

    assert rows_of(api.download(link).text) == [["campaign", "n"]]


def test_files_can_be_gzip(amc: Amc, api: AmcClient) -> None:
    amc.faults("gzip_result")

    [link] = result_links(api, api.submitted())
    response = api.download(link)

    assert response.headers["content-type"] == "application/gzip"
    assert rows_of(gzip.decompress(response.content).decode())[0] == ["campaign", "n"]


def test_files_can_be_gzip_and_say_so_in_the_header(amc: Amc, api: AmcClient) -> None:
    amc.faults("gzip_result", encoding=True)

    [link] = result_links(api, api.submitted())
    response = api.download(link)

    assert response.headers["content-encoding"] == "gzip"
    assert rows_of(response.text)[0] == ["campaign", "n"]


def test_the_window_and_the_zone_decide_what_is_in_it(api: AmcClient) -> None:
    sql = (
        "SELECT event_date_utc, COUNT(conversions) AS n FROM conversions "
        "GROUP BY event_date_utc"
    )
    window = {
        "timeWindowStart": "2026-10-05T00:00:00",
        "timeWindowEnd": "2026-10-08T00:00:00",
    }

    [link] = result_links(api, api.submitted(sql, **window))

    days = {row[0] for row in rows_of(api.download(link).text)[1:]}
    assert days <= {"2026-10-05", "2026-10-06", "2026-10-07"}
    assert days


def test_instances_share_out_the_advertisers(api: AmcClient) -> None:
    sql = "SELECT advertiser, SUM(impressions) AS n FROM dsp_impressions GROUP BY 1"
    found = []
    for number in (1, 2, 3):
        api.instance = f"amcsandbox{number:02d}"
        [link] = result_links(api, api.submitted(sql))
        found.append({row[0] for row in rows_of(api.download(link).text)[1:]})

    assert not found[0] & found[1]
    assert not found[1] & found[2]
