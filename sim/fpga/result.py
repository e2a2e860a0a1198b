"""What `fpga` found, and its JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tilewright.hw.fpga.boards import Board
from tilewright.hw.spec.config import Config
from tilewright.sim.files import write_atomically
from tilewright.sim.fpga.latency import NetworkCycles
from tilewright.sim.fpga.placement import Placement
from tilewright.sim.version import origin

SCHEMA = "tilewright.fpga/1"


@dataclass(frozen=True, kw_only=True)
class FpgaResult:
    """A board's chip.

    Attributes
    ----------
    resources: kind -> (used, available).
    placement: clocks and slowest paths.
    seconds: by tool.
    tools: name -> version.
    networks: cycles by ``backend``.
    bitstream: the file, or None when the clock was not reached.
    """

    board: Board
    config: Config
    seed: int
    resources: Mapping[str, tuple[int, int]]
    placement: Placement
    seconds: Mapping[str, float]
    tools: Mapping[str, str]
    backend: str
    networks: Sequence[NetworkCycles]
    bitstream: Path | None

    @property
    def fmax_mhz(self) -> float:
        """Of the chip's clock."""
        return self.placement.fmax_mhz[self.placement.chip_clock]

    @property
    def clock_hz(self) -> int:
        """What the chip runs at on the board."""
        return self.config.soc.clock_hz

    @property
    def reaches_clock(self) -> bool:
        """Whether the chip works at `clock_hz`."""
        return self.fmax_mhz * 1e6 >= self.clock_hz

    @property
    def latency_clock_hz(self) -> float:
        """The clock that latencies are stated at: the board's, or the fastest when that is less."""
        return min(self.clock_hz, self.fmax_mhz * 1e6)

    def latency_s(self, cycles: int) -> float:
        """Seconds at `latency_clock_hz`."""
        return cycles / self.latency_clock_hz

    def write(self, path: Path) -> None:
        """Write the document; the file appears whole or not at all."""
        write_atomically(path, json.dumps(self._document(), indent=1) + "\n")

    def _document(self) -> dict[str, object]:
        return {
            "schema": SCHEMA,
            **origin(),
            "board": self.board.name,
            "device": self.board.device.name,
            "config": self.config.flat(),
            "tools": dict(self.tools),
            "seed": self.seed,
            "resources": {
                kind: {"used": used, "available": available}
                for kind, (used, available) in self.resources.items()
            },
            "clock_hz": self.clock_hz,
            "timing_met": self.reaches_clock,
            "fmax_mhz": dict(self.placement.fmax_mhz),
            "slowest_path": {clock: asdict(path) for clock, path in self.placement.slowest.items()},
            "seconds": {tool: round(seconds, 1) for tool, seconds in self.seconds.items()},
            "backend": self.backend,
            "networks": [self._network(network) for network in self.networks],
            "bitstream": self.bitstream.name if self.bitstream else None,
        }

    def _network(self, network: NetworkCycles) -> dict[str, object]:
        if network.cycles is None:
            return {"name": network.network, "error": network.reason}
        latency = self.latency_s(network.cycles)
        return {"name": network.network, "cycles": network.cycles, "latency_s": latency}
