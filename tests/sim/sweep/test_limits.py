import pytest

from tilewright.hw.spec.errors import RequestError
from tilewright.sim.sweep.limits import parse_limit


@pytest.mark.parametrize(
    ("text", "column", "sign", "value"),
    [
        ("energy_j <= 1e-3", "energy_j", "<=", 0.001),
        ("energy<=1mJ", "energy_j", "<=", 0.001),
        ("latency < 400 us", "latency_s", "<", 0.0004),
        ("area<=900000", "area_ge", "<=", 900_000),
        ("area (GE) <= 900k", "area_ge", "<=", 900_000),
        ("SRAM on the chip <= 128 KiB", "sram_bytes", "<=", 131_072),
        ("sram_bytes<=131072", "sram_bytes", "<=", 131_072),
        ("MAC utilisation >= 50%", "mac_utilisation", ">=", 0.5),
        ("speed-up > 100", "speedup", ">", 100),
    ],
)
def test_columns_go_by_names_and_titles_values_by_units(text, column, sign, value):
    limit = parse_limit(text)
    assert (limit.text, limit.column, limit.sign) == (text, column, sign)
    assert limit.value == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("energi <= 1 mJ", r"no column 'energi'; did you mean energy_j \(energy\)"),
        ("xyzzy <= 1", "limits can be set to cycles, latency_s"),
        ("rows <= 8", "rows is a field of the configuration; choose it by --where"),
        ("fpga_mhz >= 50", "fpga_mhz is not known of every point"),
        ("energy", "must read COLUMN <= VALUE"),
        ("energy <= 1 mJ <= 2", "must read COLUMN <= VALUE"),
        ("energy <= ", "is no number"),
        ("energy = 1 mJ", "= is no limit"),
        ("energy <= 1 ms", "ms is no unit here; write a plain number, or one of"),
        ("energy <= little", "little is no number"),
    ],
)
def test_what_is_no_limit_is_refused(text, said):
    with pytest.raises(RequestError, match=said) as caught:
        parse_limit(text)
    assert repr(text) in str(caught.value)


def test_excess_is_relative_to_the_limit():
    upper, lower = parse_limit("cycles <= 200"), parse_limit("mac_utilisation >= 0.5")
    assert (upper.excess(200), upper.excess(300)) == (0, 0.5)
    assert (lower.excess(0.6), lower.excess(0.4)) == (0, pytest.approx(0.2))
    assert parse_limit("cycles <= 0").excess(7) == 7
    assert not upper.holds(None)
