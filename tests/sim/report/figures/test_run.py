from dataclasses import replace

from tilewright.sim.report.figures.run import run_figures, save_run_figures


def test_a_run_with_cycles_has_every_picture(result, course, tmp_path):
    paths = save_run_figures(tmp_path / "pictures", result, course, ["png", "svg"])
    names = ["cycles", "timeline", "roofline", "memory", "energy"]
    assert [path.name for path in paths] == [
        f"{n}.{kind}" for n in names for kind in ("png", "svg")
    ]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths[::2])
    assert all(b"<svg" in path.read_bytes() for path in paths[1::2])


def test_without_cycles_there_is_the_memory_map(functional_result, course):
    assert list(run_figures(functional_result, replace(course, segments=()))) == ["memory"]


def test_without_products_there_is_no_roofline(result, course):
    layers = tuple(replace(layer, macs=0) for layer in result.layers)
    assert "roofline" not in run_figures(replace(result, layers=layers), course)


def test_without_counters_there_is_no_energy(result, course):
    first, *others = result.layers
    layers = (replace(first, energy_by_component_j=None), *others)
    assert "energy" not in run_figures(replace(result, layers=layers), course)
