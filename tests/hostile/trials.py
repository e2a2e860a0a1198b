"""Caches, names, disks and sweeps, tried by the command line in processes of its own."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from tests.hostile.command import ended, run, started
from tilewright.sim.networks.zoo import zoo_model

MODEL = ("run", "--model", "ad", "--backend", "model")
ODD_NAMES = (
    "with a space",
    "n" * 240,
    "n" * 300,
    "esc\x1b[31m",
    "two\nlines",
    "not utf-8 \udcff",
    "\u202eright to left",
    "<script>",
    "-dash",
    "$(touch x)",
)
GRID = ("--grid", "rows=2..9", "--grid", "cols=2..9", "--grid", "clock_hz=10000000,20000000")
POINTS = 8 * 8 * 2


def caches(draw: random.Random, folder: Path) -> None:
    """A cache with damaged entries: the right result, and the entry is whole again."""
    cache = folder / "a cache"
    good = run(folder, *MODEL, "--json", "good.json", cache=cache)
    assert good.status == 0, good.err
    entries = [path for path in cache.rglob("*") if path.is_file() and path.suffix != ".lock"]
    path = draw.choice(entries)
    _damage(draw, path)
    again = run(folder, *MODEL, "--json", "again.json", cache=cache)
    again.require_promised()
    assert again.status == 0, f"{path}: {again.err}"
    assert _layers(folder / "again.json") == _layers(folder / "good.json"), path
    quiet = run(folder, *MODEL, cache=cache)
    assert quiet.status == 0
    assert "building it again" not in quiet.err, f"{path}: {quiet.err}"


def names(draw: random.Random, folder: Path) -> None:
    """An odd name as a network's, a result's, a folder's or a cache's."""
    name, role = draw.choice(ODD_NAMES), draw.randrange(5)
    functional = ("run", "--backend", "functional", "--model")
    if role == 0:
        path = folder / f"{name[:200]}.onnx"
        path.write_bytes(zoo_model("ad"))
        done = run(folder, *functional, f"./{path.name}", "--json", "r.json", "--report", "r.html")
        assert done.status == 0, done.err
    elif role == 1:
        done = run(folder, *functional, "ad", f"--json={name}", f"--report={name}.html")
    elif role == 2:
        done = run(folder, *functional, f"{name}.onnx", f"--config={name}", f"--input={name}.npy")
        assert done.status == 2
    elif role == 3:
        grid = ("--grid", "rows=4,8", "--jobs", "1", f"--out={name}")
        done = run(folder, "sweep", "--model", "ad", *grid)
    else:
        done = run(folder, *MODEL, cache=folder / name)
    done.require_promised()


def disks(draw: random.Random, folder: Path) -> None:
    """Files that end before they are whole, as on a full disk: nothing half-written is left."""
    size = draw.choice((0, 1, 512, 4096, 10_000, 50_000, 200_000))
    (folder / "old.json").write_text("old")
    commands = (
        (*MODEL, "--json", "old.json", "--report", "r.html", "--trace", "t.json"),
        ("run", "--model", "ad", "--backend", "functional", "--json", "old.json"),
        ("zoo", "export", "ad", "ad.onnx"),
        ("area", "--json", "old.json"),
        ("sweep", "--model", "ad", "--grid", "rows=2..9", "--jobs", "1", "--out", "out"),
    )
    command = draw.choice(commands)
    cache = folder / "cache" if draw.random() < 0.5 else None
    done = run(folder, *command, cache=cache, largest_file=size)
    done.require_promised()
    assert not list(folder.rglob(".tilewright-*"))
    if (old := (folder / "old.json").read_text()) != "old":
        assert old.rstrip().endswith("}")
    if command[0] == "sweep":
        done = run(folder, *command, "--resume", cache=cache)
        assert done.status == 0, done.err
        assert _stored(folder / "out") == 8


def sweeps(draw: random.Random, folder: Path) -> None:
    """A sweep that is killed and resumed until it is done: each point is there once."""
    command = ("sweep", "--model", "ad", *GRID, "--jobs", "2", "--out", "out")
    for _ in range(draw.randrange(1, 4)):
        process = started(folder, *command, "--resume")
        time.sleep(draw.uniform(0.5, 6))
        whole = draw.random() < 0.5
        (os.killpg if whole else os.kill)(process.pid, signal.SIGKILL)
        process.communicate()
    done = ended(started(folder, *command, "--resume"))
    done.require_promised()
    assert done.status == 0, done.err
    assert _stored(folder / "out") == POINTS


def _stored(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "results.sqlite")) as connection:
        rows, keys = connection.execute(
            "SELECT count(*), count(DISTINCT key) FROM points WHERE status != 'failed'"
        ).fetchone()
    assert rows == keys
    return rows


def _layers(path: Path) -> str:
    """The part of a result that no clock of the host has a say in."""
    text = path.read_text()
    return text[text.index('"layers"') : text.index('"host"')]


def _damage(draw: random.Random, path: Path) -> None:
    kind = draw.randrange(6)
    data = bytearray(path.read_bytes())
    if kind == 0:
        path.unlink()
    elif kind == 1:
        path.write_bytes(b"")
    elif kind == 2:
        path.write_bytes(data[: len(data) // 2])
    elif kind == 3 and data:
        for _ in range(20):
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        path.write_bytes(data)
    elif kind == 4:
        path.chmod(path.stat().st_mode ^ 0o111)
    elif path.parent.parent.name != "a cache":
        shutil.rmtree(path.parent)
        path.parent.write_text("a file in its place")
