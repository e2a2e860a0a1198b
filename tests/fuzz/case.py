"""One file through the mapper: what comes out, at which cost."""

from __future__ import annotations

import resource
import signal
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.compile import compile_model
from tilewright.mapper.importers.onnx.importer import import_onnx
from tilewright.mapper.importers.tflite.importer import import_tflite
from tilewright.sim.functional.backend import FunctionalBackend

SECONDS = 2.0
"""Of the processor, for the import and again for mapping and running."""
MEGABYTES = 500
"""More than before the case."""

Outcome = Literal["refused", "imported", "run"]
_IMPORTS = {"tflite": import_tflite, "onnx": import_onnx}


class TooSlowError(Exception):
    """A case took longer than it may."""


class NoFileNamedError(Exception):
    """A refusal that doesn't begin with the file."""


def run_case(kind: str, content: bytes, config: Config) -> Outcome:
    """Import, map and run a file; raises whatever is no RequestError, and past the limits.

    ``imported``: the configuration cannot compute it.
    """
    with limited(), warnings.catch_warnings():
        warnings.simplefilter("error")
        path = Path(f"case.{kind}")
        try:
            graph = _IMPORTS[kind](path, content)
        except RequestError as error:
            if not str(error).startswith(str(path)):
                raise NoFileNamedError(str(error)) from error
            return "refused"
    with limited(), warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            program = compile_model(graph, config)
        except RequestError:
            return "imported"
        rng = np.random.default_rng(len(content))
        values = {
            port.name: rng.integers(-100, 100, port.shape).astype(port.dtype)
            for port in program.inputs
        }
        FunctionalBackend(program).run(values)
    return "run"


@contextmanager
def limited() -> Generator[None]:
    """Processor time and memory of what runs inside. Linux only."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MEGABYTES * 1_000_000
    before = signal.signal(signal.SIGPROF, _too_slow)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _too_slow(number: int, frame: object) -> None:
    raise TooSlowError(f"more than {SECONDS} s of processor time")
