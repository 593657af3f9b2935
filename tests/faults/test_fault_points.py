"""The points at which processes are hurt: free when off, exact when on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from instances import fault_points
from instances.fault_points import FaultInjected, Points
from tests.faults.points import FaultPoints

PROGRAM = "from instances.fault_points import fault_point as p; p('here'); print('on')"


def test_without_the_variable_a_point_does_nothing():
    assert fault_points._made("") is fault_points._nothing


def test_a_point_bites_the_third_time_only(tmp_path: Path):
    points = FaultPoints(tmp_path)
    points.arm("here", "raise", skip=2)
    reached = Points(tmp_path).reach

    reached("here")
    reached("here")
    with pytest.raises(FaultInjected):
        reached("here")
    reached("here")

    assert points.bitten("here") == 1


def test_a_point_may_be_armed_for_one_subject(tmp_path: Path):
    points = FaultPoints(tmp_path)
    points.arm("here", "raise", only=7)

    Points(tmp_path).reach("here", 6)
    with pytest.raises(FaultInjected):
        Points(tmp_path).reach("here", 7)


def test_a_point_that_is_not_armed_leaves_no_trace(tmp_path: Path):
    Points(tmp_path).reach("here")

    assert list(tmp_path.iterdir()) == []


def test_a_point_kills_the_process_that_reaches_it(tmp_path: Path):
    points = FaultPoints(tmp_path)
    points.arm("here", "kill")

    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={"FAULT_POINTS": str(tmp_path)},
        stdout=subprocess.PIPE,
        check=False,
    )

    assert (ended.returncode, ended.stdout) == (-9, b"")
    assert points.bitten("here") == 1
