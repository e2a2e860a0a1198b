import json
from dataclasses import replace

import pytest

# The names that other tools rely on.
TOTAL = {
    "cycles", "macs", "mac_utilisation", "latency_s", "energy_j", "energy_by_component_j",
    "energy_within", "npu_cycles", "cpu_cycles", "read_bytes", "write_bytes", "peak_sram_bytes",
}  # fmt: skip
LAYER = {
    "name", "op", "engine", "cycles", "macs", "mac_utilisation", "energy_j", "energy_most_j",
    "stalls",
}  # fmt: skip


def test_totals_are_sums_over_the_layers(result):
    total = result.total
    assert total.cycles == 1000
    assert (total.npu_cycles, total.cpu_cycles) == (600, 400)
    assert total.latency_s == pytest.approx(10e-6)
    assert total.mac_utilisation == pytest.approx(0.5)
    assert total.energy_j == pytest.approx(31e-9)
    assert total.energy_by_component_j == pytest.approx(
        {"cpu": 12e-9, "leakage": 10e-9, "array": 9e-9}
    )
    assert total.energy_within == pytest.approx((8 + 20 + 18.5) / 31)
    assert (total.read_bytes, total.write_bytes) == (500, 7)


def test_json_has_the_contracts_names(result, tmp_path):
    path = tmp_path / "r.json"
    result.to_json(path)
    document = json.loads(path.read_text())
    assert document["schema"] == "tilewright.run/1"
    assert set(document) == {
        "schema", "model", "config", "backend", "clock_hz", "total", "layers", "outputs", "check",
        "host", "area", "power", "inferences", "version", "commit",
    }  # fmt: skip
    assert {"name", "path", "sha256", "macs", "parameters"} <= set(document["model"])
    assert {"rows", "clock_hz", "energy_table"} <= set(document["config"])
    assert set(document["total"]) == TOTAL
    assert all(set(layer) >= LAYER for layer in document["layers"])
    assert document["outputs"] == [
        {"name": "y", "shape": [1, 2], "dtype": "int8", "scale": 0.5, "zero_point": -1,
         "values": [3, -4]}
    ]  # fmt: skip
    assert document["check"] == {"reference": "functional", "elements": 2, "mismatches": 0}
    assert document["area"] == {
        "total_ge": 123_200, "logic_ge": 90_400, "memory_ge": 32_800, "source": "estimate",
        "parts_ge": {"array": 60_000, "cpu": 30_400, "scratchpad_sram": 32_800},
        "mm2": 0.125,
    }  # fmt: skip
    assert set(document["host"]) == {"build_s", "simulate_s", "cycles_per_s"}
    assert sum(layer["cycles"] for layer in document["layers"]) == document["total"]["cycles"]


def test_what_is_not_measured_is_null_not_zero(functional_result):
    document = functional_result.to_dict()
    for name in ("cycles", "mac_utilisation", "energy_j", "npu_cycles", "read_bytes"):
        assert document["total"][name] is None
    assert document["layers"][1]["energy_j"] is None
    assert document["check"] is None
    json.dumps(document)


def test_without_an_accelerator_nothing_is_said_of_one(result):
    alone = replace(result, config=result.config | {"npu": "none"})
    total = alone.total
    assert total.cycles == 1000
    assert (total.mac_utilisation, total.read_bytes, total.write_bytes) == (None, None, None)
