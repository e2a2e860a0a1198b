"""Networks on their way to workers, which may not see the files that they came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.graph.op import Op, Port
from tilewright.mapper.graph.tensor import Tensor
from tilewright.sim.networks.network_file import NetworkFile, open_network
from tilewright.sim.progress import Progress


@dataclass(frozen=True)
class PackedNetwork:
    """A `NetworkFile` of parts that can be pickled."""

    shell: NetworkFile
    name: str
    tensors: Mapping[str, Tensor]
    ops: tuple[Op, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    ports: Mapping[str, Port]

    def unpacked(self) -> NetworkFile:
        """The network as it was."""
        graph = Graph(
            self.name,
            # Replaced, so that constants are read-only again.
            MappingProxyType({name: replace(tensor) for name, tensor in self.tensors.items()}),
            self.ops,
            self.inputs,
            self.outputs,
            MappingProxyType(dict(self.ports)),
        )
        return replace(self.shell, graph=graph)


def packed(network: NetworkFile) -> PackedNetwork:
    """The network, to be sent."""
    graph = network.graph
    return PackedNetwork(
        shell=replace(network, graph=Graph("", {}, (), (), ())),
        name=graph.name,
        tensors=dict(graph.tensors),
        ops=graph.ops,
        inputs=graph.inputs,
        outputs=graph.outputs,
        ports=dict(graph.ports),
    )


def open_networks(models: Sequence[str], progress: Progress) -> tuple[NetworkFile, ...]:
    """The networks by `named_apart`. Raises RequestError as `open_network` does."""
    return named_apart(models, [open_network(model, progress) for model in models])


def named_apart(models: Sequence[str], networks: Sequence[NetworkFile]) -> tuple[NetworkFile, ...]:
    """Networks, each with a name of its own: where two files are called alike, their paths.

    ``models``: how the user named each. Raises RequestError where a network is named twice.
    """
    for place, network in enumerate(networks):
        for other in networks[:place]:
            if other.sha256 == network.sha256:
                raise RequestError(f"--model {models[place]}: is the same network as {other.path}")
    names = [network.name for network in networks]
    return tuple(
        network if names.count(network.name) == 1 else replace(network, name=network.path)
        for network in networks
    )
