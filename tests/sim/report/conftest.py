from types import SimpleNamespace

import pytest

from tilewright.hw.spec.config import Config
from tilewright.mapper.program.program import MemoryUse
from tilewright.sim.results.course import Course
from tilewright.sim.results.segments import Segment

NAMES = ("conv<1>[x]", "softmax")


@pytest.fixture
def program():
    """What pictures read of a Program: two layers and where their tensors lie."""
    return SimpleNamespace(
        config=Config(),
        base=0x4000_8000,
        image=bytes(1000),
        layers=tuple(
            SimpleNamespace(name=name, op=op, tensor=f"out of {name}")
            for name, op in zip(NAMES, ("CONV_2D", "SOFTMAX"), strict=True)
        ),
        memory_plan=(
            MemoryUse("input", "scratchpad", 8192, 4096, 0, 0),
            MemoryUse("out of conv<1>[x]", "scratchpad", 0, 8192, 0, 1),
            MemoryUse("conv<1>[x] staging 0.0.1", "scratchpad", 12288, 512, 0, 0),
            MemoryUse("softmax", "memory", 0x4040_0000, 1024, -1, 2),
        ),
        peak_sram_bytes=12800,
    )


def npu_events(beats):
    return {"memory_read_beats": beats, "memory_write_beats": 0}


@pytest.fixture
def course(program):
    """Start-up, the accelerator's layer and the CPU's, as in the fixture `result`."""
    return Course(
        program,
        (
            Segment(layer=None, engine="cpu", start=0, cycles=100, causes={}, events={},
                    cpu_active=100),
            Segment(layer=0, engine="npu", start=100, cycles=600,
                    causes={"busy": 510, "weights": 60, "drain": 30}, events=npu_events(150),
                    cpu_active=60),
            Segment(layer=1, engine="cpu", start=700, cycles=300, causes={}, events={},
                    cpu_active=300),
        ),
    )  # fmt: skip
