"""Odd networks through the mapper: a few of those that `make fuzz` tries."""

import sys

import pytest

from tests.fuzz.case import run_case
from tests.fuzz.cases import NETWORKS, case
from tests.fuzz.draws import Draws
from tests.fuzz.onnx_networks import onnx_network
from tests.fuzz.tflite_file import write_file
from tests.fuzz.tflite_networks import tflite_network
from tilewright.hw.spec.config import make_config

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's")
BLOCKS, EACH = 20, 25


@pytest.mark.parametrize("block", range(BLOCKS))
def test_only_request_errors_come_out(block: int):
    for number in range(block * EACH, (block + 1) * EACH):
        case(7, number).run()


@pytest.mark.parametrize("kind", NETWORKS)
def test_most_networks_are_sound_before_they_are_changed(kind: str):
    config, outcomes = make_config({}), {}
    for name in NETWORKS[kind]:
        if kind == "tflite":
            content = write_file(tflite_network(name, Draws(0)))
        else:
            content = onnx_network(name, Draws(0)).SerializeToString()
        outcomes[name] = run_case(kind, content, config)
    sound = [name for name, outcome in outcomes.items() if outcome == "run"]
    assert len(sound) > 0.6 * len(outcomes)
