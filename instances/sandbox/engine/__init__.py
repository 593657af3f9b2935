"""The SQL engine of the AMC sandbox: AMC SQL in, CSV files out."""

from __future__ import annotations
