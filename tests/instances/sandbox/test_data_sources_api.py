"""The tables and columns that SQL can ask."""

from __future__ import annotations

from tests.instances.sandbox.client import AmcClient


def test_the_tables_are_listed_with_their_columns(api: AmcClient) -> None:
    sources = api.reporting("GET", "dataSources").json()["dataSources"]

    columns = {
        source["dataSourceId"]: {column["name"] for column in source["columns"]}
        for source in sources
    }
    assert {"campaign", "impressions", "user_id"} <= columns["dsp_impressions"]
    assert list(columns) == sorted(columns)


def test_they_come_in_pages(api: AmcClient) -> None:
    whole = api.reporting("GET", "dataSources").json()["dataSources"]
    first = api.reporting("GET", "dataSources", params={"limit": "4"}).json()
    second = api.reporting(
        "GET", "dataSources", params={"limit": "100", "nextToken": first["nextToken"]}
    ).json()

    assert first["dataSources"] + second["dataSources"] == whole


def test_one_table_is_wrapped(api: AmcClient) -> None:
    source = api.reporting("GET", "dataSources/dsp_clicks").json()["dataSource"]

    assert source["dataSourceId"] == "dsp_clicks"
    assert source["outputChannels"] == [
        {"channel": {"type": "DOWNLOAD"}, "outputAvailable": True}
    ]


def test_a_table_that_is_not_there_is_404(api: AmcClient) -> None:
    response = api.reporting("GET", "dataSources/nothing")

    assert response.status_code == 404
    assert "nothing" in response.json()["details"]
