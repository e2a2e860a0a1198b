"""The errors a user can cause or meet, with the exit status of the command line.

Anything else that escapes is a defect of Tilewright and exits with status 1.
"""


class TilewrightError(Exception):
    """Base of all expected errors. The message is complete: it names file, layer, limit, remedy."""

    exit_status = 1


class RequestError(TilewrightError):
    """The request is wrong: bad file, unsupported operator, impossible configuration."""

    exit_status = 2


class CheckError(TilewrightError):
    """The simulation failed its check: mismatch, hang, bus error, firmware trap."""

    exit_status = 3
