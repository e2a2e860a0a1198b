"""Signs a network's Program, top to bottom."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tilewright.hw.spec.config import Config
from tilewright.hw.spec.program import seal
from tilewright.mapper.compile import compile_model
from tilewright.sim.files import require_apart, require_writable, write_atomically
from tilewright.sim.networks.network_file import open_network
from tilewright.sim.progress import Progress
from tilewright.sim.signing.keys import read_private_key
from tilewright.sim.signing.signature import Signature, signed


@dataclass(frozen=True, kw_only=True)
class SignRequest:
    """What the command line asks for; ``config_file`` is where ``config`` comes from."""

    model: str
    config: Config
    key: Path
    release: int
    out: Path
    config_file: Path | None = None


def sign(request: SignRequest, progress: Progress) -> Signature:
    """Compile the network and write its Program's signature.

    Raises RequestError where the network, the configuration, the key, the release or the file to
    write is wrong.
    """
    require_writable(request.out)
    read = {
        "--model": Path(request.model),
        "--key": request.key,
        "--config": request.config_file,
    }
    require_apart({"--out": request.out}, read)
    key = read_private_key(request.key)
    network = open_network(request.model, progress)
    image = seal(compile_model(network.graph, request.config).image, request.release)
    signature = Signature(request.release, key.sign(signed(image)))
    write_atomically(request.out, signature.to_json())
    return signature
