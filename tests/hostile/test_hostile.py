"""A few of the trials of `make hostile`."""

import sys

import pytest

from tests.hostile.__main__ import attempt

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of files are Linux's")


@pytest.mark.parametrize(
    ("kind", "count"),
    [("arrays", 200), ("configurations", 100), ("points", 100), ("databases", 30), ("disks", 2)],
)
def test_only_refusals_come_out(kind, count):
    for number in range(count):
        attempt(kind, 7, number)


@pytest.mark.parametrize("number", range(2))
def test_odd_names(number):
    attempt("names", 7, number)


@pytest.mark.slow
def test_damaged_caches_and_killed_sweeps():
    attempt("caches", 7, 0)
    attempt("sweeps", 7, 0)


@pytest.mark.rtl
@pytest.mark.parametrize(
    ("kind", "number"), [(k, n) for k in ("damaged", "forged") for n in range(6)]
)
def test_corrupted_programs(kind, number):
    assert attempt(kind, 7, number)
