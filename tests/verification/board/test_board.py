"""The client against the firmware on the simulated chip, bit by bit over its serial lines."""

import json
import random
import signal
import subprocess
import sys

import numpy as np
import pytest

from tests.documents import faults
from tests.firmware.images import Image, copy_step
from tests.memory_map import PROGRAM_BASE
from tests.sim.board.mlperf.client import Client
from tilewright.firmware.build import build_boot_stage, build_firmware
from tilewright.hw.spec.errors import CheckError
from tilewright.hw.spec.monitor import (
    DATA_BYTES,
    ERROR,
    ERRORS,
    REPLY,
    Request,
    encode_frame,
    from_words,
    words,
)
from tilewright.hw.spec.registers import MEMORY_BASE
from tilewright.hw.spec.settings import load_config
from tilewright.sim import __main__ as entry
from tilewright.sim.board.board import Board
from tilewright.sim.board.connect import SIMULATED_HZ, load_firmware, require_firmware
from tilewright.sim.board.frames import Deframer
from tilewright.sim.board.link import Link, RefusalError, Timing
from tilewright.sim.board.port import opened_port
from tilewright.sim.networks.network_file import open_network
from tilewright.sim.progress import Progress
from tilewright.sim.run.predict import Predictor
from tilewright.verification.board.board import prepare_board, simulated_board

pytestmark = pytest.mark.rtl

BAUD = 1_000_000
PATIENCE_S = 60.0
PHASE_CYCLES = 8
CONFIG = load_config("tiny", None, ["cpu=full", "clock_hz=25000000"])
STEPS = ("NPU", "SOFTMAX")
IMAGE_BYTES_AT = 32
"""Byte of a Program's header: behind eight words."""

MEMORY_END = MEMORY_BASE + CONFIG.soc.memory_bytes


@pytest.fixture(scope="module")
def terminal():
    """A board's, with the firmware in its memory."""
    with simulated_board(prepare_board(CONFIG)) as port:
        yield port


@pytest.fixture
def port(terminal):
    with opened_port(terminal, BAUD, PATIENCE_S) as port:
        # Behind the greeting nothing is on its way.
        Link(port, Timing(BAUD, PATIENCE_S)).greet()
        yield port


@pytest.fixture
def board(port):
    return Board(Link(port, Timing(BAUD, PATIENCE_S)))


def run(terminal, monkeypatch, folder, *arguments):
    """The JSON of a run of the client."""
    monkeypatch.chdir(folder)
    command = ["tilewright", "board", "--port", terminal, "run", "--json", "r.json", *arguments]
    monkeypatch.setattr(sys, "argv", command)
    assert entry.main() == 0
    document = json.loads((folder / "r.json").read_text())
    assert faults(document) == []
    return document


def replies(port, data, count):
    """``count`` frames that come after ``data`` was sent."""
    frames, found = Deframer(), []
    port.write(data)
    while len(found) < count:
        frames.add(port.read(4096))
        while (frame := frames.next()) is not None:
            found.append(frame)
    return found


def error_names(frames):
    names = {code: name for name, (code, *_) in ERRORS.items()}
    return [names[from_words(f.payload)[0]] if f.kind == ERROR else f.kind - REPLY for f in frames]


def test_it_says_who_it_is(board):
    assert board.config == CONFIG
    assert not board.greeting.boot
    assert not board.greeting.failed
    assert board.greeting.writable == (PROGRAM_BASE, MEMORY_END)
    firmware = build_firmware(CONFIG)
    assert board.holds(MEMORY_BASE, firmware), "byte for byte what simulations run"
    assert not board.holds(MEMORY_BASE, firmware[:-1] + b"\xff")


def test_memory_keeps_what_is_written_at_any_address(board):
    rng = random.Random(4)
    for _ in range(8):
        data = rng.randbytes(rng.randrange(1, 3000))
        address = rng.randrange(PROGRAM_BASE, MEMORY_END - len(data))
        board.write(address, data)
        assert board.read(address, len(data)) == data
        assert board.holds(address, data)


def test_the_ends_of_memory(board):
    board.write(MEMORY_END - 3, b"end")
    assert board.read(MEMORY_END - 3, 3) == b"end"
    board.test(MEMORY_END - 64, 64)
    assert board.read(MEMORY_BASE, 16) == build_firmware(CONFIG)[:16]


@pytest.mark.parametrize(
    ("kind", "payload", "name"),
    [
        (Request.WRITE, words(MEMORY_BASE) + b"x", "range"),
        (Request.WRITE, words(PROGRAM_BASE - 1) + b"xy", "range"),
        (Request.WRITE, words(MEMORY_END - 1) + b"xy", "range"),
        (Request.WRITE, words(0xF000_0008) + b"1234", "range"),
        (Request.WRITE, b"xy", "length"),
        (Request.READ, words(MEMORY_END - 4, 5), "range"),
        (Request.READ, words(0xFFFF_FFFC, 8), "range"),
        (Request.READ, words(PROGRAM_BASE, 0xFFFF_FFFF), "length"),
        (Request.READ, words(PROGRAM_BASE, DATA_BYTES + 1), "length"),
        (Request.READ, words(PROGRAM_BASE), "length"),
        (Request.CHECK, words(PROGRAM_BASE, 0xFFFF_FFFF), "range"),
        (Request.TEST, words(MEMORY_BASE, 4), "range"),
        (Request.TEST, words(PROGRAM_BASE + 2, 4), "range"),
        (Request.TEST, words(PROGRAM_BASE, 6), "range"),
        (Request.HELLO, b"x", "length"),
        (Request.START, words(PROGRAM_BASE), "request"),
        (0, b"", "request"),
        (77, b"", "request"),
        (Request.RUN, b"", "program"),
    ],
)
def test_what_is_not_allowed_is_refused_with_its_number(port, board, kind, payload, name):
    board.write(PROGRAM_BASE, bytes(64))
    (reply,) = replies(port, encode_frame(kind, 7, payload), 1)
    assert error_names([reply]) == [name]
    assert reply.sequence == 7


def test_a_request_that_comes_again_is_not_executed_again(port, board):
    board.write(PROGRAM_BASE, b"before")
    read = encode_frame(Request.READ, 201, words(PROGRAM_BASE, 6))
    write = encode_frame(Request.WRITE, 202, words(PROGRAM_BASE) + b"behind")
    other = encode_frame(Request.WRITE, 203, words(PROGRAM_BASE) + b"around")
    first, again = replies(port, read, 1) + replies(port, read, 1)
    assert first == again
    assert [frame.sequence for frame in replies(port, write, 1) + replies(port, write, 1)] == [
        202
    ] * 2
    assert replies(port, other, 1)[0].kind == Request.WRITE | REPLY
    assert board.read(PROGRAM_BASE, 6) == b"around"


def test_damage_is_told_and_the_next_frame_understood(port):
    whole = encode_frame(Request.CHECK, 9, words(PROGRAM_BASE, 256))
    broken = bytearray(encode_frame(Request.WRITE, 8, words(PROGRAM_BASE) + bytes(100)))
    broken[60] ^= 4
    assert error_names(replies(port, bytes(broken), 1)) == ["crc"]
    assert error_names(replies(port, whole, 1)) == [Request.CHECK]
    long = encode_frame(Request.WRITE, 8)[:4] + b"\xff\xff"
    assert error_names(replies(port, long, 1)) == ["length"]
    assert error_names(replies(port, whole, 1)) == [Request.CHECK]


def test_garbage_is_passed_by(port):
    rng = random.Random(6)
    garbage = bytes(byte for byte in rng.randbytes(2000) if byte != 0xA5)
    frame = encode_frame(Request.CHECK, 10, words(PROGRAM_BASE, 128))
    assert error_names(replies(port, garbage + b"\xa5" + frame, 1)) == [Request.CHECK]


def test_a_frame_that_breaks_off_is_given_up(port):
    """After the time of some thousand bytes."""
    part = encode_frame(Request.WRITE, 8, words(PROGRAM_BASE) + bytes(100))[:40]
    (reply,) = replies(port, part, 1)
    assert error_names([reply]) == ["incomplete"]
    assert from_words(reply.payload)[1:3] == (34, 104)
    frame = encode_frame(Request.CHECK, 11, words(PROGRAM_BASE, 64))
    assert error_names(replies(port, frame, 1)) == [Request.CHECK]


def test_reset_starts_anew_and_memory_keeps_its_contents(board):
    board.write(PROGRAM_BASE + 4000, b"still here")
    board.reset()
    assert not board.greeting.failed
    assert board.read(PROGRAM_BASE + 4000, 10) == b"still here"


def test_a_trap_is_told_and_the_board_goes_on(board, terminal, monkeypatch, tmp_path):
    """A Program with a step of the CPU that reads where nothing is."""
    nowhere = 0x1000_0000
    image = Image(steps=[copy_step(0, nowhere, PROGRAM_BASE + 0x8000, 4)])
    board.write(PROGRAM_BASE, program_bytes(image))
    with pytest.raises(CheckError, match=r"trapped.* \(bus error on a load\).*mtval 0x10000000"):
        board.run(100_000)
    board.greet()
    assert not board.greeting.failed


def test_a_network_runs_bit_exactly(terminal, monkeypatch, tmp_path):
    result = run(
        terminal, monkeypatch, tmp_path, "--model", "kws", "--preset", "tiny", "--set", "cpu=full"
    )
    assert result["backend"] == "board"
    assert result["check"] == {"reference": "functional", "elements": 12, "mismatches": 0}
    assert {key: result["config"][key] for key in CONFIG.flat()} == CONFIG.flat()
    assert result["clock_hz"] == 25_000_000
    assert sum(layer["cycles"] for layer in result["layers"]) == result["total"]["cycles"]
    again = run(terminal, monkeypatch, tmp_path, "--model", "kws")
    assert again["outputs"] == result["outputs"]
    # A refill of a cache meets whatever the memory is doing.
    assert abs(again["total"]["cycles"] - result["total"]["cycles"]) <= PHASE_CYCLES


def test_a_board_is_measured_by_the_benchmarks_runner(terminal):
    """Its client speaks another protocol, on a pseudo-terminal between the two."""
    command = [sys.executable, "-m", "sim", "board", "--port", terminal, "--mlperf", "kws"]
    with subprocess.Popen([*command, "--hold", "0"], stdout=subprocess.PIPE, text=True) as process:
        try:
            with Client(process.stdout.readline().split()[0]) as client:
                client.load(bytes(490))
                elapsed, values = client.infer(3, 1)
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=60) == 0
    assert len(values) == 12
    cycles = Predictor(open_network("kws", Progress())).predict(CONFIG).total.cycles
    assert abs(25 * elapsed - 3 * cycles) <= 3 * PHASE_CYCLES + 25


def test_the_boot_stage_receives_the_firmware():
    with (
        simulated_board(prepare_board(CONFIG, boot_stage=True)) as terminal,
        opened_port(terminal, BAUD, PATIENCE_S) as port,
    ):
        board = Board(Link(port, Timing(BAUD, PATIENCE_S)))
        assert board.greeting.boot
        assert board.read(MEMORY_BASE, 64) == build_boot_stage(CONFIG)[:64]
        for refused in (lambda: board.run(1), lambda: board.holds(MEMORY_BASE, b"x")):
            with pytest.raises(CheckError, match="no such request, or not at this stage"):
                refused()
        load_firmware(board, STEPS, Progress())
        assert not board.greeting.boot
        assert not board.greeting.failed
        require_firmware(board, STEPS)
        board.reset()
        assert not board.greeting.boot, "a reset starts the firmware that is there"


@pytest.mark.slow
def test_the_smallest_board_runs_a_network(monkeypatch, tmp_path):
    """An iCEBreaker's chip, from power-up on: boot stage, CPU without caches, microprogram."""
    config = load_config("icebreaker")
    with simulated_board(prepare_board(config, boot_stage=True)) as terminal:
        result = run(terminal, monkeypatch, tmp_path, "--model", "kws", "--preset", "icebreaker")
    assert result["check"]["mismatches"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vww"])
def test_large_networks_take_the_cycles_of_the_simulation(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    results = []
    for verb in (["run"], ["board", "run", "--simulate"]):
        monkeypatch.setattr(sys, "argv", ["tilewright", *verb, "--model", name, "--json", "r.json"])
        assert entry.main() == 0
        results.append(json.loads((tmp_path / "r.json").read_text()))
    rtl, board = results
    assert board["outputs"] == rtl["outputs"]
    assert abs(board["total"]["cycles"] - rtl["total"]["cycles"]) <= PHASE_CYCLES
    assert board["total"]["read_bytes"] == rtl["total"]["read_bytes"]


def test_a_served_board_answers_under_the_port_that_is_printed():
    sets = [f"--set={item}" for item in ("cpu=full", "clock_hz=25000000")]
    command = [sys.executable, "-m", "sim", "board", "--simulate", "serve", "--preset", "tiny"]
    with subprocess.Popen([*command, *sets], stdout=subprocess.PIPE, text=True) as process:
        try:
            name = process.stdout.readline().split()[0]
            with opened_port(name, BAUD, PATIENCE_S) as port:
                assert Board(Link(port, Timing(BAUD, PATIENCE_S))).config.soc == CONFIG.soc
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=60) == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--port", "/dev/null", "serve"], "add --simulate"),
        (["--simulate", "--boot", "info"], "can only be served"),
    ],
)
def test_only_a_simulated_board_is_served(arguments, says, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["tilewright", "board", *arguments])
    assert entry.main() == 2
    assert says in capsys.readouterr().err


def empty_program(bytes_behind: int = 0, release: int = 0) -> bytes:
    """An image of no steps, and so many bytes behind its header."""
    image = Image(header={"release": release})
    image.place(np.zeros(bytes_behind, np.int8))
    return program_bytes(image)


def program_bytes(image: Image) -> bytes:
    """What a board is sent of it."""
    return image.memory(b"")[PROGRAM_BASE - MEMORY_BASE : image_end(image)]


def image_end(image: Image) -> int:
    """Where its last bytes lie in the whole memory."""
    whole = image.memory(b"")
    at = PROGRAM_BASE - MEMORY_BASE
    return at + int.from_bytes(whole[at + IMAGE_BYTES_AT :][:4], "little")


@pytest.fixture
def own_board():
    """A board that no other test has run Programs on."""
    with (
        simulated_board(prepare_board(CONFIG)) as terminal,
        opened_port(terminal, BAUD, PATIENCE_S) as port,
    ):
        yield Board(Link(port, Timing(BAUD, PATIENCE_S)), SIMULATED_HZ)


def refused(board: Board, image: bytes) -> str:
    """The error of a Program that does not run."""
    board.write(PROGRAM_BASE, image)
    with pytest.raises(RefusalError) as caught:
        board.run(0)
    return next(name for name, (code, *_) in ERRORS.items() if code == caught.value.code)


def test_a_damaged_program_is_refused_and_a_whole_one_runs(own_board):
    image = empty_program()
    for place in (12, IMAGE_BYTES_AT, len(image) - 1):
        damaged = bytearray(image)
        damaged[place] ^= 0x40
        assert refused(own_board, bytes(damaged)) == "damaged"
    own_board.write(PROGRAM_BASE, image)
    own_board.run(0)


def test_an_older_release_is_refused_until_power_is_off(own_board):
    own_board.write(PROGRAM_BASE, empty_program(release=5))
    own_board.run(0)
    for _ in range(2):
        assert refused(own_board, empty_program(release=4)) == "old"
        own_board.reset()
    own_board.write(PROGRAM_BASE, empty_program(release=5))
    own_board.run(0)


def test_the_lock_of_a_longer_program_is_opened_by_a_reset(own_board):
    for size in (2000, 0):
        own_board.write(PROGRAM_BASE, empty_program(size))
        own_board.run(0)
    assert own_board.read(PROGRAM_BASE, 64) == empty_program()[:64]
