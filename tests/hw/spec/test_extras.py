"""Commands that install what an extra needs."""

import importlib.metadata

import pytest

from tilewright.hw.spec.extras import install_command

LISTED = [
    "numpy>=2.0",
    'cryptography>=43; extra == "sign"',
    "two>=1 ; extra == 'fpga'",
    'one==2.*; extra == "fpga"',
    'other; (python_version < "3.14") and extra == "test"',
    'cryptography>=43; extra == "test"',
]


def test_an_extra_is_its_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "requires", {"tilewright": LISTED}.get)
    assert install_command("sign") == "pip install 'cryptography>=43'"
    assert install_command("fpga") == "pip install 'two>=1' 'one==2.*'"


def test_what_nobody_has_installed_is_a_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", missing)
    assert install_command("sign") == "pip install -e '.[sign]' in the checkout"
