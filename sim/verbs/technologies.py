"""`technologies`: the processes by which energy, area and clock are stated."""

from __future__ import annotations

import argparse

from tilewright.sim.verbs.options import whole_number

HELP = "processes, their figures and where those come from"


def add(parser: argparse.ArgumentParser) -> None:
    """The verb's own verbs."""
    verbs = parser.add_subparsers(dest="technologies_verb", required=True, metavar="list|show")
    verbs.add_parser("list", help="names, nodes and the main figures").set_defaults(handle=_list)
    show = verbs.add_parser("show", help="every figure with its source")
    show.add_argument("technology", metavar="NAME", help="of a technology, or a file F.yaml")
    show.add_argument("--supply-mv", metavar="MV", help="at another supply than the nominal one")
    show.add_argument(
        "--yaml", action="store_true", help="as a file that --technology takes, to start from"
    )
    show.set_defaults(handle=_show)


def _list(_: argparse.Namespace) -> None:
    from tilewright.sim.report.technologies import print_technologies

    print_technologies()


def _show(options: argparse.Namespace) -> None:
    from tilewright.sim.report.technologies import print_technology, technology_yaml
    from tilewright.sim.technology.read import read_technology

    supply = 0
    if options.supply_mv is not None:
        supply = whole_number("--supply-mv", options.supply_mv, 1)
    technology = read_technology(options.technology).at(supply)
    if options.yaml:
        print(technology_yaml(read_technology(options.technology)), end="")
    else:
        print_technology(technology)
