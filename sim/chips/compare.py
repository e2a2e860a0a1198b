"""Our designs beside chips that were measured: what is modelled stays apart from what is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.quoted import quoted
from tilewright.sim.chips.published import Chip, baseline_chip, published_chips
from tilewright.sim.chips.rows import Row
from tilewright.sim.networks.network_file import NetworkFile, open_network
from tilewright.sim.progress import Progress
from tilewright.sim.run.predict import Predictor
from tilewright.sim.technology.read import technology_of

NETWORKS = ("vww", "kws", "ic", "ad")
"""Of MLPerf Tiny, whose published results there are."""


def named_networks(models: Sequence[str], progress: Progress) -> dict[str, NetworkFile]:
    """The networks of ``--model``: a name of `NETWORKS`, or NAME=FILE for its file.

    All built-in ones where there is none. Raises RequestError.
    """
    found: dict[str, NetworkFile] = {}
    for text in models or NETWORKS:
        name, equals, path = text.partition("=")
        if name not in NETWORKS:
            raise RequestError(
                f"--model {quoted(text)}: must be one of {', '.join(NETWORKS)}, of which there are "
                f"published results, or its file as {NETWORKS[0]}=F.tflite"
            )
        if name in found:
            raise RequestError(f"--model {quoted(text)}: {name} is there a second time")
        found[name] = open_network(path if equals else name, progress)
    return found


def compare(
    networks: Mapping[str, NetworkFile], designs: Mapping[str, Config], progress: Progress
) -> list[Row]:
    """The published chips' rows and the designs', network by network. Raises RequestError."""
    rows: list[Row] = []
    for name, network in networks.items():
        rows += [_measured(name, chip) for chip in published_chips() if name in chip.energy_j]
        predictor = Predictor(network)
        for title, config in designs.items():
            with progress.step(f"Predicting {name} on {title}"):
                rows.append(_modelled(name, title, config, predictor))
    return rows


def _measured(network: str, chip: Chip) -> Row:
    cycles = chip.cycles.get(network)
    return Row(
        network=network,
        name=chip.name,
        process=chip.process,
        clock_hz=chip.clock_hz,
        measured=True,
        cycles=cycles,
        latency_s=chip.latency_s(network),
        energy_j=chip.energy_j[network],
        within=None,
        speedup=_speedup(network, cycles),
        source=chip.source,
    )


def _modelled(network: str, title: str, config: Config, predictor: Predictor) -> Row:
    total = predictor.predict(config).total
    technology = technology_of(config)
    return Row(
        network=network,
        name=title,
        process=technology.name,
        clock_hz=config.soc.clock_hz,
        measured=False,
        cycles=total.cycles,
        latency_s=total.latency_s,
        energy_j=total.energy_j,
        within=total.energy_within,
        speedup=_speedup(network, total.cycles),
        source=None,
    )


def _speedup(network: str, cycles: int | None) -> float | None:
    base = baseline_chip().cycles.get(network)
    return base / cycles if base and cycles else None
