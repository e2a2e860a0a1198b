"""Records signals of the chip's RTL in each cycle of a window while it runs a program."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import TilewrightError
from tilewright.hw.verilog import SOC_MODULE
from tilewright.verification.cosim.build import HERE as COSIM
from tilewright.verification.cosim.chip import chip_parameters, chip_sources, memory_arguments
from tilewright.verification.cosim.simulate import reversed_words
from tilewright.verification.cosim.verilate import COMMON_FLAGS, Model, executable_of
from tilewright.verification.tools.toolchain import find_compiler

RECORDER = Path(__file__).with_name("recorder.cpp")
TIMER = "cycles"
"""Output of the chip that tells its timer's count."""

_SIZE_BYTES = 4
_WORD = re.compile(r"\[\d+\]$")
_ODD = re.compile(r"[^\w]")


@dataclass(frozen=True)
class Recording:
    """Rows as they come.

    Attributes
    ----------
    offsets: of each signal in a row, in bytes; signals begin with their lowest bits.
    row_bytes: of a cycle.
    rows: arrays [cycles, bytes] of at most as many cycles as asked for.
    """

    offsets: Sequence[int]
    row_bytes: int
    rows: Iterator[npt.NDArray[np.uint8]]


def build_recorder(
    config: Config,
    signals: Sequence[str],
    modules: Mapping[str, str],
    note: Callable[[str], None] = lambda _: None,
) -> Model:
    """The model of ``config`` that can record ``signals``; built if the cache lacks it.

    Parameters
    ----------
    signals: names from the chip on, with dots; words of memories with their number in brackets.
    modules: module of each instance below the chip's top, by its path.

    Raises RequestError when tools are missing, TilewrightError when they fail.
    """
    sources = chip_sources(config, None, None, note) | {
        "top.sv": (COSIM / "top.sv").read_text(),
        "record.vlt": _public(signals, modules),
        "main.cpp": RECORDER.read_text(),
    }
    # Names of variables are known to a model that can be asked for them.
    flags = [*COMMON_FLAGS, "--vpi", "--timing", *chip_parameters(config)]
    executable, _ = executable_of(sources, flags, find_compiler(), note)
    return Model(executable, 0.0)


@contextmanager
def record(
    model: Model,
    config: Config,
    image: bytes,
    signals: Sequence[str],
    window: tuple[int, int],
    block: int,
) -> Generator[Recording]:
    """Run the model on main memory's ``image``, recording ``signals`` in its order.

    ``window``: first cycle, and the one behind the last, as the chip's timer counts; ``block``:
    cycles of each array but the last. Raises TilewrightError when the simulation fails.
    """
    with tempfile.TemporaryDirectory(prefix="tilewright-") as name:
        folder = Path(name)
        (folder / "image.bin").write_bytes(reversed_words(image, config.npu.bus_bytes))
        (folder / "signals.txt").write_text("".join(f"{signal}\n" for signal in signals))
        (folder / "ranges.txt").write_text("")
        reader, writer = os.pipe()
        command = [
            str(model.executable),
            f"+image={folder / 'image.bin'}",
            f"+ranges={folder / 'ranges.txt'}",
            f"+dump={folder / 'dump.bin'}",
            f"+signals={folder / 'signals.txt'}",
            f"+record_fd={writer}",
            f"+record_from={window[0]}",
            f"+record_to={window[1]}",
            "+bare",
            *memory_arguments(config),
        ]
        with (folder / "log").open("w") as log, os.fdopen(reader, "rb") as file:
            process = subprocess.Popen(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(writer,),
            )
            os.close(writer)
            try:
                sizes = np.frombuffer(file.read(_SIZE_BYTES * len(signals)), np.uint32)
                if len(sizes) < len(signals):
                    process.wait()
                    raise TilewrightError(_failure(process.returncode, folder / "log"))
                ends = np.cumsum(sizes, dtype=np.int64)
                width = int(ends[-1])
                yield Recording((ends - sizes).tolist(), width, _rows(file, width, block))
                if file.read(1) == b"" and process.wait():
                    raise TilewrightError(_failure(process.returncode, folder / "log"))
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()


def _rows(file: BinaryIO, width: int, block: int) -> Iterator[npt.NDArray[np.uint8]]:
    while data := file.read(width * block):
        if len(data) % width:
            raise TilewrightError("the simulation that records signals ended within a cycle")
        yield np.frombuffer(data, np.uint8).reshape(-1, width)


def _failure(status: int, log: Path) -> str:
    lines = log.read_text().splitlines()[-5:]
    said = "\n".join(lines) or "it said nothing"
    return f"the simulation that records signals failed (exit status {status}): {said}"


def _public(signals: Sequence[str], modules: Mapping[str, str]) -> str:
    """Verilator's directives that keep the signals, by module and name."""
    pairs = {_place(signal, modules) for signal in [*signals, TIMER]}
    lines = [f'public_flat_rd -module "{_pattern(m)}" -var "{_pattern(n)}"' for m, n in pairs]
    return "\n".join(["`verilator_config", *sorted(set(lines)), ""])


def _place(signal: str, modules: Mapping[str, str]) -> tuple[str, str]:
    """Module that a signal is in, and its name there."""
    name = _WORD.sub("", signal)
    parts = name.split(".")
    for count in range(len(parts) - 1, 0, -1):
        path = ".".join(parts[:count])
        if path in modules:
            return modules[path], ".".join(parts[count:])
    return SOC_MODULE, name


def _pattern(name: str) -> str:
    """With a joker for what Verilator writes in a way of its own."""
    return _ODD.sub("*", name)
