"""Files that numpy.save did not write, or a disk damaged: each is one refusal."""

import io
import random
import struct
import zipfile
import zlib
from contextlib import suppress

import numpy as np
import pytest

from tilewright.hw.spec.errors import RequestError
from tilewright.sim.networks import arrays
from tilewright.sim.networks.arrays import read_arrays

VALUES = np.arange(600, dtype=np.int8).reshape(2, 300)


def npy(values=VALUES, **options):
    stream = io.BytesIO()
    np.save(stream, values, **options)
    return stream.getvalue()


def npz(**members):
    stream = io.BytesIO()
    np.savez_compressed(stream, **members)
    return stream.getvalue()


def header(text):
    """A file of version 1 whose header says ``text``."""
    line = text.encode("latin1") + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(line)) + line


def archive(members, method=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return stream.getvalue()


def changed(content, at, value):
    return content[:at] + value + content[at + len(value) :]


def central(content):
    return content.index(b"PK\x01\x02")


SHAPE = "{{'descr': '|i1', 'fortran_order': False, 'shape': {}, }}"

DAMAGED = {
    "empty.npy": b"",
    "cut.npy": npy()[:-1],
    "longer.npy": npy() + b"x",
    "huge.npy": header(SHAPE.format("(99999999999999,)")),
    "negative.npy": header(SHAPE.format("(-1, -600)")) + bytes(600),
    "open.npy": header("{'descr': '|i1', 'fortran_order': False, 'shape': ("),
    "nested.npy": header("(" * 9000),
    "no mapping.npy": header("3"),
    "version.npy": changed(npy(), 6, b"\x09"),
    "pickled.npy": npy(np.array([{}], dtype=object), allow_pickle=True),
    "words.npy": npy(np.array(["one", "two"])),
    "complex.npy": npy(np.array([1j])),
    "dates.npy": npy(np.array(["2026-01-01"], dtype="datetime64[D]")),
    "structure.npy": npy(np.zeros(2, dtype=[("a", "i1"), ("b", "i1")])),
    "no array.npz": archive({"readme.txt": b"hello"}),
    "empty member.npz": archive({"x.npy": b""}),
    "no zip.npz": b"PK\x03\x04 and then nothing",
    "flipped.npz": changed(npz(x=VALUES), npz(x=VALUES).index(b"PK\x01\x02") - 20, b"\xff\x00\xff"),
    # Bit 0 of the flags: encrypted. Method 99: nobody's.
    "encrypted.npz": changed(npz(x=VALUES), central(npz(x=VALUES)) + 8, b"\x01"),
    "method.npz": changed(npz(x=VALUES), central(npz(x=VALUES)) + 10, b"\x63\x00"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_one_refusal(name, tmp_path):
    (tmp_path / name).write_bytes(DAMAGED[name])
    with pytest.raises(RequestError, match="is not a NumPy file of numbers") as caught:
        read_arrays(tmp_path / name)
    assert name in str(caught.value)


def test_whole_files_are_read(tmp_path):
    (tmp_path / "a.npy").write_bytes(npy())
    (tmp_path / "b.npz").write_bytes(npz(x=VALUES, y=VALUES.T.astype(np.float32)))
    np.testing.assert_array_equal(read_arrays(tmp_path / "a.npy")["x"], VALUES)
    found = read_arrays(tmp_path / "b.npz")
    np.testing.assert_array_equal(found["x"], VALUES)
    np.testing.assert_array_equal(found["y"], VALUES.T)
    (tmp_path / "scalar.npy").write_bytes(npy(np.float64(3)))
    assert read_arrays(tmp_path / "scalar.npy")["x"].shape == ()


def test_a_file_of_python_2_is_read_without_a_warning(tmp_path):
    (tmp_path / "x.npy").write_bytes(header(SHAPE.format("(3L,)")) + b"abc")
    assert read_arrays(tmp_path / "x.npy")["x"].tolist() == [97, 98, 99]


def test_what_would_inflate_beyond_the_limit_is_not_inflated(tmp_path, monkeypatch):
    monkeypatch.setattr(arrays, "LARGEST", 5000)
    monkeypatch.setattr(zlib, "decompressobj", lambda *_: pytest.fail("inflated"))
    zeros = npz(x=np.zeros(100_000, np.int8))
    assert len(zeros) < 5000
    (tmp_path / "bomb.npz").write_bytes(zeros)
    with pytest.raises(RequestError, match="inflate to 100128 bytes of at most 5000"):
        read_arrays(tmp_path / "bomb.npz")


def test_a_size_that_lies_is_not_believed(tmp_path):
    content = npz(x=np.zeros(100_000, np.int8))
    told = struct.pack("<I", 300)
    (tmp_path / "x.npz").write_bytes(changed(content, central(content) + 24, told))
    with pytest.raises(RequestError, match="is not a NumPy file of numbers"):
        read_arrays(tmp_path / "x.npz")


@pytest.mark.parametrize(
    ("name", "content"), [("x.npy", npy()), ("x.npz", npz(x=VALUES, y=VALUES))]
)
def test_any_damage_is_a_refusal_or_an_array(name, content, tmp_path):
    draw = random.Random(7)
    path = tmp_path / name
    for _ in range(400):
        damaged = bytearray(content)
        for _ in range(draw.choice((1, 1, 3))):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        path.write_bytes(damaged[: draw.choice((len(damaged), draw.randrange(len(damaged))))])
        with suppress(RequestError):
            assert all(isinstance(array, np.ndarray) for array in read_arrays(path).values())
