# PYTHON_ARGCOMPLETE_OK
"""Entry of `python -m sim` and of the installed command `tilewright`."""

from __future__ import annotations

import codecs
import errno
import io
import os
import signal
import sys

from tilewright.hw.spec.errors import RequestError, TilewrightError
from tilewright.sim.cli import handle

INTERRUPTED = 130

_OTHER_SIGNS = "tilewright"
"""Name of `_other_signs` among Python's handlers of such errors."""

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What a full disk answers (`files.py` names the file where it is one of ours)."""


def main() -> int:
    """Run the command line of this process and return its exit status.

    0 done and checked; 2 the request is wrong; 3 the simulation failed its check; 130 interrupted.
    Anything else that escapes is an internal error: a traceback and status 1.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal without some sign of the report gets another one, not a traceback.
            codecs.register_error(_OTHER_SIGNS, _other_signs)
            stream.reconfigure(errors=_OTHER_SIGNS)
    # Who ends us politely finds as little left behind as who presses Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        handle(sys.argv[1:])
        sys.stdout.flush()
    except TilewrightError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader left (| head): nobody is there to tell.
        _close_output()
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        _close_output()
        print(f"error: the output cannot be written: {error.strerror}", file=sys.stderr)
        return RequestError.exit_status
    return 0


def _other_signs(error: UnicodeError) -> tuple[str, int]:
    """For letters that the stream cannot write: u for µ, a question mark for others."""
    assert isinstance(error, UnicodeEncodeError)
    missing = error.object[error.start : error.end]
    return "".join("u" if letter == "µ" else "?" for letter in missing), error.end


def _close_output() -> None:
    """So that Python does not flush again what nobody takes."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
