"""Configuration of the accelerator and of the system around it.

Two frozen dataclasses hold every parameter; `Config` joins them and is what users set:
a preset, then a TOML file, then ``KEY=VALUE`` pairs, each overriding the one before.
A value that cannot be built is refused here, with the reason, before anything starts.
"""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hw.spec.errors import RequestError

AUTO = 0
"""Value of a field that is derived from others when nobody sets it."""

CPU_VARIANTS: Mapping[str, str] = {
    "full": "VexRiscv_Full",
    "standard": "VexRiscv",
    "lite": "VexRiscv_Lite",
    "imac": "VexRiscv_IMAC",
}
"""CPU names and the VexRiscv build each one stands for. All have RV32IM."""

SMALL_CPUS: Mapping[str, str] = {"min": "VexRiscv_Min"}
"""CPUs for small FPGAs, of RV32I alone and without caches: no backend but RTL tells their cycles.
Timer and finisher beside them are small, too."""

CPU_BUILDS: Mapping[str, str] = {**CPU_VARIANTS, **SMALL_CPUS}
"""All CPUs."""


def next_power_of_two(value: int) -> int:
    """Smallest power of two that is at least ``value`` (>= 1)."""
    return 1 << (value - 1).bit_length()


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise RequestError(f"configuration: {message}")


def _is_power_of_two(value: int) -> bool:
    return value > 0 and value & (value - 1) == 0


@dataclass(frozen=True, kw_only=True)
class NpuConfig:
    """The accelerator: an output-stationary array of ``rows`` channels x ``cols`` pixels.

    Parameters
    ----------
    rows: output channels computed at once, 2..32; twice as many in paired commands.
    cols: output pixels computed at once, 2..32; half as many in paired commands.
    accumulator_bits: width of an accumulator, 20..32. Layers that could overflow
        it run on the CPU.
    scratchpad_bytes: activation memory, all banks together.
    scratchpad_banks: banks interleaved by words of ``port_bytes``; more banks, fewer DMA conflicts.
    port_bytes: bytes that one scratchpad access moves; power of two, at least rows.
        0 chooses the smallest of at least rows, cols, bus_bytes and 16.
    weight_buffer_bytes: ring buffer for weights, filled by DMA ahead of use.
    requantiser_lanes: results requantised a cycle, at most rows. 0 chooses rows.
    depthwise_kernel: largest depthwise or pooling kernel that reuses its window on chip (larger
        ones work, at one scratchpad read a tap and pixel).
    bus_bytes: width of the DMA's bus, bytes a cycle.
    control: ``"hardwired"``, or ``"microcode"`` for small FPGAs: the same commands, one thing after
        the other, with the scratchpad in main memory (docs/microcode.md). Layers that it does not
        take run on the CPU.
    """

    rows: int = 8
    cols: int = 8
    accumulator_bits: int = 32
    scratchpad_bytes: int = 64 * 1024
    scratchpad_banks: int = 4
    port_bytes: int = AUTO
    weight_buffer_bytes: int = 16 * 1024
    requantiser_lanes: int = AUTO
    depthwise_kernel: int = 3
    bus_bytes: int = 8
    control: str = "hardwired"

    def __post_init__(self) -> None:
        _require(
            self.control in ("hardwired", "microcode"),
            f"control = {self.control!r}: must be hardwired or microcode",
        )
        if self.port_bytes == AUTO and self.microcode:
            object.__setattr__(self, "port_bytes", self.bus_bytes)
        elif self.port_bytes == AUTO:
            widest = next_power_of_two(max(self.rows, self.cols, 1))
            object.__setattr__(self, "port_bytes", max(16, widest, self.bus_bytes))
        if self.requantiser_lanes == AUTO:
            object.__setattr__(self, "requantiser_lanes", self.rows)
        if self.microcode:
            self._validate_microcode()
        self._validate_array()
        self._validate_memories()

    def _validate_microcode(self) -> None:
        for name, value in (("rows", 4), ("bus_bytes", 4), ("port_bytes", 4)):
            found = getattr(self, name)
            _require(found == value, f"{name} = {found}: must be {value} with control = microcode")
        _require(self.cols <= 31, f"cols = {self.cols}: must be 2..31 with control = microcode")
        _require(
            _is_power_of_two(self.scratchpad_bytes) and self.scratchpad_bytes <= 1 << 16,
            f"scratchpad_bytes = {self.scratchpad_bytes}: must be a power of two, 4096..65536, "
            "with control = microcode",
        )

    def _validate_array(self) -> None:
        _require(2 <= self.rows <= 32, f"rows = {self.rows}: must be 2..32")
        _require(2 <= self.cols <= 32, f"cols = {self.cols}: must be 2..32")
        _require(
            20 <= self.accumulator_bits <= 32,
            f"accumulator_bits = {self.accumulator_bits}: must be 20..32",
        )
        _require(
            1 <= self.requantiser_lanes <= self.rows,
            f"requantiser_lanes = {self.requantiser_lanes}: must be 1..rows (rows = {self.rows})",
        )
        _require(
            1 <= self.depthwise_kernel <= 7,
            f"depthwise_kernel = {self.depthwise_kernel}: must be 1..7",
        )

    def _validate_memories(self) -> None:
        port, banks = self.port_bytes, self.scratchpad_banks
        _require(
            _is_power_of_two(self.bus_bytes) and 4 <= self.bus_bytes <= 32,
            f"bus_bytes = {self.bus_bytes}: must be 4, 8, 16 or 32",
        )
        _require(
            _is_power_of_two(port) and (port >= 8 or self.microcode) and port <= 32,
            f"port_bytes = {port}: must be 8, 16 or 32",
        )
        _require(
            port >= self.rows,
            f"port_bytes = {port} is less than rows = {self.rows}: a depthwise read takes one byte "
            "for each row; set port_bytes to a power of two of at least rows",
        )
        _require(
            self.bus_bytes <= port,
            f"bus_bytes = {self.bus_bytes}: must be at most port_bytes = {port}",
        )
        _require(
            _is_power_of_two(banks) and 2 <= banks <= 16,
            f"scratchpad_banks = {banks}: must be 2, 4, 8 or 16",
        )
        _require(
            4096 <= self.scratchpad_bytes <= 1 << 20,
            f"scratchpad_bytes = {self.scratchpad_bytes}: must be 4096..1048576",
        )
        _require(
            self.scratchpad_bytes % (port * banks) == 0,
            f"scratchpad_bytes = {self.scratchpad_bytes}: must be a multiple of "
            f"port_bytes x scratchpad_banks = {port * banks}",
        )
        word = self.weight_memory_bytes
        _require(
            _is_power_of_two(self.weight_buffer_bytes)
            and 1024 <= self.weight_buffer_bytes <= 1 << 20,
            f"weight_buffer_bytes = {self.weight_buffer_bytes}: must be a power of two, "
            f"1024..1048576 (its memory words hold {word} bytes)",
        )

    @property
    def microcode(self) -> bool:
        """Whether the control is microprogrammed."""
        return self.control == "microcode"

    @property
    def pairs(self) -> bool:
        """Whether commands can be paired."""
        return not self.microcode

    @property
    def weight_word_bytes(self) -> int:
        """Bytes of one weight word: a weight for each row, padded to a power of two."""
        return next_power_of_two(self.rows)

    @property
    def weight_pair_bytes(self) -> int:
        """Bytes of the weight words of two blocks of channels, as a paired step takes them."""
        return 2 * self.weight_word_bytes

    @property
    def weight_memory_bytes(self) -> int:
        """Width of the weight buffer's memory: holds a bus beat and a pair of weight words."""
        return max(self.weight_pair_bytes, self.bus_bytes)

    @property
    def paired_pixels(self) -> int:
        """Output pixels of a paired tile, in which two columns share a pixel."""
        return self.cols // 2

    @property
    def pairs_depthwise(self) -> bool:
        """Whether a scratchpad read brings two blocks of channels, so that DEPTHWISE can pair."""
        return self.pairs and self.port_bytes >= self.weight_pair_bytes

    @property
    def depthwise_bytes(self) -> int:
        """Bytes of a depthwise slot in one column: a pixel of one block, or of two."""
        return self.weight_pair_bytes if self.pairs_depthwise else self.weight_word_bytes

    @property
    def columns(self) -> int:
        """Column buffers: one for each pixel, and the overhang of a depthwise window."""
        return self.cols + self.depthwise_kernel - 1

    @property
    def column_bytes(self) -> int:
        """Bytes of a column buffer: two convolution words, or the rows of a window and one more."""
        rows_of_window = (self.depthwise_kernel + 1) * self.depthwise_bytes
        return max(2 * self.port_bytes, -(-rows_of_window // self.port_bytes) * self.port_bytes)

    @property
    def convolution_slots(self) -> int:
        """Words of ``port_bytes`` that a column buffer holds for convolutions."""
        return self.column_bytes // self.port_bytes

    @property
    def depthwise_slots(self) -> int:
        """Pixels of ``depthwise_bytes`` that a column buffer holds for depthwise windows."""
        return self.column_bytes // self.depthwise_bytes


@dataclass(frozen=True, kw_only=True)
class SocConfig:
    """The system around the accelerator.

    Parameters
    ----------
    cpu: VexRiscv build, one of `CPU_BUILDS`.
    npu: ``"array"``, or ``"none"`` for the RISC-V core alone.
    memory_bytes: main memory; firmware, program, weights and spilled tensors live there.
    memory_latency: cycles from an accepted read to its data, 1..64. Reads are pipelined: the
        memory moves one word of the bus (``bus_bytes``) a cycle.
    clock_hz: clock at which latency and leakage are stated.
    """

    cpu: str = "full"
    npu: str = "array"
    memory_bytes: int = 4 * 1024 * 1024
    memory_latency: int = 8
    clock_hz: int = 100_000_000

    def __post_init__(self) -> None:
        _require(
            self.cpu in CPU_BUILDS,
            f"cpu = {self.cpu!r}: must be one of {', '.join(CPU_BUILDS)}",
        )
        _require(self.npu in ("array", "none"), f"npu = {self.npu!r}: must be array or none")
        _require(
            _is_power_of_two(self.memory_bytes) and 1 << 17 <= self.memory_bytes <= 1 << 26,
            f"memory_bytes = {self.memory_bytes}: must be a power of two, 128 KiB..64 MiB",
        )
        _require(
            1 <= self.memory_latency <= 64,
            f"memory_latency = {self.memory_latency}: must be 1..64 cycles",
        )
        _require(
            1_000_000 <= self.clock_hz <= 5_000_000_000,
            f"clock_hz = {self.clock_hz}: must be 1 MHz..5 GHz",
        )


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything that describes a design. Field names are unique across the two parts."""

    npu: NpuConfig = NpuConfig()
    soc: SocConfig = SocConfig()

    def __post_init__(self) -> None:
        _require(
            not self.shares_memory or self.soc.memory_bytes <= 1 << 18,
            f"memory_bytes = {self.soc.memory_bytes}: must be 131072 or 262144 with control = "
            "microcode",
        )

    @property
    def shares_memory(self) -> bool:
        """Whether the scratchpad is the end of main memory."""
        return self.soc.npu != "none" and self.npu.microcode

    @property
    def main_memory_bytes(self) -> int:
        """Main memory without the scratchpad."""
        return self.soc.memory_bytes - self.shares_memory * self.npu.scratchpad_bytes

    def flat(self) -> dict[str, int | str]:
        """Every field, defaults included, as one flat mapping; ``npu`` is the SoC's field."""
        return {**dataclasses.asdict(self.npu), **dataclasses.asdict(self.soc)}

    def hardware_key(self) -> str:
        """Hash of what the hardware is made from (the clock does not change the netlist)."""
        fields = {k: v for k, v in self.flat().items() if k != "clock_hz"}
        return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:16]


PRESETS: Mapping[str, Mapping[str, int | str]] = {
    "default": {},
    "tiny": {
        "rows": 4,
        "cols": 4,
        "scratchpad_bytes": 32 * 1024,
        "weight_buffer_bytes": 8 * 1024,
        "cpu": "lite",
    },
    "wide": {"rows": 16, "cols": 16, "bus_bytes": 16, "scratchpad_bytes": 128 * 1024},
    "low-memory": {"scratchpad_bytes": 16 * 1024, "weight_buffer_bytes": 8 * 1024},
    "cpu-only": {"npu": "none"},
    "icebreaker": {
        "control": "microcode",
        "rows": 4,
        "cols": 16,
        "accumulator_bits": 24,
        "bus_bytes": 4,
        "scratchpad_bytes": 32 * 1024,
        "cpu": "min",
        "memory_bytes": 128 * 1024,
        "memory_latency": 3,
        "clock_hz": 12_000_000,
    },
}
"""Named starting points: overrides of the defaults."""

_NPU_FIELDS = {f.name: f for f in dataclasses.fields(NpuConfig)}
_SOC_FIELDS = {f.name: f for f in dataclasses.fields(SocConfig)}
FIELDS: tuple[str, ...] = (*_NPU_FIELDS, *_SOC_FIELDS)
"""Every key that ``--set`` and a TOML file accept."""


def make_config(values: Mapping[str, Any]) -> Config:
    """Build a `Config` from a flat mapping of overrides.

    Raises `RequestError` that names the key for unknown keys, wrong types and values that cannot
    be built.
    """
    typed: dict[str, Any] = {**typed_values(values, "configuration")}
    return Config(
        npu=NpuConfig(**{k: v for k, v in typed.items() if k in _NPU_FIELDS}),
        soc=SocConfig(**{k: v for k, v in typed.items() if k in _SOC_FIELDS}),
    )


def typed_values(values: Mapping[str, Any], source: str) -> dict[str, int | str]:
    """The values as their fields' types; a RequestError names ``source``."""
    typed: dict[str, int | str] = {}
    for key, value in values.items():
        if key not in FIELDS:
            near = difflib.get_close_matches(key, FIELDS, n=3, cutoff=0.4)
            hint = f"did you mean {' or '.join(near)}?" if near else f"keys: {', '.join(FIELDS)}"
            raise RequestError(f"{source}: unknown key {key!r}; {hint}")
        field = _NPU_FIELDS.get(key) or _SOC_FIELDS[key]
        typed[key] = _typed(value, str(field.type), key, source)
    return typed


def _typed(value: Any, type_name: str, key: str, source: str) -> int | str:
    if type_name == "str":
        if isinstance(value, str):
            return value
        raise RequestError(f"{source}: {key} = {value!r}: must be a word")
    if isinstance(value, str):
        try:
            return int(value.replace("_", ""), 0)
        except ValueError:
            raise RequestError(f"{source}: {key} = {value!r}: must be a whole number") from None
    if isinstance(value, bool) or not isinstance(value, int):
        raise RequestError(f"{source}: {key} = {value!r}: must be a whole number")
    return value


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            table = tomllib.load(file)
    except OSError as error:
        raise RequestError(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RequestError(f"{path}: is not a TOML file: {error}") from None
    nested = [key for key, value in table.items() if isinstance(value, dict)]
    if nested:
        raise RequestError(f"{path}: has a table [{nested[0]}]; keys stand at the top level")
    return table


def load_values(
    preset: str = "default", toml: Path | None = None, sets: Sequence[str] = ()
) -> dict[str, int | str]:
    """What a preset, then a TOML file, then ``KEY=VALUE`` strings set, one overriding the other.

    Fields that nobody sets are missing, so that those derived from others still can be. Raises
    `RequestError` for unknown keys and wrong types.
    """
    if preset not in PRESETS:
        near = difflib.get_close_matches(preset, PRESETS, n=2, cutoff=0.3)
        raise RequestError(
            f"preset {preset!r} does not exist; "
            + (f"did you mean {' or '.join(near)}?" if near else f"presets: {', '.join(PRESETS)}")
        )
    values: dict[str, int | str] = dict(PRESETS[preset])
    if toml is not None:
        values |= typed_values(_read_toml(toml), str(toml))
    for item in sets:
        key, equals, value = item.partition("=")
        if not equals or not key.strip():
            raise RequestError(f"--set {item!r}: must read KEY=VALUE")
        values |= typed_values({key.strip(): value.strip()}, "--set")
    return values


def load_config(
    preset: str = "default", toml: Path | None = None, sets: Sequence[str] = ()
) -> Config:
    """The configuration of `load_values`. Raises `RequestError`."""
    return make_config(load_values(preset, toml, sets))
