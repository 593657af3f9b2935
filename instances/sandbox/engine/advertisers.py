"""The advertisers of the world, and which of them an instance sees."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from instances.sandbox.engine.contract import AdvertiserInfo


def of_instance(world: Sequence[AdvertiserInfo], number: int) -> frozenset[int]:
    """The ids of the advertisers of an instance; instances count from 1.

    The first thirty have one each. A later instance is an agency's, with two, and no
    two of the first 450 have the same.
    """
    ids = [advertiser.id for advertiser in world]
    turn, place = divmod(number - 1, len(ids))
    apart = turn % (len(ids) // 2)
    return frozenset({ids[place], ids[(place + apart) % len(ids)]})


def read(connection: duckdb.DuckDBPyConnection) -> tuple[AdvertiserInfo, ...]:
    """All advertisers, in the order of their numbers."""
    rows = connection.execute(
        "SELECT advertiser_id, advertiser, zone, currency_iso_code"
        " FROM d_advertiser ORDER BY adv"
    ).fetchall()
    return tuple(
        AdvertiserInfo(id=row[0], name=row[1], timezone=row[2], currency=row[3])
        for row in rows
    )
