"""Gate-level runs of made-up figures."""

from tilewright.sim.measure.energy_fit import LINES, GateRun, LayerEnergy

EVENTS = {event: 0.0 for lines in LINES.values() for line in lines for event in line.events}


def layer(logic_pj, cycles=100, name="layer", **counts):
    """A layer in which nothing happens but ``counts``, by event."""
    return LayerEnergy(
        name=name, cycles=cycles, events={**EVENTS, **counts}, logic_pj=logic_pj, sram_pj={}
    )


def run(*layers, network="ad", sets="rows=4 cols=8", rest_pj=None):
    """A network on a design."""
    return GateRun(
        network=network,
        sets=sets,
        rest_pj=rest_pj or {},
        banks=1.0,
        leakage_w=1e-6,
        gates=1000,
        layers=layers,
    )
