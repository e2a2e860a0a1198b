import dataclasses

import numpy as np
import pytest

from tests.memory_map import PROGRAM_BASE
from tilewright.hw.spec.errors import CheckError, RequestError
from tilewright.hw.spec.registers import MEMORY_BASE
from tilewright.hw.spec.settings import load_config
from tilewright.mapper.compile import compile_model
from tilewright.mapper.importers import import_model
from tilewright.sim.functional.backend import run_functional
from tilewright.sim.networks.zoo import zoo_model
from tilewright.sim.rtl.backend import memory_image, run_rtl
from tilewright.verification.tools.cache import cache_directory

FIRMWARE = b"firmware"


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    path = tmp_path_factory.mktemp("zoo") / "ad.onnx"
    path.write_bytes(zoo_model("ad"))
    return import_model(path)


@pytest.fixture(scope="module")
def program(graph):
    return compile_model(graph, load_config("cpu-only"))


@pytest.fixture(scope="module")
def inputs(program):
    port = program.inputs[0]
    values = np.random.default_rng(1).integers(-128, 128, port.shape, dtype=np.int8)
    return {port.name: values}


def test_memory_holds_firmware_program_and_inputs(program, inputs):
    image = memory_image(program, inputs, FIRMWARE)
    begin = PROGRAM_BASE - MEMORY_BASE
    port = program.inputs[0]
    place = port.address - MEMORY_BASE
    assert image.startswith(FIRMWARE)
    assert image[begin : begin + 256] == program.image[:256]
    assert image[place : place + inputs[port.name].size] == inputs[port.name].tobytes()


def test_wrong_inputs_are_refused(program, inputs):
    (name, values), *_ = inputs.items()
    with pytest.raises(RequestError, match=f"the input '{name}' is missing"):
        memory_image(program, {}, FIRMWARE)
    with pytest.raises(RequestError, match=r"is int8 \(641,\)"):
        memory_image(program, {name: np.zeros(641, np.int8)}, FIRMWARE)
    with pytest.raises(RequestError, match="is float32"):
        memory_image(program, {name: values.astype(np.float32)}, FIRMWARE)


def test_a_program_larger_than_main_memory_is_refused(program, inputs):
    large = dataclasses.replace(program, image=bytes(program.config.soc.memory_bytes))
    with pytest.raises(RequestError, match="set memory_bytes to more than 4194304"):
        memory_image(large, inputs, FIRMWARE)


@pytest.mark.rtl
def test_the_cpu_alone_computes_the_network_and_a_second_run_builds_nothing(program, inputs):
    reference = run_functional(program, inputs).outputs
    for _ in range(2):
        result = run_rtl(program, inputs)
        for name, values in reference.items():
            np.testing.assert_array_equal(result.outputs[name], values)
    assert result.build_s == 0
    assert sum(segment.cycles for segment in result.segments) == result.cycles
    assert result.cpu_active == result.cycles
    assert result.uart.startswith("Tilewright\n")
    assert f"total: {result.cycles} cycles" in result.uart


@pytest.mark.rtl
def test_a_program_for_other_hardware_is_refused_by_firmware_and_evidence_kept(program, inputs):
    image = bytearray(program.image)
    image[8:12] = (0x0808_1010).to_bytes(4, "little")  # its third word: the NPU it needs
    other = dataclasses.replace(program, image=bytes(image))
    with pytest.raises(CheckError) as caught:
        run_rtl(other, inputs)
    message = str(caught.value)
    assert "the firmware gave up" in message
    assert "program NPU configuration is 0x08081010, must be 0x00000000" in message
    evidence = message.rpartition("Evidence is kept in ")[2]
    assert evidence.startswith(str(cache_directory()))


@pytest.mark.rtl
def test_a_run_leaves_no_directory_behind(program, inputs):
    run_rtl(dataclasses.replace(program, name="leaves-nothing"), inputs)
    assert not list((cache_directory() / "runs").glob("leaves-nothing-*"))
