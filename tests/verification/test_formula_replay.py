"""The mapper's cycle formula against the model's replay, on 10,000 random windows.

The formula is a price: it does not know which rows a window has outside of the image, nor how the
few steps of a small tile meet the drain. Most windows agree closely all the same, and their sum,
which is what decides between tilings, does.
"""

import pytest

from tests.command_programs import CommandProgram
from tests.verification.test_formula import formula
from tilewright.hw.spec.commands import Opcode
from tilewright.hw.spec.config import make_config
from tilewright.sim.model.backend import ModelBackend

DESIGNS = {
    "8x8": {},
    "5x3, two lanes": {"rows": 5, "cols": 3, "requantiser_lanes": 2, "bus_bytes": 4},
    "16x4, wide port": {"rows": 16, "cols": 4, "port_bytes": 32, "bus_bytes": 16},
    "4x4": {"rows": 4, "cols": 4},
    "16x16": {"rows": 16, "cols": 16},
}
PROGRAMS, WINDOWS = 50, 40


@pytest.mark.parametrize("name", DESIGNS)
def test_windows_take_what_the_formula_says(name):
    config = make_config(DESIGNS[name])
    near = count = fewest = most = took = 0
    for seed in range(PROGRAMS):
        program = CommandProgram(config, seed).windows(WINDOWS)
        commands = [
            command
            for command in program.commands(program.steps[0])
            if command.opcode in (Opcode.CONV, Opcode.DEPTHWISE)
        ]
        segments = [s for s in ModelBackend(program).run().segments if s.causes]
        for command, segment in zip(commands, segments, strict=True):
            cycles = sum(segment.causes.values()) - segment.causes["transfer"]
            least, greatest = formula(command, config.npu)
            near += 0.95 * least - 50 <= cycles <= 1.05 * greatest + 50
            fewest, most, took = fewest + least, most + greatest, took + cycles
            count += 1
    # Some windows are run again with their weights kept.
    assert count >= PROGRAMS * WINDOWS
    assert near > 0.8 * count
    assert 0.95 * fewest < took < 1.05 * most
