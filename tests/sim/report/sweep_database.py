"""A sweep's database of made-up figures, in the schema that pictures read."""

import itertools
import json
import random
import sqlite3
from dataclasses import dataclass, field

from tilewright.hw.spec.config import Config

CAUSES = ("weights", "activations", "drain", "transfer", "parameters", "command", "cpu")
CONFIG = Config().flat()

RESULTS = (
    "cycles INTEGER, latency_s REAL, energy_j REAL, mac_utilisation REAL, peak_sram_bytes INTEGER,"
    " sram_bytes INTEGER,"
    " area_ge REAL, status TEXT, error TEXT, npu_cycles INTEGER, cpu_cycles INTEGER,"
    " read_bytes INTEGER, write_bytes INTEGER, logic_ge REAL, memory_ge REAL, synthesised_ge REAL,"
    " speedup REAL, requested INTEGER DEFAULT 1, on_front INTEGER,"
    " on_joint_front INTEGER DEFAULT 0, recommended INTEGER DEFAULT 0,"
    " within_limits INTEGER DEFAULT 1,"
    " rtl_cycles INTEGER, rtl_mismatches INTEGER, fpga_mhz REAL, fpga_error TEXT"
)
TYPES = {name: "INTEGER" if isinstance(v, int) else "TEXT" for name, v in CONFIG.items()}
TABLES = f"""
CREATE TABLE points (id INTEGER PRIMARY KEY, key TEXT UNIQUE, model TEXT, backend TEXT,
  {", ".join(f"{name} {kind}" for name, kind in TYPES.items())},
  {RESULTS});
CREATE TABLE layers (point INTEGER, position INTEGER, name TEXT, op TEXT, engine TEXT,
  cycles INTEGER, macs INTEGER, energy_j REAL, stalls TEXT, PRIMARY KEY (point, position));
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT);
"""


NO_ANSWER = {"described": None, "fields": [], "limits": [], "designs": [], "recommended": None,
             "missed": None}  # fmt: skip


@dataclass
class Database:
    """Points and layers as mappings; `write` puts them into a file."""

    points: list[dict] = field(default_factory=list)
    layers: list[dict] = field(default_factory=list)
    objectives: tuple[str, ...] = ("cycles", "area_ge")
    notes: dict[str, list[str]] = field(default_factory=dict)
    answer: dict = field(default_factory=lambda: dict(NO_ANSWER))

    def add(self, model="vww", status="ok", config=None, **results):
        number = len(self.points) + 1
        self.points.append(
            {"id": number, "key": f"k{number}", "model": model, "backend": "model", "on_front": 0}
            | CONFIG | (config or {}) | {"status": status} | results
        )  # fmt: skip
        return number

    def add_layer(self, point, position, name, op, engine, cycles, macs, energy_j, stalls):
        self.layers.append(
            {"point": point, "position": position, "name": name, "op": op, "engine": engine,
             "cycles": cycles, "macs": macs, "energy_j": energy_j, "stalls": json.dumps(stalls)}
        )  # fmt: skip

    def write(self, path):
        with sqlite3.connect(path) as connection:
            connection.executescript(TABLES)
            for table, rows in (("points", self.points), ("layers", self.layers)):
                for row in rows:
                    names = ", ".join(row)
                    places = ", ".join("?" * len(row))
                    values = tuple(row.values())
                    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", values)
            models = list(dict.fromkeys(row["model"] for row in self.points))
            networks = {name: {"notes": self.notes.get(name, [])} for name in models}
            meta = {"schema": "tilewright.sweep/2", "objectives": self.objectives,
                    "command": "python -m sim sweep --model vww", "models": models,
                    "fields": [name for name in CONFIG
                               if len({row[name] for row in self.points}) > 1],
                    "networks": networks, "answer": self.answer}  # fmt: skip
            for key, value in meta.items():
                connection.execute("INSERT INTO meta VALUES (?, ?)", (key, json.dumps(value)))
        connection.close()
        return path


def large(models, grids, layers, seed=0):
    """A plausible sweep: `grids` maps fields to values; an eighth of the points fails."""
    rng = random.Random(seed)
    database = Database(objectives=("cycles", "energy_j", "area_ge"))
    for model, choice in itertools.product(models, itertools.product(*grids.values())):
        config = dict(zip(grids, choice, strict=True))
        if rng.random() < 0.125:
            status, error = rng.choice(
                (("invalid", "configuration: bus_bytes = 32: must be at most port_bytes = 16"),
                 ("unmappable", "layer 'conv3': needs 70,000 bytes"), ("failed", "hang <b>")),
            )  # fmt: skip
            database.add(model, status, config, error=error)
            continue
        _plausible(database, model, config, layers, rng)
    for model in models:
        _mark_front([row for row in database.points if row["model"] == model])
    return database


def _plausible(database, model, config, layers, rng):
    elements = config.get("rows", 8) * config.get("cols", 8)
    number = len(database.points) + 1
    total, energy, macs = 0, 0.0, 0
    for position in range(layers):
        products = 20_000 * (1 + position % 7)
        stalls = {cause: rng.randrange(400) * (rng.random() < 0.6) for cause in CAUSES}
        cycles = products // elements + sum(stalls.values())
        joules = products * 2e-12 + cycles * 1e-10
        op = ("CONV_2D", "DEPTHWISE_CONV_2D")[position % 2]
        last = position == layers - 1
        if last:
            op, products, stalls = "SOFTMAX", 0, {}
        database.add_layer(
            number, position, f"layer{position}", op, "cpu" if last else "npu", cycles, products,
            joules, stalls,
        )  # fmt: skip
        total, energy, macs = total + cycles, energy + joules, macs + products
    memory = config.get("scratchpad_bytes", 65536)
    area = 2300.0 * elements + 1.5 * memory + rng.random()
    database.add(
        model, "ok", config, cycles=total, latency_s=total / 1e8, energy_j=energy,
        mac_utilisation=macs / total / elements, peak_sram_bytes=memory - 1024, area_ge=area,
        npu_cycles=total - 100, cpu_cycles=100, read_bytes=250_000, write_bytes=2_000,
        logic_ge=2300.0 * elements, memory_ge=1.5 * memory,
        speedup=4e6 / total,
    )  # fmt: skip


def _mark_front(rows):
    good = sorted((row for row in rows if row["status"] == "ok"), key=lambda row: row["area_ge"])
    best = float("inf")
    for row in good:
        if row["cycles"] < best:
            best = row["cycles"]
            row["on_front"] = 1
            row["rtl_cycles"] = round(row["cycles"] * 1.002) - 3
            row["rtl_mismatches"] = 0
