"""What each compute command means, written out element by element in plain Python integers."""

from __future__ import annotations

from tests.hw.npu.commands import input_channel, row_address
from tests.hw.npu.lstm import execute as execute_lstm
from tests.hw.npu.moves import execute
from tilewright.hw.spec.commands import EXPONENTIALS, PARAMETER_WORDS, Command, Opcode, Operation
from tilewright.hw.spec.npu_config import NpuConfig


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


def operands(c: Command) -> list[tuple[int, int, int]]:
    """(address of a, of b, of the output) of each element, in order."""
    return [
        (
            c["a_address"]
            + row * c["a_row_pitch"]
            + col * c["a_pixel_pitch"]
            + (0 if c["a_repeat"] else i),
            c["b_address"] + row * c["b_row_pitch"] + col * c["b_pixel_pitch"] + i,
            c["output_address"] + row * c["output_row_pitch"] + col * c["output_pixel_pitch"] + i,
        )
        for row in range(c["output_rows"])
        for col in range(c["output_cols"])
        for i in range(c["run_bytes"])
    ]


def sums(c: Command, scratchpad: bytes) -> dict[int, int]:
    """What an ELEMENTWISE requantises, by output address."""
    return {
        target: combine(c, signed_byte(scratchpad[a]), signed_byte(scratchpad[b]))
        for a, b, target in operands(c)
    }


def combine(c: Command, a: int, b: int) -> int:
    operation = Operation(c["operation"])
    if operation is Operation.MULTIPLY:
        return (a - c["a_zero_point"]) * (b - c["b_zero_point"])
    if operation is Operation.MAXIMUM:
        return max(a, b) - c["b_zero_point"]
    if operation is Operation.MINIMUM:
        return min(a, b) - c["b_zero_point"]
    x = scale((a - c["a_zero_point"]) << 20, c["a_multiplier"], c["a_shift"])
    y = scale((b - c["b_zero_point"]) << 20, c["b_multiplier"], c["b_shift"])
    signs = {
        Operation.ADD: (1, 1),
        Operation.A_MINUS_B: (1, -1),
        Operation.B_MINUS_A: (-1, 1),
        Operation.B_ALONE: (0, 1),
    }[operation]
    return signs[0] * x + signs[1] * y


def softmax_row(values: list[int], exponentials: list[int], last: int) -> list[int]:
    """The probabilities of a row, 0..255, by gemmlowp's reciprocal in TFLM's kernel."""
    largest = max(values)
    found = [exponentials[largest - x] if largest - x <= last else 0 for x in values]
    total = sum((e + (1 << 11)) >> 12 for e in found)
    headroom = 32 - total.bit_length()
    fraction = (total << headroom) - (1 << 31)
    half = truncating_division(fraction + (1 << 31) - 1 + 1, 2)
    x = 1515870810 + scale(-1010580540, half, 0)
    for _ in range(3):
        x += 4 * scale((1 << 29) - scale(x, half, 0), x, 0)
    factor = min(2 * x, (1 << 31) - 1)
    right = 12 - headroom + 31 - 8
    return [min(scale(e, factor, -right), 255) for e in found]


class Reference:
    """Executes compute commands on ``scratchpad``, taking weight words from ``words``."""

    def __init__(self, config: NpuConfig, scratchpad: bytearray) -> None:
        self.config = config
        self.scratchpad = scratchpad
        self.tables = bytearray(4 * EXPONENTIALS)

    def run(self, command: Command, words: list[bytes]) -> None:
        if command.opcode is Opcode.ELEMENTWISE:
            self._elementwise(command)
        elif command.opcode is Opcode.TABLE:
            self._table(command)
        elif command.opcode is Opcode.MOVE:
            execute(command, self.scratchpad)
        elif command.opcode is Opcode.SOFTMAX:
            self._softmax(command)
        elif command.opcode is Opcode.LSTM:
            execute_lstm(command, self.scratchpad)
        elif command.opcode is Opcode.CONV:
            self._window(command, words, depthwise=False)
        else:
            self._window(command, words, depthwise=True)

    def _table(self, c: Command) -> None:
        start, size, place = c["input_address"], 4 * c["words"], 256 * c["slot"]
        self.tables[place : place + size] = self.scratchpad[start : start + size]

    def _looked_up(self, c: Command, value: int) -> int:
        return self.tables[256 * (c["table"] - 1) + value] if c["table"] else value

    def _softmax(self, c: Command) -> None:
        words = [self.tables[i : i + 4] for i in range(0, len(self.tables), 4)]
        exponentials = [int.from_bytes(word, "little") for word in words]
        for row in range(c["rows"]):
            start = c["input_address"] + row * c["input_row_pitch"]
            values = [signed_byte(b) for b in self.scratchpad[start : start + c["row_bytes"]]]
            target = c["output_address"] + row * c["output_row_pitch"]
            result = softmax_row(values, exponentials, c["last_exponential"])
            self.scratchpad[target : target + len(result)] = bytes((p - 128) & 255 for p in result)

    def _elementwise(self, c: Command) -> None:
        for address, total in sums(c, self.scratchpad).items():
            value = clamp(c, scale(total, c["output_multiplier"], c["output_shift"]))
            self.scratchpad[address] = self._looked_up(c, value)

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
                    )
                    scaled = requantise(total, plane)
                    if c.values.get("wide"):
                        address += 2 * channel
                        low, high = min(max(scaled, -32768), 32767).to_bytes(
                            2, "little", signed=True
                        )
                        writes |= {address: low, address + 1: high}
                    else:
                        writes[address + channel] = self._looked_up(c, clamp(c, scaled))
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
