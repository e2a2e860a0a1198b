"""Units of a Liberty file."""

from __future__ import annotations

import re

from tilewright.verification.gates.liberty_syntax import Group

_PREFIXES = {"": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15, "a": 1e-18}
_UNIT = re.compile(r"\s*([\d.eE+-]*)\s*([a-zA-Z]*?)([sVWF])\s*", re.IGNORECASE)


def unit_of(group: Group, name: str, otherwise: str) -> float:
    """A unit in SI."""
    text = group.simple.get(name, otherwise)
    found = _UNIT.fullmatch(text)
    prefix = found[2].lower() if found else "?"
    try:
        if found and prefix in _PREFIXES:
            return float(found[1] or 1) * _PREFIXES[prefix]
    except ValueError:
        pass
    raise group.error(f"{name} : {text} is no unit that is understood")


def capacitance_unit(group: Group) -> float:
    """The file's unit of capacitance in fF."""
    given = group.lists.get("capacitive_load_unit", ("1", "pf"))
    if len(given) == 2:
        scales = {"ff": 1.0, "pf": 1e3, "nf": 1e6}
        try:
            return float(given[0]) * scales[given[1].lower()]
        except (KeyError, ValueError):
            pass
    raise group.error(f"capacitive_load_unit {given} is no unit that is understood")
