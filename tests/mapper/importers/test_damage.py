"""Damaged files: whatever is wrong with them, one RequestError, at once and in little memory."""

import struct
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest

from tests.shared_models import shared_models
from tests.tflite_builder import TfliteBuilder
from tilewright.hw.spec.errors import RequestError
from tilewright.mapper.graph.graph import Graph
from tilewright.mapper.importers.onnx.importer import import_onnx
from tilewright.mapper.importers.tflite.importer import import_tflite

Import = Callable[[Path, bytes], Graph]
IMPORTS: dict[str, Import] = {"tflite": import_tflite, "onnx": import_onnx}
WILD = (0x7FFFFFFF, 0xFFFFFFFF, 0x80000000, 0x00FFFFFF, 0)


def small_tflite() -> bytes:
    rng = np.random.default_rng(0)
    builder = TfliteBuilder()
    x = builder.tensor("x", (1, 6, 5, 2), scale=0.1, zero_point=3)
    w = builder.constant(
        "w", rng.integers(-128, 128, (3, 2, 2, 2)).astype(np.int8), scale=[0.1, 0.2, 0.3]
    )
    b = builder.constant("b", np.arange(3, dtype=np.int32))
    h = builder.tensor("h", (1, 5, 4, 3), scale=0.2, zero_point=-4)
    p = builder.tensor("p", (1, 2, 2, 3), scale=0.2, zero_point=-4)
    y = builder.tensor("y", (1, 12), scale=1 / 256, zero_point=-128)
    flat = builder.tensor("flat", (1, 12), scale=0.2, zero_point=-4)
    builder.conv_2d(x, w, b, h, activation="RELU6")
    builder.pool_2d("MAX_POOL_2D", h, p, window=(2, 2), stride=(2, 2))
    builder.reshape(p, flat)
    builder.softmax(flat, y)
    return builder.finish([x], [y])


def survives(read: Import, path: Path, content: bytes) -> None:
    """The file is refused with a message that names it, or is sound nevertheless."""
    message = str(path)
    try:
        read(path, content)
    except RequestError as error:
        message = str(error)
    assert message.startswith(str(path))


def damaged(content: bytes, seed: int, count: int) -> Iterator[bytes]:
    """Truncations, flipped bits and wild words, most of them outside the bulk of weights."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        copy = bytearray(content)
        match int(rng.integers(0, 4)):
            case 0:
                yield bytes(copy[: int(rng.integers(0, len(copy)))])
                continue
            case 1:
                position = int(rng.integers(0, len(copy) - 4))
                struct.pack_into("<I", copy, position, WILD[int(rng.integers(0, len(WILD)))])
            case flips:
                for _ in range(1 if flips == 2 else 12):
                    near_start = rng.integers(0, 2) and len(copy) > 8000
                    position = int(rng.integers(0, 8000 if near_start else len(copy)))
                    copy[position] ^= 1 << int(rng.integers(0, 8))
        yield bytes(copy)


def test_every_word_of_a_small_tflite_gone_wild():
    content = small_tflite()
    for position in range(8, len(content) - 4, 2):
        for word in WILD:
            copy = bytearray(content)
            struct.pack_into("<I", copy, position, word)
            survives(import_tflite, Path("small.tflite"), bytes(copy))


def test_flipped_bits_in_every_byte_of_a_small_tflite():
    content = small_tflite()
    for position in range(8, len(content)):
        for bit in {0, 7, position % 8}:
            copy = bytearray(content)
            copy[position] ^= 1 << bit
            survives(import_tflite, Path("small.tflite"), bytes(copy))


def test_every_truncation_of_a_small_tflite_is_refused():
    content = small_tflite()
    for length in range(0, len(content) - 4, 3):
        survives(import_tflite, Path("small.tflite"), content[:length])


@pytest.mark.parametrize("kind", IMPORTS)
@pytest.mark.parametrize("name", ["kws", "ic"])
def test_damaged_real_networks(kind: str, name: str):
    content = (shared_models() / kind / f"{name}.{kind}").read_bytes()
    for copy in damaged(content, seed=len(name), count=150):
        survives(IMPORTS[kind], Path(f"{name}.{kind}"), copy)


@pytest.mark.parametrize("kind", IMPORTS)
def test_damage_never_takes_much_memory(kind: str):
    content = (shared_models() / kind / f"ad.{kind}").read_bytes()
    tracemalloc.start()
    try:
        for copy in damaged(content, seed=5, count=40):
            survives(IMPORTS[kind], Path(f"ad.{kind}"), copy)
        assert tracemalloc.get_traced_memory()[1] < 1 << 29
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("length", [3, 7, 8, 11, 40])
def test_stumps_of_files(length: int):
    for read, content in ((import_tflite, small_tflite()), (import_onnx, b"\x08\x08\x12\x04")):
        with pytest.raises(RequestError):
            read(Path("stump"), content[:length])


def test_weights_that_claim_more_than_the_file_holds():
    model = onnx.ModelProto(ir_version=8)
    model.graph.node.add(op_type="Relu", input=["w"], output=["y"])
    model.graph.output.add(name="y")
    model.graph.initializer.add(
        name="w", data_type=onnx.TensorProto.INT8, dims=[1 << 20, 1 << 20], raw_data=b"12"
    )
    with pytest.raises(RequestError, match=r"'w'.*too large"):
        import_onnx(Path("huge.onnx"), model.SerializeToString())
    model.graph.initializer[0].dims[:] = [100, 100]
    with pytest.raises(RequestError, match=r"'w'.*damaged"):
        import_onnx(Path("huge.onnx"), model.SerializeToString())
