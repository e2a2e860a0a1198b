"""A client of the runner's protocol, written from its description and not from our device.

As the runner does, it gives a device up that says nothing for 5 s, and passes by empty lines.
"""

import re

from serial import Serial

BYTES_A_LINE = 31
SILENCE_S = 5.0


class Client:
    """Of a device at a port; a context that closes it."""

    def __init__(self, port):
        self._port = Serial(port, 115_200, timeout=SILENCE_S)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._port.close()

    def command(self, text):
        """Send a command; its answer's lines, without `m-ready`."""
        self._port.write(f"{text}%".encode())
        lines = []
        while True:
            line = self._port.readline()
            assert line.endswith(b"\r\n"), f"silence, or no whole line, after {text}: {line}"
            said = line.decode("ascii").removesuffix("\r\n")
            if said == "m-ready":
                return lines
            if said:
                lines.append(said)

    def load(self, data):
        """Send an input."""
        assert self.command(f"db load {len(data)}") == [f"m-[Expecting {len(data)} bytes]"]
        for at in range(0, len(data), BYTES_A_LINE):
            part = data[at : at + BYTES_A_LINE]
            last = at + BYTES_A_LINE >= len(data)
            assert self.command(f"db {part.hex()}") == (["m-load-done"] if last else [])

    def infer(self, count, warmups):
        """Measure; (microseconds, values of the result)."""
        lines = self.command(f"infer {count} {warmups}")
        assert lines[:3] == [
            f"m-warmup-start-{warmups}",
            "m-warmup-done",
            f"m-infer-start-{count}",
        ]
        assert lines[5] == "m-infer-done"
        begin, end = (int(re.fullmatch(r"m-lap-us-(\d+)", line)[1]) for line in lines[3:5])
        values = re.fullmatch(r"m-results-\[(.*)\]", lines[6])[1].split(",")
        assert all(re.fullmatch(r"-?\d+\.\d{3}", value) for value in values)
        assert len(lines) == 7
        return end - begin, [float(value) for value in values]
