"""How much of the model's speed is left under cocotb.

``python -m verification.cosim.benchmark [--preset P] [--set KEY=VALUE]... [--cycles N]`` runs the
same program for as many cycles under cocotb and in a bare C++ loop, and prints both speeds (cycles
a second of processor time, start and end of the process included) and their ratio. It fails (exit
status 1) under `REQUIRED_RATIO`.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import cocotb_tools.config

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.settings import load_config
from tilewright.verification.cosim.build import HERE, build_model
from tilewright.verification.cosim.chip import memory_arguments
from tilewright.verification.cosim.simulate import Job, simulate

REQUIRED_RATIO = 0.5
ROUNDS = 3

PROGRAM = (
    0x400402B7,  # lui   t0, 0x40040
    0x0002A303,  # loop: lw t1, 0(t0)
    0x00130313,  # addi  t1, t1, 1
    0x02630333,  # mul   t1, t1, t1
    0x0062A023,  # sw    t1, 0(t0)
    0xFF1FF06F,  # j     loop
)
"""Machine code that keeps core, data cache and memory bus busy for ever."""


def cocotb_speed(config: Config, cycles: int) -> float:
    """Cycles a second under cocotb."""
    executable = build_model(config, note=print).executable
    image = b"".join(word.to_bytes(4, "little") for word in PROGRAM)
    started = _children_s()
    with tempfile.TemporaryDirectory() as folder:
        outcome = simulate(executable, Job(config, image, [], cycles), Path(folder))
    return outcome.cycle / (_children_s() - started)


def bare_speed(config: Config, cycles: int) -> float:
    """Cycles a second of the same model in a C++ loop."""
    executable = build_model(config, main=HERE / "bare.cpp", note=print).executable
    image = b"".join(word.to_bytes(4, "little") for word in PROGRAM)
    width = config.npu.bus_bytes
    padded = image + bytes(-len(image) % width)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "image.bin")
        path.write_bytes(
            b"".join(padded[i : i + width][::-1] for i in range(0, len(padded), width))
        )
        command = [str(executable), f"+image={path}", f"+cycle_limit={cycles}", "+bare"]
        command += memory_arguments(config)
        libraries = {"LD_LIBRARY_PATH": str(cocotb_tools.config.libs_dir)}
        started = _children_s()
        subprocess.run(command, env=libraries, check=True, capture_output=True)
        return cycles / (_children_s() - started)


def _children_s() -> float:
    """Processor time of all ended child processes; other work on the machine does not count."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> int:
    """Entry of ``python -m verification.cosim.benchmark``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="cpu-only")
    parser.add_argument("--set", action="append", default=[], dest="sets", metavar="KEY=VALUE")
    parser.add_argument("--cycles", type=int, default=3_000_000)
    arguments = parser.parse_args()
    config = load_config(arguments.preset, None, arguments.sets)
    # The best of several rounds: other work on the machine only ever slows a run down.
    cocotb = max(cocotb_speed(config, arguments.cycles) for _ in range(ROUNDS))
    bare = max(bare_speed(config, arguments.cycles) for _ in range(ROUNDS))
    print(f"cocotb {cocotb:12,.0f} cycles/s")
    print(f"C++    {bare:12,.0f} cycles/s")
    print(f"ratio  {cocotb / bare:12.2f}   (required: {REQUIRED_RATIO})")
    return int(cocotb / bare < REQUIRED_RATIO)


if __name__ == "__main__":
    sys.exit(main())
