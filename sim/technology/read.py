"""Technologies from their files: those that the package brings, and the user's own."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import yaml

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.quoted import quoted, shown
from tilewright.hw.spec.user_files import read_text
from tilewright.sim.tables import Loader
from tilewright.sim.technology.items import ITEMS, Scaling
from tilewright.sim.technology.technology import BASES, Basis, Line, Technology, Voltage

ENDING = ".yaml"
_LARGEST_FILE = 1 << 20
"""Bytes."""

_TEXT, _WHOLE, _NUMBER = "a text", "a whole number above 0", "a number above 0"

_KEYS = {"name": _TEXT, "title": _TEXT, "node_nm": _WHOLE, "corner": _TEXT, "basis": _TEXT}
_VOLTAGE = {
    "nominal_mv": _WHOLE,
    "lowest_mv": _WHOLE,
    "highest_mv": _WHOLE,
    "threshold_mv": _NUMBER,
    "alpha": _NUMBER,
    "leakage_exponent": _NUMBER,
    "source": _TEXT,
}
_LINE = {"item": _TEXT, "value": _NUMBER, "unit": _TEXT, "within": _NUMBER, "source": _TEXT}
_FACTOR = {"factor": _NUMBER, "within": _NUMBER, "source": _TEXT}
_FACTORS: tuple[Scaling, ...] = tuple(kind for kind in get_args(Scaling) if kind != "none")


@cache
def technologies() -> tuple[str, ...]:
    """Names of those that the package brings, by node, the finest first."""
    return tuple(sorted(_names(), key=lambda name: (read_technology(name).node_nm, name)))


def _names() -> list[str]:
    return sorted(
        entry.name.removesuffix(ENDING)
        for entry in files("tilewright.sim.technology").iterdir()
        if entry.name.endswith(ENDING)
    )


def technology_of(config: Config) -> Technology:
    """The configuration's, at its supply. Raises RequestError."""
    return _at(config.soc.technology, config.soc.supply_mv)


@lru_cache(maxsize=64)
def _at(name: str, supply_mv: int) -> Technology:
    return read_technology(name).at(supply_mv)


@lru_cache(maxsize=64)
def read_technology(name: str) -> Technology:
    """The technology of a name, or of a file whose name ends in ``.yaml``, at its nominal supply.

    A file is read once. Raises RequestError that names the file and the line, with near names for
    unknown ones.
    """
    return _read(name, ())


def _read(name: str, readers: tuple[str, ...]) -> Technology:
    """``readers``: files and names whose lines are scaled from this one."""
    if name in readers:
        raise RequestError(
            f"{shown(readers[-1])}: is scaled from itself; name another technology in scaled_from"
        )
    readers = (*readers, name)
    if name.endswith(ENDING):
        text = read_text(Path(name), _LARGEST_FILE, "a technology's YAML file")
        return _Reader(shown(name), readers).technology(text, Path(name).parent)
    found = files("tilewright.sim.technology") / f"{name}{ENDING}"
    if not name or "/" in name or not found.is_file():
        near = difflib.get_close_matches(name, _names(), n=2, cutoff=0.4)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(_names())}"
        raise RequestError(
            f"technology {quoted(name)} does not exist; {hint}; your own is a file that ends in "
            f"{ENDING} (python -m sim technologies show NAME --yaml prints one to start from)"
        )
    return _Reader(f"technology {name}", readers).technology(found.read_text(), None)


@cache
def _outside() -> dict[str, Line]:
    """Lines that are the same whatever the chip's process is."""
    found = files("tilewright.sim.technology") / "outside" / "memories.yaml"
    reader = _Reader("memories outside the chip", ())
    return reader.lines(reader.document(found.read_text()))


class _Reader:
    """Takes a document apart; ``source`` is how messages name it, ``readers`` see `_read`."""

    def __init__(self, source: str, readers: tuple[str, ...]) -> None:
        self._source = source
        self._readers = readers

    def technology(self, text: str, folder: Path | None) -> Technology:
        """What the text says; ``folder``: from which other files are named."""
        document = self.document(text)
        own = {key: document[key] for key in _KEYS if key in document}
        self._typed(own, _KEYS, "")
        allowed = {*_KEYS, "voltage", "scaled_from", "lines"}
        self._require_known(document, allowed, "")
        known: dict[str, Basis] = {basis: basis for basis in BASES}
        if (basis := known.get(own["basis"])) is None:
            raise self._wrong(f"basis = {quoted(own['basis'])}: must be one of {', '.join(BASES)}")
        voltage = self._voltage(document.get("voltage"))
        scaled = self._scaled(document.get("scaled_from"), folder)
        lines = {**_outside(), **scaled, **self.lines(document)}
        if missing := [item for item in ITEMS if item not in lines]:
            raise self._wrong(
                f"has no line for {', '.join(missing)}; state them, or name a technology to scale "
                "them from (scaled_from)"
            )
        return Technology(
            name=own["name"],
            title=own["title"],
            node_nm=own["node_nm"],
            corner=own["corner"],
            basis=basis,
            voltage=voltage,
            supply_mv=voltage.nominal,
            lines={item: lines[item] for item in ITEMS},
        )

    def document(self, text: str) -> dict[str, Any]:
        """A mapping from YAML."""
        try:
            document = yaml.load(text, Loader=Loader)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise self._wrong(f"is not a YAML file: {' '.join(str(error).split())}") from None
        return self._mapping(document, "the file")

    def _voltage(self, value: Any) -> Voltage:
        found = self._mapping(value, "voltage")
        self._typed(found, _VOLTAGE, "voltage: ")
        self._require_known(found, set(_VOLTAGE), "voltage: ")
        voltage = Voltage(
            nominal=found["nominal_mv"],
            lowest=found["lowest_mv"],
            highest=found["highest_mv"],
            threshold=found["threshold_mv"],
            alpha=found["alpha"],
            leakage_exponent=found["leakage_exponent"],
            source=found["source"],
        )
        if not voltage.threshold < voltage.lowest <= voltage.nominal <= voltage.highest:
            raise self._wrong(
                "voltage: threshold_mv < lowest_mv <= nominal_mv <= highest_mv does not hold"
            )
        return voltage

    def _scaled(self, value: Any, folder: Path | None) -> dict[str, Line]:
        """Lines of another technology times the factors; none where none is named."""
        if value is None:
            return {}
        found = self._mapping(value, "scaled_from")
        self._require_known(found, {"technology", *_FACTORS}, "scaled_from: ")
        self._typed({"technology": found.get("technology")}, {"technology": _TEXT}, "scaled_from: ")
        factors: dict[Scaling, dict[str, Any]] = {}
        for kind in _FACTORS:
            factors[kind] = self._mapping(found.get(kind), f"scaled_from: {kind}")
            self._typed(factors[kind], _FACTOR, f"scaled_from: {kind}: ")
        name = str(found["technology"])
        place = str(folder / name) if name.endswith(ENDING) and folder is not None else name
        return {
            item: self._scaled_line(line, factors.get(ITEMS[item].scaling), name)
            for item, line in _read(place, self._readers).lines.items()
        }

    def _scaled_line(self, line: Line, by: Mapping[str, Any] | None, name: str) -> Line:
        if by is None:
            return line
        return Line(
            item=line.item,
            value=line.value * by["factor"],
            within=line.within * by["within"],
            source=f"{name} x {by['factor']:.3g}: {by['source']}",
        )

    def lines(self, document: Mapping[str, Any]) -> dict[str, Line]:
        """What a document states, by item."""
        listed = document.get("lines", [])
        if not isinstance(listed, list):
            raise self._wrong("lines: must be a list")
        lines: dict[str, Line] = {}
        for number, value in enumerate(listed, 1):  # pyright: ignore[reportUnknownArgumentType]
            line = self._line(value, f"lines: {number}: ")
            if line.item in lines:
                raise self._wrong(f"lines: {number}: {line.item} is there a second time")
            lines[line.item] = line
        return lines

    def _line(self, value: Any, at: str) -> Line:
        found = self._mapping(value, at.rstrip(": "))
        self._typed(found, _LINE, at)
        self._require_known(found, set(_LINE), at)
        item = found["item"]
        if item not in ITEMS:
            near = difflib.get_close_matches(item, ITEMS, n=2, cutoff=0.4)
            hint = f"did you mean {' or '.join(near)}?" if near else f"items: {', '.join(ITEMS)}"
            raise self._wrong(f"{at}unknown item {quoted(item)}; {hint}")
        if found["unit"] != ITEMS[item].unit:
            raise self._wrong(
                f"{at}{item} is stated in {quoted(found['unit'])}: must be in {ITEMS[item].unit}"
            )
        if found["within"] < 1:
            raise self._wrong(
                f"{at}{item}: within = {found['within']}: must be a factor of 1 or more: the truth "
                "lies between value / within and value * within"
            )
        return Line(item, float(found["value"]), float(found["within"]), found["source"])

    def _typed(self, found: Mapping[str, Any], kinds: Mapping[str, str], at: str) -> None:
        for key, kind in kinds.items():
            value = found.get(key)
            if value is None:
                raise self._wrong(f"{at}has no {key}, which must be {kind}")
            if kind == _TEXT:
                good = isinstance(value, str) and value.isprintable() and value.strip() != ""
            else:
                whole = isinstance(value, int) and not isinstance(value, bool)
                good = whole or (kind == _NUMBER and isinstance(value, float))
                good = good and math.isfinite(value) and 0 < value < 1e15
            if not good:
                raise self._wrong(f"{at}{key} = {quoted(value)}: must be {kind}")

    def _require_known(self, found: Mapping[str, Any], known: set[str], at: str) -> None:
        if unknown := sorted(str(key) for key in found.keys() - known):
            raise self._wrong(
                f"{at}unknown key {quoted(unknown[0])}; keys: {', '.join(sorted(known))}"
            )

    def _mapping(self, value: Any, what: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._wrong(f"{what}: must be a mapping of keys and values")
        return value  # pyright: ignore[reportUnknownVariableType]

    def _wrong(self, text: str) -> RequestError:
        return RequestError(f"{self._source}: {text}")
