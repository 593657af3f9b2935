"""Amazon's side of the tests: the sandbox, and what its answers must look like."""

from __future__ import annotations
