"""A result of ``run --json`` as it is read again: by this version or another, from any backend."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from tilewright.hw.spec.errors import RequestError
from tilewright.sim.results.result import SCHEMA

_LARGEST = 1 << 28
"""Bytes of a file that is read."""

FIGURES = (
    "cycles",
    "latency_s",
    "energy_j",
    "mac_utilisation",
    "macs",
    "npu_cycles",
    "cpu_cycles",
    "read_bytes",
    "write_bytes",
    "peak_sram_bytes",
)
"""Of ``total``; each a number, or None where the backend does not know it."""


@dataclass(frozen=True, kw_only=True)
class SavedLayer:
    """A row of a result; figures that the backend does not know are None.

    ``losses``: cycles by cause, those of idle parts of the array included.
    """

    name: str
    op: str
    engine: str
    cycles: float | None
    energy_j: float | None
    losses: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class SavedRun:
    """What is compared of a result.

    ``total`` has `FIGURES`, and "area_ge" where the result tells it. ``origin`` is the version and
    commit that wrote it, "" in results that do not tell.
    """

    path: Path
    network: str
    sha256: str
    backend: str
    origin: str
    config: Mapping[str, Any]
    total: Mapping[str, float | None]
    energy: Mapping[str, float]
    layers: tuple[SavedLayer, ...]

    @property
    def title(self) -> str:
        """Network, array (or CPU) and backend."""
        config = self.config
        where = f"{config['rows']}x{config['cols']}" if config.get("npu") != "none" else "the CPU"
        return f"{self.network} on {where}, {self.backend}"


def read_run(path: Path) -> SavedRun:
    """Read a result. Raises RequestError where the file is none, or damaged, with what is wrong."""
    root = _Node(path, "", _document(path))
    found = root.value.get("schema") if isinstance(root.value, dict) else None
    if found != SCHEMA:
        kind = f" ('{str(found)[:60]}')" if found is not None else ""
        raise RequestError(f"{path}: is no result of run --json (schema {SCHEMA}){kind}")
    model, config, total = root["model"], root["config"], root["total"]
    for key in ("rows", "cols"):
        config[key].number()
    area = root.get("area")
    energy = total.get("energy_by_component_j")
    version, commit = root.get("version"), root.get("commit")
    written = (version.text(), commit.text() if commit else "") if version else ()
    return SavedRun(
        path=path,
        network=model["name"].text(),
        sha256=model["sha256"].text(),
        backend=root["backend"].text(),
        origin=" ".join(filter(None, written)),
        config={key: node.plain() for key, node in config.fields().items()},
        total={name: total[name].known() for name in FIGURES}
        | {"area_ge": area["total_ge"].known() if area else None},
        energy={name: node.number() for name, node in energy.fields().items()} if energy else {},
        layers=tuple(map(_layer, root["layers"].entries())),
    )


def _layer(node: _Node) -> SavedLayer:
    idle = node.get("idle")  # which older results do not tell
    losses = {**(idle.fields() if idle else {}), **node["stalls"].fields()}
    return SavedLayer(
        name=node["name"].text(),
        op=node["op"].text(),
        engine=node["engine"].text(),
        cycles=node["cycles"].known(),
        energy_j=node["energy_j"].known(),
        losses={cause: cycles.number() for cause, cycles in losses.items()},
    )


def _document(path: Path) -> Any:
    def no_number(text: str) -> NoReturn:
        raise ValueError(f"{text} is no number of JSON")

    try:
        if not path.is_file() and path.exists():
            raise RequestError(f"{path}: is no file: name a result of run --json")
        if path.stat().st_size > _LARGEST:
            raise RequestError(f"{path}: is larger than a result of run --json can be")
        return json.loads(path.read_bytes(), parse_constant=no_number)
    except OSError as error:
        raise RequestError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise RequestError(
            f"{path}: is no JSON, or a part of it ({reason}): write it again with run --json"
        ) from None


@dataclass(frozen=True)
class _Node:
    """A value of the document at its place, for messages such as ``layers[3].cycles``."""

    path: Path
    place: str
    value: Any

    def __getitem__(self, name: str) -> _Node:
        self._expect(isinstance(self.value, dict), "an object")
        if name not in self.value:
            raise RequestError(
                f"{self.path}: the result is damaged: {self._inside(name)} is missing; write it "
                "again with run --json"
            )
        return _Node(self.path, self._inside(name), self.value[name])

    def get(self, name: str) -> _Node | None:
        """What may be missing or null."""
        self._expect(isinstance(self.value, dict), "an object")
        return self[name] if self.value.get(name) is not None else None

    def fields(self) -> dict[str, _Node]:
        """The values of an object."""
        self._expect(isinstance(self.value, dict), "an object")
        return {name: self[name] for name in self.value}

    def entries(self) -> list[_Node]:
        """The values of a list."""
        self._expect(isinstance(self.value, list), "a list")
        return [_Node(self.path, f"{self.place}[{i}]", v) for i, v in enumerate(self.value)]

    def text(self) -> str:
        """A word, on one line."""
        self._expect(isinstance(self.value, str), "a text")
        return "".join(letter if letter.isprintable() else "?" for letter in self.value)

    def number(self) -> float:
        """A number."""
        self._expect(_is_number(self.value), "a number")
        return self.value

    def known(self) -> float | None:
        """A number or null."""
        return None if self.value is None else self.number()

    def plain(self) -> str | float:
        """A number or a word."""
        return self.value if isinstance(self.value, bool) or _is_number(self.value) else self.text()

    def _expect(self, condition: bool, what: str) -> None:
        if not condition:
            raise RequestError(
                f"{self.path}: the result is damaged: {self.place or 'the document'} is not {what};"
                " write it again with run --json"
            )

    def _inside(self, name: str) -> str:
        return f"{self.place}.{name}" if self.place else name


def _is_number(value: object) -> bool:
    """Whether it is a number that figures can be: JSON's may be larger than any float."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) < _LARGEST_FIGURE
    )


_LARGEST_FIGURE = 1e300
