"""Ed25519 keys in PEM files, by the library `cryptography`."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.extras import install_command
from tilewright.hw.spec.quoted import shown
from tilewright.hw.spec.user_files import read_file
from tilewright.sim.files import require_writable, write_atomically

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

MOST_BYTES = 16 * 1024
"""Of a PEM file."""

PRIVATE, PUBLIC = "a private Ed25519 key (PEM, without a password)", "a public Ed25519 key (PEM)"


def require_library() -> None:
    """Raise RequestError where `cryptography`, which is an extra, is missing."""
    if find_spec("cryptography") is None:
        raise RequestError(f"signatures need the package cryptography: {install_command('sign')}")


def new_keys(name: Path) -> tuple[Path, Path]:
    """Write NAME.pem, for its owner's eyes alone, and NAME.pub.pem; return both paths.

    Raises RequestError where one of them cannot be written, or is there: a key that is replaced
    is lost.
    """
    require_library()
    from cryptography.hazmat.primitives import serialization as pem
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private, public = (name.with_name(f"{name.name}{end}") for end in (".pem", ".pub.pem"))
    for path in (private, public):
        require_writable(path)
        if path.exists():
            raise RequestError(f"{shown(path)}: is there already; name another --out")
    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, pem.NoEncryption())
    write_atomically(private, secret, private=True)
    told = key.public_key().public_bytes(pem.Encoding.PEM, pem.PublicFormat.SubjectPublicKeyInfo)
    write_atomically(public, told)
    return private, public


def read_private_key(path: Path) -> Ed25519PrivateKey:
    """The key of a PEM file. Raises RequestError where it is none."""
    require_library()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = _loaded(partial(load_pem_private_key, password=None), path, PRIVATE)
    if not isinstance(key, Ed25519PrivateKey):
        raise RequestError(f"{shown(path)}: is a key of another kind: give {PRIVATE}")
    return key


def read_public_key(path: Path) -> Ed25519PublicKey:
    """The key of a PEM file. Raises RequestError where it is none."""
    require_library()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    key = _loaded(load_pem_public_key, path, PUBLIC)
    if not isinstance(key, Ed25519PublicKey):
        raise RequestError(f"{shown(path)}: is a key of another kind: give {PUBLIC}")
    return key


def _loaded(load: Any, path: Path, what: str) -> object:
    from cryptography.exceptions import UnsupportedAlgorithm

    data = read_file(path, MOST_BYTES, what)
    try:
        return load(data)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise RequestError(f"{shown(path)}: holds no such key: give {what}") from None
