import pytest

from tilewright.hw.spec.errors import RequestError
from tilewright.sim.diff.saved import read_run
from tilewright.sim.version import VERSION


def test_a_result_is_read_again(saved, result):
    run = read_run(saved("a.json"))
    assert run.title == "net on 8x8, rtl"
    assert run.origin.startswith(VERSION)
    assert run.total["cycles"] == 1000
    assert run.total["area_ge"] == pytest.approx(123_200)
    assert run.energy == pytest.approx({"cpu": 12e-9, "leakage": 10e-9, "array": 9e-9})
    assert [layer.name for layer in run.layers] == [layer.name for layer in result.layers]
    assert run.layers[1].losses == {"weights": 60, "drain": 30, "activations": 0}
    assert run.layers[1].energy_j == pytest.approx(15e-9)


def test_an_older_result_tells_less(saved):
    def older(document):
        for name in ("version", "commit", "area", "inferences"):
            del document[name]
        for layer in document["layers"]:
            del layer["idle"], layer["geometry"], layer["reason"]

    run = read_run(saved("old.json", older))
    assert run.origin == ""
    assert run.total["area_ge"] is None
    assert run.layers[1].losses["weights"] == 60


def test_a_backend_without_cycles_is_read(functional_result, saved):
    def unknown(document):
        document.update(functional_result.to_dict())

    run = read_run(saved("f.json", unknown))
    assert run.total["cycles"] is None
    assert run.energy == {}


def set_in(*path, to):
    def change(document):
        *outer, last = path
        for key in outer:
            document = document[key]
        document[last] = to

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("schema"), "is no result of run --json"),
        (set_in("schema", to="tilewright.area/1"), "('tilewright.area/1')"),
        (lambda d: d.pop("layers"), "layers is missing"),
        (set_in("layers", to={}), "layers is not a list"),
        (set_in("layers", 1, to=3), "layers[1] is not an object"),
        (set_in("layers", 1, "cycles", to="600"), "layers[1].cycles is not a number"),
        (set_in("layers", 1, "stalls", "weights", to=None), "layers[1].stalls.weights is not a"),
        (set_in("total", "energy_j", to=[1]), "total.energy_j is not a number"),
        (set_in("total", "cycles", to=10**400), "total.cycles is not a number"),
        (set_in("config", "rows", to="many"), "config.rows is not a number"),
        (set_in("config", "bus_bytes", to=[8]), "config.bus_bytes is not a text"),
        (set_in("model", to=None), "model is not an object"),
    ],
)
def test_a_damaged_or_foreign_document_is_one_message(saved, change, message):
    path = saved("a.json", change)
    with pytest.raises(RequestError) as refused:
        read_run(path)
    assert message in str(refused.value)
    assert str(refused.value).startswith(f"{path}: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no JSON"),
        (b"[1, 2", "is no JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"\xff\xfe\x00", "is no JSON"),
        (b'{"schema": NaN}', "NaN is no number of JSON"),
        (b"[]", "is no result of run --json"),
        (b"1" * 5000, "is no JSON"),
    ],
)
def test_what_is_no_document_is_one_message(tmp_path, content, message):
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(RequestError, match=message):
        read_run(path)


def test_a_missing_file_or_a_folder_is_one_message(tmp_path):
    with pytest.raises(RequestError, match="No such file"):
        read_run(tmp_path / "none.json")
    with pytest.raises(RequestError, match="is no file"):
        read_run(tmp_path)


def test_a_name_stays_on_its_line(saved):
    run = read_run(saved("a.json", set_in("layers", 0, "name", to="a\n\x1b[31mb")))
    assert run.layers[0].name == "a??[31mb"
