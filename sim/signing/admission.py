"""Who loads a chip gives it signed Programs alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tilewright.hw.spec.errors import RequestError
from tilewright.hw.spec.program import seal
from tilewright.hw.spec.quoted import shown
from tilewright.mapper.program.program import Program
from tilewright.sim.command import command_line
from tilewright.sim.signing.keys import read_public_key
from tilewright.sim.signing.signature import read_signature, signed


class Admission:
    """Programs that a key's owner has signed.

    Parameters
    ----------
    trust: PEM file of the public key.
    signature: of the Program; None: there is none, and no Program is admitted.

    Raises RequestError where a file is missing or is not what it should be.
    """

    def __init__(self, trust: Path, signature: Path | None) -> None:
        if signature is None:
            raise RequestError(
                f"--trust {trust}: the Program is not signed; give its --signature, which "
                f"`{command_line(['sign'])}` makes"
            )
        self._trust, self._path = trust, signature
        self._key = read_public_key(trust)
        self._signature = read_signature(signature)

    def admit(self, program: Program) -> Program:
        """The Program of the release that was signed. Raises RequestError where it is another."""
        from cryptography.exceptions import InvalidSignature

        image = seal(program.image, self._signature.release)
        try:
            self._key.verify(self._signature.value, signed(image))
        except InvalidSignature:
            raise RequestError(
                f"--signature {shown(self._path)}: is not {shown(self._trust)}'s signature of this "
                "Program: network, configuration or release are others, or one of them is damaged"
            ) from None
        return replace(program, image=image)
