import pytest

from tests.sim.report.sweep_database import Database
from tilewright.sim.report.sweep_data import column_of, read_sweep


@pytest.mark.parametrize(
    ("name", "role", "unit", "better"),
    [
        ("rows", "config", "", None),
        ("scratchpad_bytes", "config", "B", None),
        ("clock_hz", "config", "Hz", None),
        ("energy_j", "result", "J", "lower"),
        ("speedup", "result", "", "higher"),
        ("fpga_mhz", "result", "", "higher"),
        ("fpga_error", "row", "", None),
        ("status", "row", "", None),
        ("something_new", "result", "", None),
    ],
)
def test_columns_are_known_by_their_names(name, role, unit, better):
    column = column_of(name)
    assert (column.role, column.unit, column.better) == (role, unit, better)


def test_points_come_with_their_columns_in_the_order_of_reports(tmp_path):
    database = Database(objectives=("energy_j", "area_ge"))
    database.add("kws", config={"rows": 4}, cycles=10)
    database.add("vww", "failed", error="hang")
    data = read_sweep(database.write(tmp_path / "results.sqlite"))
    assert [(row["model"], row["rows"], row["cycles"]) for row in data.points] == [
        ("kws", 4, 10),
        ("vww", 8, None),
    ]
    names = [column.name for column in data.columns]
    assert names[:3] == ["id", "model", "backend"]
    assert names.index("rows") < names.index("cycles") < names.index("latency_s")
    assert "key" not in names
    assert data.objectives == ("energy_j", "area_ge")
    assert data.models == ("kws", "vww")


def test_a_note_of_several_networks_is_told_once(tmp_path):
    database = Database(notes={"kws": ["synthetic"], "vww": ["odd", "synthetic"]})
    database.add("vww")
    database.add("kws")
    data = read_sweep(database.write(tmp_path / "results.sqlite"))
    assert data.notes == ("vww: odd", "vww, kws: synthetic")


def test_points_of_earlier_commands_are_left_out(tmp_path):
    database = Database()
    database.add("kws", requested=0)
    database.add("vww", cycles=10)
    data = read_sweep(database.write(tmp_path / "results.sqlite"))
    assert [row["model"] for row in data.points] == ["vww"]
    assert "requested" not in [column.name for column in data.columns]
