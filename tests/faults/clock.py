"""The one clock of the product, made faster or moved: `amc_now()` and the sandbox's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg

from tests.amc.server import Amc

FUNCTION = """
CREATE OR REPLACE FUNCTION amc_now() RETURNS timestamptz LANGUAGE sql STABLE AS
 'SELECT timestamptz ''{shown}''
         + (statement_timestamp() - timestamptz ''{real}'') * {rate}'
"""


class Clock:
    """`rate` seconds of the product pass in one second of this machine."""

    def __init__(self, url: str, amc: Amc, *, rate: float) -> None:
        self._url = url
        self._amc = amc
        self.rate = rate

    def set(self, now: datetime, *, rate: float | None = None) -> None:
        """Show `now` from this moment on, to the product and to Amazon."""
        self.rate = self.rate if rate is None else rate
        real = datetime.now(UTC)
        self._replace(shown=now, real=real)
        self._amc.clock(rate=self.rate, now=now.isoformat())

    def move_database(self, span: timedelta) -> None:
        """Only the product's clock jumps; Amazon's goes on as it was."""
        self._replace(shown=self.now() + span, real=datetime.now(UTC))

    def now(self) -> datetime:
        with psycopg.connect(self._url, autocommit=True) as connection:
            row = connection.execute("SELECT amc_now()").fetchone()
        assert row is not None
        shown: datetime = row[0]
        return shown.astimezone(UTC)

    def _replace(self, *, shown: datetime, real: datetime) -> None:
        sql = FUNCTION.format(
            shown=shown.isoformat(), real=real.isoformat(), rate=self.rate
        )
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(sql)  # type: ignore[arg-type]  # built by us alone
