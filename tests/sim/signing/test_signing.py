"""Keys, signatures, and who loads a chip that trusts a key."""

import json
import stat
import struct
import sys
import zlib
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.settings import load_config
from tilewright.mapper.compile import compile_model
from tilewright.mapper.importers import import_model
from tilewright.mapper.program.program import Program
from tilewright.sim.cli import handle
from tilewright.sim.networks.zoo import zoo_model
from tilewright.sim.signing.admission import Admission
from tilewright.sim.signing.keys import new_keys
from tilewright.sim.signing.signature import read_signature

RELEASE_AT = 40
"""Byte of the header: behind ten words."""


@pytest.fixture(scope="module")
def program(tmp_path_factory) -> Program:
    path = tmp_path_factory.mktemp("zoo") / "ad.onnx"
    path.write_bytes(zoo_model("ad"))
    return compile_model(import_model(path), load_config())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Keys `k` and `other`, and k's signature of ad's release 7."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("k", "other"):
        handle(["keys", "--out", str(folder / name)])
    signing = ["--key", str(folder / "k.pem"), "--release", "7"]
    handle(["sign", "--model", "ad", *signing, "--out", str(folder / "ad.sig")])
    return folder


def test_the_private_key_is_its_owners_alone(folder):
    assert stat.S_IMODE((folder / "k.pem").stat().st_mode) == 0o600
    assert b"PRIVATE" not in (folder / "k.pub.pem").read_bytes()


def test_keys_are_not_replaced(folder):
    before = (folder / "k.pem").read_bytes()
    with pytest.raises(RequestError, match="is there already"):
        new_keys(folder / "k")
    assert (folder / "k.pem").read_bytes() == before


def test_a_signature_is_of_all_bytes_that_the_chip_gets(folder, program):
    admitted = Admission(folder / "k.pub.pem", folder / "ad.sig").admit(program)
    image = admitted.image
    assert struct.unpack_from("<I", image, RELEASE_AT) == (7,)
    assert zlib.crc32(image[:-4]) == int.from_bytes(image[-4:], "little")
    key = load_pem_public_key((folder / "k.pub.pem").read_bytes())
    told = json.loads((folder / "ad.sig").read_text())
    assert told["release"] == 7
    key.verify(bytes.fromhex(told["ed25519"]), b"Tilewright Program 1\n" + image)
    same = bytearray(program.image)
    same[RELEASE_AT : RELEASE_AT + 4] = image[RELEASE_AT : RELEASE_AT + 4]
    assert image[:-4] == same[:-4], "nothing but release and CRC is another"


def test_an_unsigned_program_is_refused(folder, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/usr/bin/tilewright"])
    with pytest.raises(RequestError, match=r"is not signed.*which `tilewright sign` makes"):
        Admission(folder / "k.pub.pem", None)


def test_another_keys_signature_is_refused(folder, program):
    with pytest.raises(RequestError, match=r"is not .*other.pub.pem's signature"):
        Admission(folder / "other.pub.pem", folder / "ad.sig").admit(program)


@pytest.mark.parametrize("at", [0, 8, 200, -70, -5])
def test_a_damaged_program_is_refused(folder, program, at):
    image = bytearray(program.image)
    image[at] ^= 0x20
    admission = Admission(folder / "k.pub.pem", folder / "ad.sig")
    with pytest.raises(RequestError, match="signature of this Program"):
        admission.admit(replace(program, image=bytes(image)))


def test_another_release_is_another_signature(folder, program, tmp_path):
    told = json.loads((folder / "ad.sig").read_text())
    (tmp_path / "later.sig").write_text(json.dumps({**told, "release": 8}))
    with pytest.raises(RequestError, match="release"):
        Admission(folder / "k.pub.pem", tmp_path / "later.sig").admit(program)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "9" * 5000, "[" * 3000, '{"release": true, "ed25519": ""}']
    + [json.dumps({"release": r, "ed25519": v}) for r, v in
       ((-1, "00" * 64), (65_536, "00" * 64), (1, "00" * 63), (1, "xy" * 64), (1, 5))],
)  # fmt: skip
def test_what_is_no_signature_is_refused(monkeypatch, tmp_path, text):
    path = tmp_path / "s.sig"
    path.write_text(text)
    monkeypatch.setattr(sys, "argv", ["/usr/bin/tilewright"])
    with pytest.raises(RequestError, match=r"s\.sig.* a signature that `tilewright sign` has"):
        read_signature(path)


def test_a_key_of_another_kind_is_refused(folder, tmp_path):
    key = generate_private_key(SECP256R1()).public_key()
    path = tmp_path / "p256.pem"
    path.write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    for wrong in (path, folder / "k.pem", folder / "ad.sig"):
        with pytest.raises(RequestError, match="give a public Ed25519 key"):
            Admission(wrong, folder / "ad.sig")


@pytest.mark.parametrize("release", ["-1", "65536"])
def test_a_release_has_16_bits(folder, tmp_path, release):
    out = tmp_path / "f.sig"
    with pytest.raises(RequestError, match=r"must be 0\.\.65535"):
        handle(["sign", "--model", "ad", "--key", str(folder / "k.pem"), f"--release={release}",
                "--out", str(out)])  # fmt: skip
    assert not out.exists()


@pytest.mark.parametrize("backend", ["functional", "model"])
def test_a_backend_without_a_chip_trusts_nobody(folder, backend):
    with pytest.raises(RequestError, match="loads no chip"):
        handle(["run", "--model", "ad", "--backend", backend,
                "--trust", str(folder / "k.pub.pem")])  # fmt: skip


@pytest.mark.rtl
def test_a_signed_program_runs(folder, capsys):
    handle(["run", "--model", "ad", "--trust", str(folder / "k.pub.pem"),
            "--signature", str(folder / "ad.sig")])  # fmt: skip
    assert "Bit-exact" in capsys.readouterr().out
