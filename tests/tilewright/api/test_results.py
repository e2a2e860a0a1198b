"""What predictions and runs give: figures, frames, files, pictures."""

import json

import pytest

import tilewright


@pytest.fixture(scope="module")
def predicted():
    return tilewright.load("kws").predict(tilewright.Config(clock_hz=50_000_000))


def test_figures_are_those_of_the_layers(predicted):
    assert predicted.cycles == sum(layer.cycles for layer in predicted.layers)
    assert predicted.latency_s == pytest.approx(predicted.cycles / 50e6)
    assert predicted.energy_j == pytest.approx(sum(layer.energy_j for layer in predicted.layers))
    assert predicted.mac_utilisation == pytest.approx(2_656_768 / (64 * predicted.cycles))
    assert predicted.area.total_ge == predicted.area.logic_ge + predicted.area.memory_ge
    assert predicted.notes[-1] == "The input is a seeded synthetic signal."
    assert repr(predicted).startswith(f"<Prediction of kws by model: {predicted.cycles:,} cycles, ")


def test_the_frame_accounts_for_every_cycle(predicted):
    """Computing is products over elements; idle elements and stalls are the rest of a layer."""
    frame = predicted.to_frame()
    assert frame["cycles"].sum() == predicted.cycles
    lost = frame[[name for name in frame if name.startswith("lost_")]].sum(axis=1)
    assert lost["pw1"] + 125 * 64 * 64 / 64 == pytest.approx(frame.loc["pw1", "cycles"], abs=1)
    assert frame.loc["dw1", "lost_activations"] > 0


def test_documents_and_pages_are_written(predicted, tmp_path):
    predicted.to_json(tmp_path / "p.json")
    assert json.loads((tmp_path / "p.json").read_text())["schema"] == "tilewright.run/1"
    predicted.write_report(tmp_path / "p.html")
    assert "Where the cycles went" in (tmp_path / "p.html").read_text()
    with pytest.raises(tilewright.RequestError, match="none"):
        predicted.to_json(tmp_path / "none" / "p.json")


def test_a_picture_is_shown_and_saved(predicted, tmp_path):
    pictures = predicted.pictures()
    assert list(pictures) == ["cycles", "timeline", "roofline", "memory", "energy"]
    pictures["roofline"].save(tmp_path / "r.png")
    assert (tmp_path / "r.png").read_bytes() == pictures["roofline"]._repr_png_()
    assert pictures["roofline"]._repr_png_().startswith(b"\x89PNG")


def test_without_an_accelerator_there_is_no_array_to_use():
    found = tilewright.load("ad").predict(tilewright.Config("cpu-only"))
    assert found.mac_utilisation is None
    assert list(found.to_frame()["engine"].unique()) == ["cpu"]
