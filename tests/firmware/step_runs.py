"""One step in C and in NumPy on the same memory."""

import numpy as np

from tests.firmware.host_kernels import HostKernels
from tilewright.hw.spec.steps import StepKind
from tilewright.sim.functional.memory import Memory


def both(kernels: HostKernels, kind: StepKind, shape, dtype=np.int8, **values: int):
    """The outputs (C, NumPy) of one step, of this shape and type; other bytes stay 0x5A."""
    count = int(np.prod(shape)) * np.dtype(dtype).itemsize
    own = kernels.run(kind, (count,), **values)
    output = kernels.place(np.full(count, 0x5A, np.int8), misalign=0)
    memory = Memory(kernels.snapshot(), 0, "the test's memory")
    kind.run({**values, "output": output}, memory)
    expected = memory.read(output, count).copy()
    return own.view(dtype).reshape(shape), expected.view(dtype).reshape(shape)
