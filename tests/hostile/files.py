"""Damaged files that a user names, tried in this process: each is read, or is one refusal."""

from __future__ import annotations

import io
import json
import random
import sqlite3
from contextlib import suppress
from pathlib import Path

import numpy as np

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.settings import load_config
from tilewright.sim.networks.arrays import read_arrays
from tilewright.sim.networks.labels import read_labels
from tilewright.sim.sweep.database import database_errors
from tilewright.sim.sweep.points_file import read_points
from tilewright.sim.sweep.store import Store

LONGEST = 10_000
"""Letters of a message."""

TOML = b"""rows = 8
cols = 0x10  # sixteen
cpu = "full"
scratchpad_bytes = 65_536
"""
LABELS = "cat\ndog\n\N{SNOWMAN}\n".encode()
CSV = b'rows,cols,cpu\n4,8,full\n8,,"lite"\n'
POINTS = json.dumps([{"rows": 4, "cpu": "full"}, {"cols": 16}]).encode()


def arrays(draw: random.Random, folder: Path) -> None:
    """A .npy or .npz file."""
    stream = io.BytesIO()
    values = np.arange(120, dtype=draw.choice((np.int8, np.float32, np.uint8)))
    if draw.random() < 0.5:
        np.save(stream, values)
        path = folder / "x.npy"
    else:
        draw.choice((np.savez, np.savez_compressed))(stream, x=values, y=values.reshape(2, 60))
        path = folder / "x.npz"
    _tried(draw, path, stream.getvalue(), read_arrays)


def configurations(draw: random.Random, folder: Path) -> None:
    """A TOML file."""
    _tried(draw, folder / "c.toml", TOML, lambda path: load_config(toml=path))


def points(draw: random.Random, folder: Path) -> None:
    """A list of points, or labels."""
    name, content, read = draw.choice(
        (
            ("p.csv", CSV, read_points),
            ("p.json", POINTS, read_points),
            ("l.txt", LABELS, read_labels),
        )
    )
    _tried(draw, folder / name, content, read)


def databases(draw: random.Random, folder: Path) -> None:
    """A sweep's database."""
    path, content = folder / "results.sqlite", _database(folder)
    damaged = bytearray(content)
    for _ in range(draw.choice((1, 5, 20, 100))):
        damaged[draw.randrange(len(damaged))] ^= 1 << draw.randrange(8)
    path.write_bytes(damaged[: draw.choice((len(damaged), draw.randrange(len(damaged))))])
    with suppress(RequestError), database_errors(path), Store.open(path) as store:
        store.export_csv(folder / "results.csv")
        for row in (folder / "results.csv").read_text().splitlines()[1:]:
            assert "garbage" not in row


def _database(folder: Path) -> bytes:
    whole = folder / "whole.sqlite"
    if not whole.exists():
        with Store.create(whole) as store:
            for key in map(str, range(20)):
                about = {"key": key, "model": "net", "backend": "model", "status": "ok"}
                store.add({**about, **Config().flat(), "cycles": 100})
            store.commit()
        with sqlite3.connect(whole) as connection:
            assert connection.execute("SELECT count(*) FROM points").fetchone() == (20,)
        connection.close()
    return whole.read_bytes()


def _tried(draw: random.Random, path: Path, content: bytes, read: object) -> None:
    assert callable(read)
    path.write_bytes(damaged(draw, content))
    said = ""
    try:
        read(path)
    except RequestError as error:
        said = str(error)
    assert "\x1b" not in said
    assert len(said) < LONGEST


def damaged(draw: random.Random, content: bytes) -> bytes:
    """The file with bytes changed, cut, doubled or put in."""
    data = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 5))):
        at = draw.randrange(len(data) + 1)
        kind = draw.randrange(5)
        if kind == 0 and data:
            data[at % len(data)] = draw.choice((0, 27, 255, draw.randrange(256)))
        elif kind == 1:
            del data[at:]
        elif kind == 2:
            del data[at : at + draw.randrange(16)]
        elif kind == 3:
            data[at:at] = data[at : at + draw.randrange(64)]
        else:
            odd = (b"[" * 4000, b"9" * 6000, b"\x1b[31m", b"\xff\xfe", b"\0", b"\n\n", b'"""')
            data[at:at] = draw.choice(odd)
    return bytes(data)
