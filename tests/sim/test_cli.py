"""The command line as a user meets it: exit statuses, messages, files."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import numpy as np
import onnx
import pytest

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.soc_config import FOLLOWING
from tilewright.sim import __main__ as entry
from tilewright.sim import cli, version
from tilewright.sim.networks.zoo import zoo_model, zoo_topology
from tilewright.sim.networks.zoo.calibrate import sample_input


@pytest.fixture
def tilewright(monkeypatch, capsys, tmp_path):
    """Runs a command line in an empty folder; gives (status, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["tilewright", *map(str, arguments)])
        status = entry.main()
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


def functional(tilewright, *arguments):
    return tilewright("run", "--backend", "functional", *arguments)


def test_zoo_list_names_every_network(tilewright):
    status, out, _ = tilewright("zoo", "list")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == ["vww", "kws", "ic", "ad"]


def test_zoo_export_writes_the_built_in_network(tilewright, tmp_path):
    assert tilewright("zoo", "export", "ad", "a.onnx")[0] == 0
    assert (tmp_path / "a.onnx").read_bytes() == zoo_model("ad")
    assert [path.name for path in tmp_path.iterdir()] == ["a.onnx"]


def test_config_show_is_a_file_for_config(tilewright, tmp_path):
    _, shown, _ = tilewright("config", "show", "--preset", "tiny", "--cols", "6", "--set", "rows=3")
    values = tomllib.loads(shown)
    assert (values["rows"], values["cols"], values["cpu"]) == (3, 6, "lite")
    # What the kind of memory sets is there as a comment.
    shown_values = tomllib.loads(re.sub(r"^# (\w+ = \d+)$", r"\1", shown, flags=re.MULTILINE))
    assert shown_values == Config("tiny", cols=6, rows=3).flat()
    assert set(shown_values) - set(values) == {
        *FOLLOWING["memory_kind"],
        *FOLLOWING["weight_memory_kind"],
    }
    (tmp_path / "c.toml").write_text(shown)
    assert tilewright("config", "show", "--config", "c.toml")[1] == shown


def test_another_kind_of_memory_over_a_file_sets_its_own_timing(tilewright, tmp_path):
    """What was set by hand stays."""
    _, shown, _ = tilewright(
        "config", "show", "--set", "memory_kind=sram", "--set", "memory_miss_cycles=9"
    )
    (tmp_path / "c.toml").write_text(shown)
    _, other, _ = tilewright("config", "show", "--config", "c.toml", "--set", "memory_kind=dram")
    assert "\n# memory_latency = 2\n" in shown
    assert "\n# memory_latency = 6\n" in other
    assert "\nmemory_miss_cycles = 9\n" in shown
    assert "\nmemory_miss_cycles = 9\n" in other


def test_config_show_tells_what_fields_mean_and_which_are_not_used(tilewright):
    _, shown, err = tilewright("config", "show")
    lines = shown.splitlines()
    assert lines[lines.index("cols = 8") - 1].startswith("# output pixels computed at once, 2..32")
    assert "Not used" not in shown
    assert err == ""
    _, shown, err = tilewright("config", "show", "--set", "npu=none", "--set", "rows=4")
    lines = shown.splitlines()
    assert "has no accelerator" in " ".join(lines[: lines.index("rows = 4")])
    assert lines[lines.index("bus_bytes = 8") - 1] == (
        "# width of the DMA's bus, bytes a cycle: 4, 8, 16 or 32."
    )
    assert err == "Without an accelerator (npu = none), rows = 4 has no effect.\n"


def test_sizes_and_clocks_may_end_in_a_letter(tilewright):
    _, shown, _ = tilewright(
        "config", "show", "--set", "scratchpad_bytes=128K", "--set", "memory_bytes=2m",
        "--set", "clock_hz=50M", "--set", "weight_buffer_bytes=0x1000"
    )  # fmt: skip
    values = tomllib.loads(shown)
    assert values["scratchpad_bytes"] == 131_072
    assert values["memory_bytes"] == 2_097_152
    assert values["clock_hz"] == 50_000_000
    assert values["weight_buffer_bytes"] == 4096


def test_nothing_asked_lists_the_verbs(tilewright):
    status, out, err = tilewright()
    assert (status, err) == (0, "")
    for verb in cli.VERBS:
        assert re.search(rf"^ +{verb}\s", out, re.MULTILINE), verb


def test_version_tells_version_and_commit(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["tilewright", "--version"])
    with pytest.raises(SystemExit) as ended:
        entry.main()
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"{version.origin_line()}\n"


def test_config_list_names_the_presets(tilewright):
    _, out, _ = tilewright("config", "list")
    assert {"default", "tiny"} <= {line.split(":")[0] for line in out.splitlines()}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["simulate"], "'simulate'"),
        (["run"], "--model"),
        (["run", "--model", "vww", "--backend", "gpu"], "'gpu'"),
        (["run", "--model", "none.onnx"], "none.onnx: there is no such file"),
        (["run", "--model", "models/vww.onnx"], "models/vww.onnx: there is no such file"),
        (["run", "--model", "./ic.tflite"], "did you mean the built-in network ic (--model ic)?"),
        (["run", "--model", "vvw"], "did you mean the built-in network vww (--model vww)?"),
        (["run", "--model", "vww", "--set", "rows=8K"], "rows = '8K': must be a whole number"),
        (["run", "--model", "vww", "--set", "scratchpad_bytes=8Q"], "which may end in K or M"),
        (["run", "--model", "."], "."),
        (["run", "--model", "vww", "--rows", "many"], "rows"),
        (["run", "--model", "vww", "--rows", "33"], "rows = 33: must be 2..32"),
        (["run", "--model", "vww", "--set", "row=8"], "did you mean rows"),
        (["run", "--model", "vww", "--set", "rows"], "KEY=VALUE"),
        (["run", "--model", "vww", "--config", "none.toml"], "none.toml"),
        (["run", "--model", "vww", "--json", "none/r.json"], "none does not exist"),
        (["run", "--model", "vww", "--input", "none.npy"], "none.npy"),
        (["run", "--model", "vww", "--backend", "functional", "--trace", "t"], "--backend rtl"),
        (["run", "--model", "ad", "--rate", "often"], "--rate 'often': often is no number"),
        (["run", "--model", "ad", "--rate", "3 J"], "--rate '3 J': J is no unit here"),
        (["run", "--model", "ad", "--rate", "0"], "--rate '0': must be above 0 and below 1e12"),
        (["run", "--model", "ad", "--rate", "2", "--battery", "-1"], "--battery '-1': must be"),
        (["run", "--model", "ad", "--battery", "2.4 kJ"], "--battery: say how many inferences"),
        (["run", "--model", "ad", "--rate", "2", "--backend", "functional"], "no energy is known"),
        (["run", "--model", "ad", "--rate", "2", "--preset", "icebreaker"], "no energy is known"),
        (
            ["run", "--model", "ad", "--rate", "1 MHz", "--backend", "model"],
            "--rate 1e+06: an inference takes",
        ),
        (["technologies", "show", "fdsoi2"], "did you mean fdsoi22"),
        (["technologies", "show", "lp40", "--supply-mv", "low"], "--supply-mv low: must be"),
        (["technologies", "show", "lp40", "--supply-mv", "9"], "supply_mv = 9: technology lp40"),
        (["zoo", "export", "vwv", "x.onnx"], "vww, kws, ic, ad"),
        (["zoo", "export", "vww", "none/x.onnx"], "none does not exist"),
        (["config", "show", "--preset", "tin"], "did you mean tiny"),
        (["verilog"], "--out"),
    ],
)
def test_a_wrong_request_is_one_message_and_status_2(tilewright, tmp_path, arguments, message):
    status, out, err = tilewright(*arguments)
    assert status == 2
    assert message in err
    error = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(error) == 1
    assert "Traceback" not in err
    assert out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_built_in_network_replaces_a_missing_file_and_says_so(tilewright, tmp_path):
    status, out, err = functional(tilewright, "--model", "kws.onnx", "--json", "r.json")
    assert status == 0
    assert "no file kws.onnx" in err
    assert "synthetic weights" in out
    document = json.loads((tmp_path / "r.json").read_text())
    assert document["schema"] == "tilewright.run/1"
    assert document["model"]["macs"] == 2_656_768
    assert sum(layer["macs"] for layer in document["layers"]) == 2_656_768
    assert document["config"]["rows"] == 8
    assert len(document["outputs"][0]["values"]) == 12


def test_average_power_at_a_rate(tilewright, tmp_path):
    options = ["--backend", "model", "--rate", "5", "--battery", "2.4 kJ", "--json", "r.json"]
    status, out, _ = tilewright("run", "--model", "ad", *options)
    assert status == 0
    document = json.loads((tmp_path / "r.json").read_text())
    power = document["power"]
    assert (power["rate_hz"], power["battery_j"]) == (5, 2400)
    assert power["active"] == pytest.approx(5 * document["total"]["latency_s"])
    for name, way in power["ways"].items():
        assert way["average_w"] > 5 * document["total"]["energy_j"]
        assert way["battery_s"] == pytest.approx(2400 / way["average_w"])
        assert f"{name} at 5/s" in out
    assert "on 2,400 J" in out


def test_a_similar_file_is_named_where_there_is_none(tilewright, tmp_path):
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "keyword.tflite").write_bytes(b"")
    status, _, err = functional(tilewright, "--model", "nets/keyward.tflite")
    assert status == 2
    assert "did you mean nets/keyword.tflite?" in err


def test_a_file_comes_before_the_built_in_network(tilewright, tmp_path):
    (tmp_path / "vww.onnx").write_bytes(zoo_model("ad"))
    status, out, err = functional(tilewright, "--model", "vww.onnx")
    assert status == 0
    assert "no file" not in err
    assert "264,192" in out


def test_an_input_file_is_used(tilewright, tmp_path):
    answers = []
    for seed in (1, 2):
        x = sample_input(zoo_topology("kws"), seed)[np.newaxis].astype(np.float32)
        np.save(tmp_path / "x.npy", np.concatenate([x, 0 * x]))
        status, out, _ = functional(
            tilewright, "--model", "kws", "--input", "x.npy", "--json", "r.json"
        )
        assert status == 0
        assert "inference" in out
        document = json.loads((tmp_path / "r.json").read_text())
        first, second = (i["outputs"][0]["values"] for i in document["inferences"])
        assert second == document["outputs"][0]["values"] != first
        answers.append(first)
    assert answers[0] != answers[1]


def test_damaged_models_are_refused(tilewright, tmp_path):
    content = zoo_model("ad")
    for name, damaged in {
        "empty.onnx": b"",
        "cut.onnx": content[: len(content) // 2],
        "text.tflite": b"not a network at all",
    }.items():
        (tmp_path / name).write_bytes(damaged)
        status, _, err = functional(tilewright, "--model", name)
        assert status == 2, name
        assert name in err


def test_a_float_network_is_refused(tilewright, tmp_path):
    node = onnx.helper.make_node("Relu", ["x"], ["y"])
    ends = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 4]) for name in "xy"
    ]
    graph = onnx.helper.make_graph([node], "float", ends[:1], ends[1:])
    onnx.save(onnx.helper.make_model(graph), tmp_path / "float.onnx")
    status, _, err = functional(tilewright, "--model", "float.onnx")
    assert status == 2
    assert "quantise" in err


def test_an_interrupt_is_one_line_and_status_130(tilewright, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("tilewright.sim.run.evaluate.compile_model", interrupted)
    status, out, err = functional(tilewright, "--model", "ad")
    assert status == 130
    assert err.splitlines()[-1] == "interrupted"
    assert out == ""


def test_a_polite_end_is_an_interrupt(tilewright, monkeypatch):
    def ended(*_):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)

    monkeypatch.setattr("tilewright.sim.run.evaluate.compile_model", ended)
    before = signal.getsignal(signal.SIGTERM)
    status, _, err = functional(tilewright, "--model", "ad")
    signal.signal(signal.SIGTERM, before)
    assert status == 130
    assert err.splitlines()[-1] == "interrupted"


def test_a_reader_that_leaves_is_no_error():
    with subprocess.Popen(
        [sys.executable, "-m", "sim", "zoo", "list"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


def test_a_full_disk_is_one_message():
    with Path("/dev/full").open("w") as full:
        process = subprocess.run(
            [sys.executable, "-m", "sim", "zoo", "list"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert process.returncode == 2
    assert process.stderr == "error: the output cannot be written: No space left on device\n"


def test_a_built_in_network_is_information_not_a_warning(tilewright):
    _, _, err = functional(tilewright, "--model", "ad")
    assert err.splitlines()[0] == "Built-in network ad (no file ad here)."


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--format", "pdf"], "give --figures DIR as well"),
        (["--figures", "d", "--format", "gif"], "must be of pdf, svg, png"),
        (["--figures", "d", "--png", "e"], "give that alone"),
    ],
)
def test_formats_of_pictures_are_judged_first(tilewright, tmp_path, options, message):
    status, _, err = functional(tilewright, "--model", "ad", *options)
    assert status == 2
    assert message in err
    assert list(tmp_path.iterdir()) == []


def test_pictures_come_as_vectors_unless_asked_otherwise(tilewright, tmp_path):
    assert functional(tilewright, "--model", "ad", "--figures", "d")[0] == 0
    assert {path.name for path in (tmp_path / "d").iterdir()} == {"memory.pdf", "memory.svg"}
    assert functional(tilewright, "--model", "ad", "--png", "e")[0] == 0
    assert [path.name for path in (tmp_path / "e").iterdir()] == ["memory.png"]


def test_a_terminal_of_plain_letters_gets_u_for_micro(tmp_path):
    command = [sys.executable, "-m", "sim", "run", "--model", "ad", "--backend", "model"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    run = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert b" 357 us at 100 MHz" in run.stdout
    assert b" uJ" in run.stdout
