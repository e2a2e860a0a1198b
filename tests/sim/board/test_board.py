"""The client against a board of Python that keeps to the protocol, and against ones that do not."""

import errno
import os
import re
import struct
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import serial

import tilewright.sim.board.port
from tests.memory_map import PROGRAM_BASE
from tests.sim.board.fake_board import FakeBoard
from tilewright.hw.spec.config import make_config
from tilewright.hw.spec.errors import CheckError, RequestError
from tilewright.hw.spec.monitor import (
    DATA_BYTES,
    ERROR,
    ERRORS,
    PAYLOAD_BYTES,
    REPLY,
    SYNC,
    Request,
    encode_frame,
    words,
)
from tilewright.hw.spec.registers import MEMORY_BASE
from tilewright.hw.spec.settings import load_config
from tilewright.hw.spec.system import SYSTEM_WORDS
from tilewright.mapper.compile import compile_model
from tilewright.mapper.importers.onnx.importer import import_onnx
from tilewright.sim import __main__ as entry
from tilewright.sim.board.board import Board
from tilewright.sim.board.link import Link, Timing
from tilewright.sim.board.port import opened_port
from tilewright.sim.networks.zoo import zoo_model

SILENCE_S = 1.0
NEVER_ENDING = 1 << 30
HELLO_BYTES = 10 + 4 * (6 + SYSTEM_WORDS)
"""Of the frame that answers HELLO: six words, then the configuration's registers."""


@pytest.fixture
def client(monkeypatch, capsys, tmp_path):
    """Runs `board run` on a port; gives (status, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def call(port, *arguments, model="kws"):
        command = ["tilewright", "board", "--port", port, "run", "--model", model]
        command += ["--timeout", str(SILENCE_S), *arguments]
        monkeypatch.setattr(sys, "argv", command)
        status = entry.main()
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


def connected(board: FakeBoard):
    return opened_port(board.port, 1_000_000, SILENCE_S)


def flipping(kinds, times=1):
    """Says replies to these requests with a bit flipped, the first ``times`` times each."""
    left = dict.fromkeys(kinds, times)

    def say(request, reply):
        if left.get(request.kind, 0):
            left[request.kind] -= 1
            return reply[:-1] + bytes([reply[-1] ^ 0x10])
        return reply

    return say


def test_memory_comes_back_through_frames_of_any_size():
    data = np.random.default_rng(1).bytes(3 * DATA_BYTES + 5)
    with FakeBoard() as fake, connected(fake) as port:
        board = Board(Link(port, Timing(1_000_000, SILENCE_S)))
        seen = []
        board.write(PROGRAM_BASE + 3, data, seen.append)
        assert seen == [1024, 2048, 3072, 3077]
        assert board.read(PROGRAM_BASE + 3, len(data)) == data
        assert board.holds(PROGRAM_BASE + 3, data)
        assert not board.holds(PROGRAM_BASE + 4, data)
        assert board.config == fake.config


@pytest.mark.parametrize("data_bytes", [0, 1, DATA_BYTES + 1, 65535, 1 << 31])
def test_a_board_with_impossible_frames_is_refused(data_bytes):
    with FakeBoard(data_bytes=data_bytes) as fake, connected(fake) as port:
        link = Link(port, Timing(1_000_000, SILENCE_S))
        with pytest.raises(RequestError, match=f"the board takes {data_bytes} bytes of memory"):
            Board(link)


@pytest.mark.parametrize("told", [b"", b"123", bytes(8)])
def test_a_check_of_another_length_is_one_message(told):
    def say(request, reply):
        checks = request.kind == Request.CHECK
        return encode_frame(request.kind | REPLY, request.sequence, told) if checks else reply

    with FakeBoard(say=say) as fake, connected(fake) as port:
        board = Board(Link(port, Timing(1_000_000, SILENCE_S)))
        with pytest.raises(CheckError, match=f"with {len(told)} bytes instead of 4"):
            board.holds(PROGRAM_BASE, b"data")


def test_damaged_replies_are_asked_for_again():
    kinds = (Request.HELLO, Request.WRITE, Request.READ)
    with FakeBoard(say=flipping(kinds, 2)) as fake, connected(fake) as port:
        board = Board(Link(port, Timing(1_000_000, SILENCE_S)))
        board.write(PROGRAM_BASE, b"once")
        assert board.read(PROGRAM_BASE, 4) == b"once"
        writes = [request for request in fake.requests if request.kind == Request.WRITE]
        assert len(writes) == 3
        assert len(set(writes)) == 1, "a request is repeated as it was"


def test_the_program_is_sent_once(client):
    """Nobody computes: the outputs are wrong, but memory holds what the Program needs."""
    with FakeBoard(load_config("tiny")) as fake:
        status, _, error = client(fake.port, "--preset", "tiny")
        assert status == 3
        assert "output elements differ" in error
        program = compile_model(import_onnx(Path("kws.onnx"), zoo_model("kws")), fake.config)
        start = PROGRAM_BASE - MEMORY_BASE
        assert bytes(fake.memory[start : start + len(program.image)]) == program.image
        assert fake.count(Request.TEST) > 0
        written = fake.count(Request.WRITE)
        assert written >= len(program.image) // DATA_BYTES
        client(fake.port)
        assert fake.count(Request.WRITE) - written == 1, "the second time only the input"
        assert fake.count(Request.RUN) == 2


def test_a_chip_locked_for_a_longer_program_is_reset_first():
    def say(request, reply):
        locked = request.kind == Request.RUN and not fake.count(Request.RESET)
        code = ERRORS["lock"][0]
        return encode_frame(ERROR, request.sequence, words(code, 0, 0, 0)) if locked else reply

    with FakeBoard(say=say) as fake, connected(fake) as port:
        Board(Link(port, Timing(1_000_000, SILENCE_S))).run(1000)
        kinds = [request.kind for request in fake.requests]
        assert kinds[-4:] == [Request.RUN, Request.RESET, Request.HELLO, Request.RUN]


def always(change):
    return lambda _, reply: change(reply)


def from_request(kind, change):
    """Breaks replies from the first request of this kind on."""
    seen = []

    def say(request, reply):
        seen.append(request.kind)
        return change(reply) if kind in seen else reply

    return say


@pytest.mark.parametrize(
    ("board", "status", "message"),
    [
        ({"say": always(lambda _: b"")}, 2, "does not answer within 1 s; is the bitstream"),
        (
            {"say": always(lambda _: b"login: ")},
            2,
            "answers, but not as a Tilewright board: .* first b'login: .*--baud 1000000",
        ),
        (
            {"say": always(lambda reply: reply[:9])},
            2,
            f"middle of a frame, after 9 of {HELLO_BYTES} bytes",
        ),
        ({"say": flipping([Request.HELLO], NEVER_ENDING)}, 2, "frames came damaged"),
        (
            {"say": always(lambda _: noise(4 * PAYLOAD_BYTES))},
            2,
            "not as a Tilewright board: .*--baud",
        ),
        ({"version": 9}, 2, "speaks version 9 .* build its bitstream again"),
        ({"system": {"LAYOUT": 5}}, 2, "another version of Tilewright"),
        ({"system": {"ROWS": 0}}, 2, "tells no configuration: .*rows = 0"),
        ({"failed": 3}, 3, "self-test failed: memory, npu"),
        ({"say": from_request(Request.WRITE, lambda _: b"")}, 3, "WRITE, 3 times: .* no longer"),
        (
            {"say": from_request(Request.WRITE, lambda reply: reply[:5])},
            3,
            "WRITE, 3 times: .*stopped in the middle of a frame, after 5 of 10 bytes",
        ),
        ({"say": flipping([Request.RUN], NEVER_ENDING)}, 3, "RUN, 3 times: 3 frames came damaged"),
        (
            {"say": from_request(Request.RUN, lambda _: encode_frame(ERROR, 0, TRAP))},
            3,
            "trapped.*bus error on a load.* mepc 0x40000123",
        ),
        (
            {"say": from_request(Request.TEST, lambda reply: error_like(reply, "memory"))},
            3,
            "does not hold what is written.* address 0x1, found 0x2, written 0x3",
        ),
        (
            {"say": from_request(Request.RUN, lambda reply: error_like(reply, "program"))},
            3,
            "Program's header does not fit.* word 0x1, found 0x2, wanted 0x3",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_board_that_fails_is_one_message(client, board, status, message):
    with FakeBoard(load_config("tiny"), **board) as fake:
        found, _, error = client(fake.port)
        lines = [line for line in error.splitlines() if line.startswith("error: ")]
        assert (found, len(lines)) == (status, 1), error
        assert re.search(message, lines[0]), lines[0]


def noise(count):
    """Bytes in which there is a frame's begin now and then."""
    return SYNC + np.random.default_rng(3).bytes(count)


class Babbler:
    """A port at which somebody says the same byte again and again."""

    name = "babbler"
    in_waiting = 0

    def __init__(self, byte):
        self.byte = byte

    def reset_input_buffer(self):
        pass

    def write(self, data):
        pass

    def read(self, count):
        return self.byte * 64


@pytest.mark.parametrize("byte", [b"\0", SYNC[:1]])
def test_whoever_babbles_has_not_stopped_in_a_frame(byte):
    link = Link(Babbler(byte), Timing(1_000_000, 0.2))
    with pytest.raises(RequestError, match="answers, but not as a Tilewright board"):
        link.greet()


TRAP = words(ERRORS["trap"][0], 5, 0x4000_0123, 0)


def error_like(reply, name):
    """An error with the reply's sequence."""
    return encode_frame(ERROR, reply[3], words(ERRORS[name][0], 1, 2, 3))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rows", "8"], "the board has rows = 4, asked for is 8; leave the option out"),
        (["--set", "clock_hz=1000000"], "the board has clock_hz = 100000000, asked for is 1000000"),
        (["--model", "vww"], "memory_bytes is 262144; enlarge memory_bytes"),
        (["--input", "none.npy"], "none.npy: cannot be read"),
        (["--json", "none/r.json"], "none does not exist"),
    ],
)
def test_a_request_that_does_not_fit_the_board(client, arguments, message):
    config = load_config("tiny", None, ["memory_bytes=262144"])
    with FakeBoard(config) as fake:
        status, _, error = client(fake.port, *arguments)
        assert (status, fake.count(Request.RUN)) == (2, 0)
        assert message in error


@pytest.mark.parametrize(("action", "kind"), [("info", Request.HELLO), ("reset", Request.RESET)])
def test_a_board_is_asked_and_reset(monkeypatch, capsys, action, kind):
    config = load_config("tiny", None, ["clock_hz=12000000"])
    with FakeBoard(config) as fake:
        arguments = ["board", "--port", fake.port, action, "--timeout", str(SILENCE_S)]
        monkeypatch.setattr(sys, "argv", ["tilewright", *arguments])
        assert entry.main() == 0
        assert fake.requests[-1].kind in (kind, Request.HELLO)
        assert fake.count(kind)
        if action == "info":
            assert make_config(tomllib.loads(capsys.readouterr().out)) == config


def test_another_versions_firmware_is_refused(client):
    with FakeBoard(load_config("tiny")) as fake:
        fake.memory[100] ^= 1
        status, _, error = client(fake.port)
        assert status == 2
        assert "firmware is not this version's" in error


def test_a_missing_port_names_those_that_exist(client):
    status, _, error = client("/dev/ttyNOT0")
    assert status == 2
    assert "--port /dev/ttyNOT0: there is no such port; " in error
    assert "serial ports" in error


def test_what_is_no_serial_port_is_refused(client, tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file"):
        status, _, error = client(str(path))
        assert status == 2
        assert f"--port {path}: is not a serial port; " in error


def test_a_port_that_is_in_use_is_refused(client):
    with FakeBoard() as fake, connected(fake):
        status, _, error = client(fake.port)
        assert status == 2
        assert "in use by another program" in error


@pytest.mark.parametrize(
    ("code", "message"), [(errno.EACCES, "permission denied.*dialout"), (errno.EIO, "cannot be")]
)
def test_a_port_that_may_not_be_opened(client, monkeypatch, code, message):
    def refuse(*_, **__):
        raise serial.SerialException(code, os.strerror(code))

    monkeypatch.setattr(tilewright.sim.board.port, "Serial", refuse)
    status, _, error = client("/dev/ttyUSB7")
    assert status == 2
    assert re.search(f"--port /dev/ttyUSB7: {message}", error)


@pytest.mark.parametrize(("patience_s", "bytes_a_time"), [(1.0, 48), (60.0, 3000)])
def test_a_slow_board_is_asked_for_little_at_a_time(patience_s, bytes_a_time):
    """So that it may be silent for its patience and no longer: 200 cycles a byte at 20,000 a second
    take half of that, a multiple of 4 bytes.
    """
    data = bytes(7000)
    with FakeBoard() as fake, opened_port(fake.port, 1_000_000, patience_s) as port:
        board = Board(Link(port, Timing(1_000_000, patience_s)), simulated_hz=20_000)
        assert board.holds(PROGRAM_BASE, data)
        board.test(PROGRAM_BASE, len(data))
    for kind in (Request.CHECK, Request.TEST):
        asked = [
            struct.unpack("<II", request.payload)
            for request in fake.requests
            if request.kind == kind
        ]
        assert asked[0] == (PROGRAM_BASE, bytes_a_time)
        assert max(size for _, size in asked) == bytes_a_time
        assert sum(size for _, size in asked) == len(data)


@pytest.mark.parametrize("kind", [Request.CHECK, Request.TEST])
def test_a_simulated_board_that_falls_silent_is_given_up_by_its_patience(kind):
    """Not by the cycles that all of it would take, 655 s for 64 KiB: the test ends."""
    with (
        FakeBoard(say=lambda request, reply: b"" if request.kind == kind else reply) as fake,
        opened_port(fake.port, 1_000_000, SILENCE_S) as port,
    ):
        board = Board(Link(port, Timing(1_000_000, 0.3)), simulated_hz=20_000)
        ask = {
            Request.CHECK: lambda: board.holds(PROGRAM_BASE, bytes(65536)),
            Request.TEST: lambda: board.test(PROGRAM_BASE, 65536),
        }[kind]
        with pytest.raises(CheckError, match=rf"for {kind.name}, 3 times.*within 0\.3 s each"):
            ask()


def test_a_device_that_vanishes(client):
    """Its end of the line is closed in the middle of the conversation."""
    fake = FakeBoard(load_config("tiny"))
    with fake:

        def vanish(request, reply):
            if request.kind == Request.WRITE:
                fake.hang_up()
                return b""
            return reply

        fake.say = vanish
        status, _, error = client(fake.port)
    assert status == 3
    assert "lost during the run" in error


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["board", "run", "--model", "kws"], "--port, or use --simulate"),
        (["board", "run", "--model", "kws", "--port", "x", "--simulate"], "--port, or use"),
        (["board", "run", "--model", "kws", "--port", "x", "--timeout", "0"], "--timeout 0"),
        (["board", "run", "--model", "kws", "--port", "x", "--baud", "-1"], "--baud -1"),
        (["board", "--port", "x", "--model", "kws"], "give one of run, info"),
        (["board", "run", "--port", "x"], "--model"),
    ],
)
def test_wrong_command_lines(monkeypatch, capsys, arguments, message):
    monkeypatch.setattr(sys, "argv", ["tilewright", *arguments])
    assert entry.main() == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "baud"),
    [
        ([], 1_000_000),
        (["--board", "ulx3s-85f"], 1_000_000),
        (["--board", "icebreaker"], 115_200),
        (["--board", "icebreaker", "--baud", "9600"], 9600),
    ],
)
def test_each_board_has_its_rate(arguments, baud, monkeypatch):
    rates = []

    def no_port(place, _):
        rates.append(place.baud)
        raise RequestError("no port")

    monkeypatch.setattr("tilewright.sim.board.connect.connected", no_port)
    monkeypatch.setattr(sys, "argv", ["tilewright", "board", "info", "--port", "x", *arguments])
    assert entry.main() == 2
    assert rates == [baud]


def test_an_unknown_board_is_told(monkeypatch, capsys):
    command = ["tilewright", "board", "info", "--port", "x", "--board", "icebraker"]
    monkeypatch.setattr(sys, "argv", command)
    assert entry.main() == 2
    assert "did you mean icebreaker" in capsys.readouterr().err


@pytest.mark.parametrize("rest", [["info"], ["--mlperf", "kws"]])
def test_a_simulated_board_has_the_boards_configuration(rest, monkeypatch):
    found = []

    def stop(config_or_request, *_, **__):
        found.append(getattr(config_or_request, "config", config_or_request))
        raise RequestError("stop")

    monkeypatch.setattr("tilewright.verification.board.board.prepare_board", stop)
    monkeypatch.setattr("tilewright.sim.board.mlperf.serve.serve_simulated", stop)
    command = ["tilewright", "board", "--simulate", "--board", "icebreaker", "--cols", "8", *rest]
    monkeypatch.setattr(sys, "argv", command)
    assert entry.main() == 2
    (config,) = found
    assert (config.npu.control, config.npu.cols, config.soc.cpu) == ("microcode", 8, "min")
    assert (config.soc.clock_hz, config.soc.memory_latency) == (12_000_000, 3)
