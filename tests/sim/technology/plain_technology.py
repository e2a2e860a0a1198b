"""A technology of round figures, for arithmetic by hand."""

from collections.abc import Mapping
from pathlib import Path

from tilewright.sim.technology.items import ITEMS

HEAD = """\
name: {name}
title: Round figures
node_nm: 100
corner: typical
basis: published
voltage:
  nominal_mv: 1000
  lowest_mv: 800
  highest_mv: 1200
  threshold_mv: 400
  alpha: 2
  leakage_exponent: 3
  source: made up
lines:
"""


def plain_text(
    values: Mapping[str, float | str] = {}, within: float = 1.5, name: str = "plain"
) -> str:
    """Every figure is 1 in its unit but for ``values``, and within ``within``.

    Values that are texts stand in the file as they are.
    """
    lines = (
        f"  - {{item: {item}, value: {values.get(item, 1)}, unit: {ITEMS[item].unit}, "
        f"within: {within}, source: made up}}\n"
        for item in ITEMS
    )
    return HEAD.format(name=name) + "".join(lines)


def plain_file(folder: Path, values: Mapping[str, float | str] = {}, within: float = 1.5) -> str:
    """A file of `plain_text`, as the configuration names it."""
    path = folder / "plain.yaml"
    path.write_text(plain_text(values, within))
    return str(path)
