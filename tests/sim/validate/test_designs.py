"""The set of designs, and those of the command line."""

import pytest

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.settings import load_config
from tilewright.sim.validate.designs import ALL, DERIVED, QUICK, chosen_designs


def values(field: str) -> set[object]:
    return {design.config.flat()[field] for design in DERIVED}


def test_the_set_spans_what_the_model_must_follow() -> None:
    assert len(DERIVED) >= 12
    assert {4, 8, 16, 32} == values("bus_bytes")
    for field in ("rows", "cols", "scratchpad_bytes", "weight_buffer_bytes", "memory_latency"):
        assert len(values(field)) >= 5 - (field == "scratchpad_bytes"), field
    assert sum(design.config.npu.rows != design.config.npu.cols for design in DERIVED) >= 6


def test_names_and_designs_are_unique() -> None:
    assert len({design.name for design in ALL}) == len(ALL)
    assert len({design.config for design in ALL}) == len(ALL)


def test_without_a_choice_it_is_the_set() -> None:
    assert chosen_designs(None, quick=False) == ALL
    assert chosen_designs(None, quick=True) == QUICK


def test_a_name_or_settings_choose_a_design() -> None:
    known, own = chosen_designs(["6x10", "rows=4, bus_bytes=4"], quick=False)
    assert known.config == load_config(sets=["rows=6", "cols=10"])
    assert own.config == load_config(sets=["rows=4", "bus_bytes=4"])
    assert own.settings == "rows=4, bus_bytes=4"


@pytest.mark.parametrize(
    ("text", "message"),
    [("6x11", "is neither KEY=VALUE nor one of 8x8, 4x4"), ("rows=99", "rows = 99: must be")],
)
def test_a_wrong_design_is_refused(text: str, message: str) -> None:
    with pytest.raises(RequestError, match=f"--design {text}: .*{message}"):
        chosen_designs([text], quick=False)
