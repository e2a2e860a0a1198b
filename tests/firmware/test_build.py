from pathlib import Path

import pytest
import pythondata_cpu_vexriscv

import tilewright.firmware.build
from tilewright.firmware.build import (
    CPU_FEATURES,
    build_boot_stage,
    build_firmware,
    compile_firmware,
)
from tilewright.firmware.elf import memory_image, symbols
from tilewright.hw.spec.errors import RequestError, TilewrightError
from tilewright.hw.spec.registers import BOOT_BYTES, MEMORY_BASE
from tilewright.hw.spec.settings import load_config
from tilewright.hw.spec.soc_config import CPU_VARIANTS, FIRMWARE_BYTES, SMALL_FIRMWARE_BYTES
from tilewright.hw.spec.steps import BY_NAME

# csrci mstatus, 8: the first instruction
RESET_CODE = (0x30047073).to_bytes(4, "little")
LINKER_CONSTANTS = {"firmware_bytes", "stack_bytes", "main_bytes"}


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("TILEWRIGHT_CACHE", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("cpu", CPU_VARIANTS)
def test_it_fits_its_region_with_every_cpu(cpu, cache):
    binary = build_firmware(load_config("default", None, [f"cpu={cpu}"]))
    assert binary.startswith(RESET_CODE)
    assert len(binary) < FIRMWARE_BYTES - BOOT_BYTES, "the boot stage receives it below itself"


def test_the_boot_stage_is_small(cache):
    assert len(build_boot_stage(load_config("default", None, ["cpu=lite"]))) <= 2048


@pytest.mark.parametrize("npu", ["array", "none"])
def test_cold_code_lies_behind_what_is_timed(npu, tmp_path):
    elf = compile_firmware(load_config("default", None, [f"npu={npu}"]), tmp_path).read_bytes()
    places = symbols(elf)
    timed = [places[name] for name in ("run_inference", "conv_2d", "softmax", "memcpy", "trap")]
    cold = [places[name] for name in ("monitor_serve", "frame_receive", "report_times")]
    assert max(timed) < min(cold)


def test_symbols_lie_in_the_region(tmp_path):
    elf = compile_firmware(load_config(), tmp_path).read_bytes()
    places = {n: a for n, a in symbols(elf).items() if a and n not in LINKER_CONSTANTS}
    assert {"start", "main", "trap", "finish", "conv_2d", "softmax", "npu_run"} <= places.keys()
    assert places["start"] == MEMORY_BASE
    assert places["trap"] % 4 == 0, "mtvec holds multiples of 4"
    assert places["stack_top"] == MEMORY_BASE + FIRMWARE_BYTES
    assert min(places.values()) == MEMORY_BASE
    assert max(places.values()) == places["stack_top"]


def test_image_begins_at_its_base(tmp_path):
    elf = compile_firmware(load_config(), tmp_path).read_bytes()
    image = memory_image(elf, MEMORY_BASE)
    assert memory_image(elf, MEMORY_BASE - 8) == bytes(8) + image
    with pytest.raises(ValueError, match="below 0x50000000"):
        memory_image(elf, 0x5000_0000)


def test_second_build_compiles_nothing(cache, monkeypatch):
    first = build_firmware(load_config())

    def compile_again(*_):
        pytest.fail("compiled again")

    monkeypatch.setattr(tilewright.firmware.build, "_compile", compile_again)
    assert build_firmware(load_config("default", None, ["rows=4", "cols=6"])) == first


def test_no_npu_is_another_build(cache):
    assert build_firmware(load_config("cpu-only")) != build_firmware(load_config())


def test_compiler_errors_are_shown(cache, monkeypatch):
    flags = [*tilewright.firmware.build.COMPILER_FLAGS, "-DTW_DATA_CACHE=("]
    monkeypatch.setattr(tilewright.firmware.build, "COMPILER_FLAGS", flags)
    with pytest.raises(TilewrightError, match=r"cannot be built(?s:.*)TW_DATA_CACHE"):
        build_firmware(load_config())
    assert not list((cache / "firmware").glob("[!.]*")), "nothing half-written is left"


def test_a_small_chip_has_the_kernels_of_its_program_alone(cache):
    config = load_config("icebreaker")
    kws = build_firmware(config, {"NPU", "SOFTMAX"})
    assert kws.startswith(RESET_CODE)
    assert len(kws) < SMALL_FIRMWARE_BYTES - BOOT_BYTES, "the boot stage receives it below itself"
    assert build_firmware(config, {"NPU"}) != kws
    full = load_config()
    assert build_firmware(full, {"NPU"}) == build_firmware(full), "others have all of them"


def test_kernels_that_leave_no_room_are_refused(cache):
    with pytest.raises(RequestError, match="no room in its part of main memory; a cpu other than"):
        build_firmware(load_config("icebreaker"), BY_NAME)
    assert not list((cache / "firmware").glob("[!.]*")), "nothing half-written is left"


def test_cache_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TILEWRIGHT_CACHE", str(tmp_path / "file"))
    with pytest.raises(RequestError, match=r"file.*TILEWRIGHT_CACHE"):
        build_firmware(load_config())


@pytest.mark.parametrize("cpu", CPU_VARIANTS)
def test_features_are_those_of_the_cpu(cpu):
    """Against the Verilog: its data cache, and whether it decodes wfi as an instruction to wait."""
    folder = Path(pythondata_cpu_vexriscv.data_location)
    text = (folder / f"{CPU_VARIANTS[cpu]}.v").read_text()
    features = CPU_FEATURES[cpu]
    assert ("module DataCache" in text) == features.data_cache
    assert ("EnvCtrlEnum_binary_sequential_WFI" in text) == features.wfi_sleeps
    # The instruction that empties the cache is illegal elsewhere.
    assert ("== 32'h0000500f" in text) == features.data_cache
    assert "MulPlugin" in text or "MulDivIterativePlugin" in text


def test_a_chip_with_less_memory_has_room_for_a_network(cache):
    config = load_config("icebreaker", sets=["memory_bytes=80K", "scratchpad_bytes=16K"])
    kws = build_firmware(config, {"NPU", "SOFTMAX"})
    assert len(kws) < 20 * 1024 - BOOT_BYTES
    assert len(build_boot_stage(config)) <= BOOT_BYTES


def test_folders_of_odd_names(tmp_path):
    folder = tmp_path / "new\nline and \\ and 'quote'"
    folder.mkdir()
    plain = tmp_path / "plain"
    plain.mkdir()
    config = load_config()
    odd = memory_image(compile_firmware(config, folder).read_bytes(), MEMORY_BASE)
    assert odd == memory_image(compile_firmware(config, plain).read_bytes(), MEMORY_BASE)
