"""A network looked at without running it: top to bottom."""

from __future__ import annotations

import json
from pathlib import Path

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.sim.files import require_writable, write_atomically
from tilewright.sim.inspect.accepted import accepted
from tilewright.sim.inspect.inspected import Inspected
from tilewright.sim.inspect.refused import refused
from tilewright.sim.inspect.svg import write_svg
from tilewright.sim.inspect.terminal import print_inspected
from tilewright.sim.networks.network_file import open_network
from tilewright.sim.progress import Progress
from tilewright.sim.report.console import report_console


def inspect(
    model: str, config: Config, json_file: Path | None, svg_file: Path | None, progress: Progress
) -> Inspected:
    """Look at a network, write the files that were asked for and print what was found.

    One that is refused is shown as well, with everything that is in its way. Raises RequestError
    where there is no file, or it cannot be read at all.
    """
    for path in (json_file, svg_file):
        if path is not None:
            require_writable(path)
    found = _inspected(model, config, progress)
    if json_file:
        write_atomically(json_file, json.dumps(found.to_dict(), indent=1) + "\n")
    if svg_file:
        write_svg(svg_file, found)
    print_inspected(found, report_console())
    return found


def _inspected(model: str, config: Config, progress: Progress) -> Inspected:
    try:
        network = open_network(model, progress)
    except RequestError as error:
        if not Path(model).is_file():
            raise
        return refused(Path(model), error)
    with progress.step("Mapping"):
        return accepted(network, config)
