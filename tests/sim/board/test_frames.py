import random

from tilewright.hw.spec.monitor import PAYLOAD_BYTES, SYNC, encode_frame
from tilewright.sim.board.frames import Deframer, Frame


def frames_in(data: bytes, chunk: int = 1) -> tuple[list[Frame], Deframer]:
    deframer, found = Deframer(), []
    for at in range(0, len(data), chunk):
        deframer.add(data[at : at + chunk])
        while (frame := deframer.next()) is not None:
            found.append(frame)
    return found, deframer


def test_a_frame_is_the_documented_bytes():
    # CRC-32 of 02 07 03 00 "abc" by zlib.crc32, written down.
    body = bytes([0x02, 0x07, 0x03, 0x00]) + b"abc"
    assert encode_frame(2, 7, b"abc")[:-4] == b"\xa5\x5a" + body
    assert len(encode_frame(2, 7, b"abc")) == 2 + 4 + 3 + 4


def test_frames_come_out_whatever_the_chunks():
    sent = [Frame(2, 9, bytes(range(200))), Frame(0xFF, 0, b""), Frame(3, 255, SYNC * 3)]
    data = b"".join(encode_frame(*frame) for frame in sent)
    for chunk in (1, 2, 7, 100, len(data)):
        assert frames_in(data, chunk)[0] == sent


def test_text_and_false_starts_are_passed_by():
    frame = Frame(1, 1, b"payload")
    noise = b"\nTilewright monitor 1\n" + SYNC[:1] + SYNC[:1] + b"x"
    # A sync whose length is impossible, and one whose CRC is wrong.
    noise += SYNC + b"\x01\x01\xff\xff" + SYNC + b"\x01\x01\x00\x00crc!"
    found, deframer = frames_in(noise + encode_frame(*frame), 3)
    assert found == [frame]
    assert deframer.damaged >= 2
    assert deframer.skipped == len(noise)
    assert noise.startswith(deframer.first)


def test_the_frame_behind_a_damaged_one_is_found():
    rng = random.Random(1)
    for _ in range(200):
        payload = rng.randbytes(rng.randrange(60))
        broken = bytearray(encode_frame(2, 1, payload))
        broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
        # A broken length may take in what follows: another frame's bytes end the wait.
        data = bytes(broken) + encode_frame(4, 2, b"next") + bytes(PAYLOAD_BYTES)
        assert Frame(4, 2, b"next") in frames_in(data, 64)[0]


def test_what_has_begun_is_told():
    deframer = Deframer()
    deframer.add(encode_frame(1, 1, b"12345678")[:9])
    assert deframer.next() is None
    assert deframer.pending == (9, 18)
    deframer.forget()
    assert deframer.pending is None
