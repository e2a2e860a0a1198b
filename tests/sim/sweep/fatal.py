"""A network that ends the process of whoever unpacks it."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from tilewright.sim.sweep.networks import PackedNetwork


@dataclass(frozen=True)
class Fatal(PackedNetwork):
    """Writes a line into ``log`` and dies, the first ``times`` times."""

    log: Path = Path()
    times: int = 0

    def unpacked(self):
        with self.log.open("a") as file:
            file.write(f"{os.getpid()}\n")
        if len(self.log.read_text().splitlines()) <= self.times:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().unpacked()
