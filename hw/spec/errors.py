"""The errors a user can cause or meet, with the exit status of the command line.

Anything else that escapes is a defect of Tilewright and exits with status 1.
"""

from tilewright.hw.spec.quoted import message


class TilewrightError(Exception):
    """Base of all expected errors. The message is complete: it names file, layer, limit, remedy.

    What it quotes of files and command lines cannot steer a terminal, nor fill it.
    """

    exit_status = 1

    def __init__(self, text: str) -> None:
        super().__init__(message(text))


class RequestError(TilewrightError):
    """The request is wrong: bad file, unsupported operator, impossible configuration."""

    exit_status = 2


class CheckError(TilewrightError):
    """The simulation failed its check: mismatch, hang, bus error, firmware trap."""

    exit_status = 3
