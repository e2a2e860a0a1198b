"""Numbered cases: each is a network, its changes and a configuration, drawn from two seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from tests.fuzz import onnx_mutations, onnx_networks, tflite_mutations, tflite_networks
from tests.fuzz.case import Outcome, run_case
from tests.fuzz.draws import Draws, flipped
from tests.fuzz.tflite_file import write_file
from tilewright.hw.spec.config import Config, make_config
from tilewright.mapper.importers.onnx import importer as onnx_importer
from tilewright.mapper.importers.tflite import importer as tflite_importer

NETWORKS: Mapping[str, Sequence[str]] = {
    "tflite": (*sorted(tflite_importer._RULES), *tflite_networks.KINDS),
    "onnx": (*sorted(onnx_importer._OPERATORS), *onnx_networks.KINDS),
}
"""Of each format one network for every operator that the importer has a rule for, and others."""
_CONFIGS = ({}, {}, {"npu": "none"}, {"rows": 4, "cols": 4, "scratchpad_bytes": 4096})
_FLIPS = 0.15
"""The share of cases whose bytes change, too."""


@dataclass(frozen=True)
class Case:
    """A file of a ``kind`` that began as a network of a name."""

    kind: str
    network: str
    content: bytes
    config: Config

    def run(self) -> Outcome:
        """Run it; see `run_case`."""
        return run_case(self.kind, self.content, self.config)


def case(seed: int, number: int) -> Case:
    """The case of a number."""
    draws = Draws(seed, number)
    kind = ("tflite", "onnx")[number % 2]
    names = NETWORKS[kind]
    name = names[number // 2 % len(names)]
    content = _tflite(name, draws) if kind == "tflite" else _onnx(name, draws)
    if draws.chance(_FLIPS):
        content = flipped(draws, content)
    return Case(kind, name, content, _configs()[draws.below(len(_CONFIGS))])


def _tflite(name: str, draws: Draws) -> bytes:
    network = tflite_networks.tflite_network(name, draws)
    return _drawn(lambda: write_file(tflite_mutations.mutated(draws, network)))


def _onnx(name: str, draws: Draws) -> bytes:
    network = onnx_networks.onnx_network(name, draws)
    return _drawn(lambda: onnx_mutations.mutated(draws, network).SerializeToString())


def _drawn(draw: Callable[[], bytes]) -> bytes:
    """The first file drawn whose values fit their fields in the schema."""
    while True:
        try:
            return draw()
        except (ArithmeticError, AssertionError, TypeError, ValueError):
            continue


@cache
def _configs() -> tuple[Config, ...]:
    return tuple(make_config(values) for values in _CONFIGS)
