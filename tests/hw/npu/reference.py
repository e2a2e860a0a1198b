"""What each compute command means, written out element by element in plain Python integers."""

from __future__ import annotations

from hw.spec.commands import PARAMETER_WORDS, Command, Opcode
from hw.spec.npu_config import NpuConfig
from tests.hw.npu.commands import input_channel, row_address
from tests.hw.npu.moves import execute


def wrap32(value: int) -> int:
    return (value + (1 << 31)) % (1 << 32) - (1 << 31)


def truncating_division(numerator: int, denominator: int) -> int:
    quotient = abs(numerator) // denominator
    return quotient if numerator >= 0 else -quotient


def scale(value: int, multiplier: int, shift: int) -> int:
    """gemmlowp's saturating rounding doubling high multiply and rounding right shift."""
    product = wrap32(value << max(shift, 0)) * multiplier
    nudge = (1 << 30) if product >= 0 else 1 - (1 << 30)
    high = truncating_division(product + nudge, 1 << 31)
    exponent = max(-shift, 0)
    mask = (1 << exponent) - 1
    threshold = (mask >> 1) + (1 if high < 0 else 0)
    return (high >> exponent) + (1 if (high & mask) > threshold else 0)


def signed_byte(value: int) -> int:
    return value - 256 if value > 127 else value


def requantise(total: int, plane: bytes) -> int:
    """``plane``: bias, multiplier and shift of a channel as the nine parameter bytes."""
    bias = int.from_bytes(plane[0:4], "little", signed=True)
    multiplier = int.from_bytes(plane[4:8], "little")
    return scale(wrap32(total + bias), multiplier, signed_byte(plane[8]))


def clamp(command: Command, value: int) -> int:
    value += command["output_zero_point"]
    return min(max(value, command["clamp_low"]), command["clamp_high"]) & 255


class Reference:
    """Executes compute commands on ``scratchpad``, taking weight words from ``words``."""

    def __init__(self, config: NpuConfig, scratchpad: bytearray) -> None:
        self.config = config
        self.scratchpad = scratchpad

    def run(self, command: Command, words: list[bytes]) -> None:
        if command.opcode is Opcode.ADD:
            self._add(command)
        elif command.opcode is Opcode.MOVE:
            execute(command, self.scratchpad)
        elif command.opcode is Opcode.CONV:
            self._window(command, words, depthwise=False)
        else:
            self._window(command, words, depthwise=True)

    def _add(self, c: Command) -> None:
        results = []
        for i in range(c["bytes"]):
            total = 0
            for side in "ab":
                value = signed_byte(self.scratchpad[c[f"{side}_address"] + i])
                centred = (value - c[f"{side}_zero_point"]) << 20
                total += scale(centred, c[f"{side}_multiplier"], c[f"{side}_shift"])
            results.append(clamp(c, scale(total, c["output_multiplier"], c["output_shift"])))
        for i, value in enumerate(results):
            self.scratchpad[c["output_address"] + i] = value

    def _byte(self, c: Command, row: int, x: int) -> int:
        if 0 <= row < c["input_rows"] and 0 <= x < c["input_row_bytes"]:
            return signed_byte(self.scratchpad[row_address(c, row) + x])
        return c["pad_value"]

    def _window(self, c: Command, words: list[bytes], *, depthwise: bool) -> None:
        writes = {}
        rows, halves = self.config.rows, 2 if c["paired"] else 1
        block_words = halves * (PARAMETER_WORDS + c["block_words"])
        for channel in range(c["channels"]):
            block, row = divmod(channel, rows)
            start = block // halves * block_words + block % halves
            mine = words[start : start + block_words : halves]
            plane = bytes(word[row] for word in mine[:PARAMETER_WORDS])
            factors = [signed_byte(word[row]) for word in mine[PARAMETER_WORDS:]][
                : c["block_words"]
            ]
            for oy in range(c["output_rows"]):
                for ox in range(c["output_cols"]):
                    values = self._operands(c, oy, ox, channel, depthwise=depthwise)
                    if depthwise and c["maximum"]:
                        total = max(values)
                    else:
                        total = sum(v * f for v, f in zip(values, factors, strict=True))
                    address = (
                        c["output_address"]
                        + oy * c["output_row_pitch"]
                        + ox * c["output_pixel_pitch"]
                        + channel
                    )
                    writes[address] = clamp(c, requantise(total, plane))
        for address, value in writes.items():
            self.scratchpad[address] = value

    def _operands(
        self, c: Command, oy: int, ox: int, channel: int, *, depthwise: bool
    ) -> list[int]:
        values = []
        taken = input_channel(c, self.config, channel) if depthwise else 0
        for ky in range(c["kernel_rows"]):
            row = oy * c["stride_rows"] + ky * c["dilation_rows"] - c["pad_top"]
            x = c["x_start"] + ox * c["x_step"]
            if depthwise:
                values.extend(
                    self._byte(c, row, x + kx * c["pixel_bytes"] + taken)
                    for kx in range(c["kernel_cols"])
                )
            else:
                for start in range(x, x + c["kernel_cols"] * c["tap_step"], c["tap_step"]):
                    values += [self._byte(c, row, start + k) for k in range(c["run_bytes"])]
        return values
