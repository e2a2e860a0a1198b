"""``python -m sim.site [DIR]`` builds the documentation site; DIR is build/site unless given.

``python -m sim.site --write`` rewrites the pages of docs/ that are made of the code.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tilewright.hw.spec.errors import TilewrightError
from tilewright.sim.site.build import PROJECT, build_site


def main(arguments: list[str]) -> int:
    """Entry of ``python -m sim.site``: 0 done, 2 the request is wrong, 3 a page has faults."""
    parser = argparse.ArgumentParser(
        prog="python -m sim.site", description="Build the documentation site"
    )
    default = PROJECT / "build" / "site"
    parser.add_argument("out", nargs="?", type=Path, default=default, metavar="DIR")
    parser.add_argument(
        "--write", action="store_true", help="rewrite the pages that are made of the code, only"
    )
    options = parser.parse_args(arguments)
    try:
        if options.write:
            from tilewright.sim.site.generated import write_generated

            print(*write_generated(PROJECT / "docs"), sep="\n")
        else:
            build_site(options.out)
            print(options.out / "index.html")
    except TilewrightError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
