"""`zoo`: the built-in networks."""

from __future__ import annotations

import argparse
from pathlib import Path

from tilewright.hw.spec.quoted import printable
from tilewright.sim.files import require_writable, write_atomically

HELP = "the built-in networks"


def add(parser: argparse.ArgumentParser) -> None:
    """The verb's own verbs."""
    verbs = parser.add_subparsers(dest="zoo_verb", required=True, metavar="list|export")
    verbs.add_parser("list", help="names and topologies").set_defaults(handle=_zoo_list)
    export = verbs.add_parser("export", help="write a network as a QDQ ONNX file")
    export.add_argument("name", metavar="NAME", help="of a built-in network")
    export.add_argument("out", type=Path, metavar="OUT.onnx", help="the file to write")
    export.set_defaults(handle=_zoo_export)


def _zoo_list(_: argparse.Namespace) -> None:
    from tilewright.sim.networks.zoo import ZOO_NAMES, zoo_topology

    for name in ZOO_NAMES:
        print(f"{name}  {zoo_topology(name).title}; synthetic weights")


def _zoo_export(options: argparse.Namespace) -> None:
    from tilewright.sim.networks.zoo import zoo_model

    require_writable(options.out)
    write_atomically(options.out, zoo_model(options.name))
    print(printable(str(options.out)))
