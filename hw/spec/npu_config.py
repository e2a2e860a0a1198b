"""Configuration of the accelerator, with what follows from it."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.hw.spec.commands import EXPONENTIALS, TABLE_SLOTS, TABLE_WORDS, Opcode
from tilewright.hw.spec.limits import is_power_of_two, next_power_of_two, require

AUTO = 0
"""Value of a field that is derived from others when nobody sets it."""


@dataclass(frozen=True, kw_only=True)
class NpuConfig:
    """The accelerator: an output-stationary array of ``rows`` channels x ``cols`` pixels.

    Parameters
    ----------
    rows: output channels computed at once, 2..32; twice as many in paired commands.
    cols: output pixels computed at once, 2..32; half as many in paired commands.
    accumulator_bits: width of an accumulator, 20..32. Layers that could overflow
        it run on the CPU.
    scratchpad_bytes: activation memory, all banks together: 4096..1048576, a multiple of
        port_bytes x scratchpad_banks.
    scratchpad_banks: banks interleaved by words of ``port_bytes``, 2, 4, 8 or 16; more banks,
        fewer DMA conflicts.
    port_bytes: bytes that one scratchpad access moves: 8, 16 or 32, at least rows and bus_bytes.
        0 chooses the smallest of at least rows, cols, bus_bytes and 16.
    weight_buffer_bytes: ring buffer for weights, filled by DMA ahead of use; a power of two,
        1024..1048576.
    requantiser_lanes: results requantised a cycle, 1..rows. 0 chooses rows.
    depthwise_kernel: largest depthwise or pooling kernel that reuses its window on chip, 1..7
        (larger ones work, at one scratchpad read a tap and pixel).
    bus_bytes: width of the DMA's bus, bytes a cycle: 4, 8, 16 or 32.
    elementwise_unit: whether there is a unit for ELEMENTWISE: additions, products, maxima of two
        tensors, with broadcast. Without it they run on the CPU.
    table_unit: whether results can go through a table (TABLE), for any function of one int8.
    move_unit: whether there is a unit that copies within the scratchpad (MOVE), so that
        transpositions, slices and the like need no CPU.
    softmax_unit: whether there is a unit for SOFTMAX of int8. It keeps exponentials in the memory
        of the table unit: a design without that has none either.
    recurrent_unit: whether there is a unit for the cells of an LSTM (LSTM), and with it results of
        int16 and weights that stay on the chip from one time step to the next. It is there only
        where port_bytes holds an int16 of each of the requantiser_lanes.
    control: ``"hardwired"``, or ``"microcode"`` for small FPGAs: the same commands, one thing after
        the other, with the scratchpad in main memory and without these units.
        Layers that it does not take run on the CPU.
    """

    rows: int = 8
    cols: int = 8
    accumulator_bits: int = 32
    scratchpad_bytes: int = 64 * 1024
    scratchpad_banks: int = 4
    port_bytes: int = AUTO
    weight_buffer_bytes: int = 16 * 1024
    requantiser_lanes: int = AUTO
    depthwise_kernel: int = 3
    bus_bytes: int = 8
    elementwise_unit: bool = True
    table_unit: bool = True
    move_unit: bool = True
    softmax_unit: bool = True
    recurrent_unit: bool = True
    control: str = "hardwired"

    def __post_init__(self) -> None:
        require(
            self.control in ("hardwired", "microcode"),
            f"control = {self.control!r}: must be hardwired or microcode",
        )
        if self.port_bytes == AUTO and self.microcode:
            object.__setattr__(self, "port_bytes", self.bus_bytes)
        elif self.port_bytes == AUTO:
            widest = next_power_of_two(max(self.rows, self.cols, 1))
            object.__setattr__(self, "port_bytes", max(16, widest, self.bus_bytes))
        if self.requantiser_lanes == AUTO:
            object.__setattr__(self, "requantiser_lanes", self.rows)
        if self.microcode:
            self._validate_microcode()
        if not self.table_unit:
            object.__setattr__(self, "softmax_unit", False)
        self._validate_array()
        self._validate_memories()

    def _validate_microcode(self) -> None:
        for name in ("elementwise_unit", "table_unit", "move_unit", "recurrent_unit"):
            object.__setattr__(self, name, False)
        for name, value in (("rows", 4), ("bus_bytes", 4), ("port_bytes", 4)):
            found = getattr(self, name)
            require(found == value, f"{name} = {found}: must be {value} with control = microcode")
        require(self.cols <= 31, f"cols = {self.cols}: must be 2..31 with control = microcode")
        require(
            is_power_of_two(self.scratchpad_bytes) and self.scratchpad_bytes <= 1 << 16,
            f"scratchpad_bytes = {self.scratchpad_bytes}: must be a power of two, 4096..65536, "
            "with control = microcode",
        )

    def _validate_array(self) -> None:
        require(2 <= self.rows <= 32, f"rows = {self.rows}: must be 2..32")
        require(2 <= self.cols <= 32, f"cols = {self.cols}: must be 2..32")
        require(
            20 <= self.accumulator_bits <= 32,
            f"accumulator_bits = {self.accumulator_bits}: must be 20..32",
        )
        require(
            1 <= self.requantiser_lanes <= self.rows,
            f"requantiser_lanes = {self.requantiser_lanes}: must be 1..rows (rows = {self.rows})",
        )
        require(
            1 <= self.depthwise_kernel <= 7,
            f"depthwise_kernel = {self.depthwise_kernel}: must be 1..7",
        )

    def _validate_memories(self) -> None:
        port, banks = self.port_bytes, self.scratchpad_banks
        require(
            is_power_of_two(self.bus_bytes) and 4 <= self.bus_bytes <= 32,
            f"bus_bytes = {self.bus_bytes}: must be 4, 8, 16 or 32",
        )
        require(
            is_power_of_two(port) and (port >= 8 or self.microcode) and port <= 32,
            f"port_bytes = {port}: must be 8, 16 or 32",
        )
        require(
            port >= self.rows,
            f"port_bytes = {port} is less than rows = {self.rows}: a depthwise read takes one byte "
            "for each row; set port_bytes to a power of two of at least rows",
        )
        require(
            self.bus_bytes <= port,
            f"bus_bytes = {self.bus_bytes}: must be at most port_bytes = {port}",
        )
        require(
            is_power_of_two(banks) and 2 <= banks <= 16,
            f"scratchpad_banks = {banks}: must be 2, 4, 8 or 16",
        )
        require(
            4096 <= self.scratchpad_bytes <= 1 << 20,
            f"scratchpad_bytes = {self.scratchpad_bytes}: must be 4096..1048576",
        )
        require(
            self.scratchpad_bytes % (port * banks) == 0,
            f"scratchpad_bytes = {self.scratchpad_bytes}: must be a multiple of "
            f"port_bytes x scratchpad_banks = {port * banks}",
        )
        word = self.weight_memory_bytes
        require(
            is_power_of_two(self.weight_buffer_bytes)
            and 1024 <= self.weight_buffer_bytes <= 1 << 20,
            f"weight_buffer_bytes = {self.weight_buffer_bytes}: must be a power of two, "
            f"1024..1048576 (its memory words hold {word} bytes)",
        )

    @property
    def microcode(self) -> bool:
        """Whether the control is microprogrammed."""
        return self.control == "microcode"

    @property
    def opcodes(self) -> tuple[Opcode, ...]:
        """Commands that the design knows."""
        missing = {
            Opcode.ELEMENTWISE: not self.elementwise_unit,
            Opcode.TABLE: not self.table_unit,
            Opcode.MOVE: not self.move_unit,
            Opcode.SOFTMAX: not self.softmax_unit,
            Opcode.LSTM: not self.wide_results,
        }
        return tuple(opcode for opcode in Opcode if not missing.get(opcode))

    @property
    def table_words(self) -> int:
        """Words of the memory for tables that each lane of the table unit has."""
        return EXPONENTIALS if self.softmax_unit else TABLE_SLOTS * TABLE_WORDS

    @property
    def wide_results(self) -> bool:
        """Whether there is a unit for LSTM and whatever else it needs."""
        return self.recurrent_unit and 2 * self.requantiser_lanes <= self.port_bytes

    @property
    def pairs(self) -> bool:
        """Whether commands can be paired."""
        return not self.microcode

    @property
    def weight_word_bytes(self) -> int:
        """Bytes of one weight word: a weight for each row, padded to a power of two."""
        return next_power_of_two(self.rows)

    @property
    def weight_pair_bytes(self) -> int:
        """Bytes of the weight words of two blocks of channels, as a paired step takes them."""
        return 2 * self.weight_word_bytes

    @property
    def weight_memory_bytes(self) -> int:
        """Width of the weight buffer's memory: holds a bus beat and a pair of weight words."""
        return max(self.weight_pair_bytes, self.bus_bytes)

    @property
    def paired_pixels(self) -> int:
        """Output pixels of a paired tile, in which two columns share a pixel."""
        return self.cols // 2

    @property
    def pairs_depthwise(self) -> bool:
        """Whether a scratchpad read brings two blocks of channels, so that DEPTHWISE can pair."""
        return self.pairs and self.port_bytes >= self.weight_pair_bytes

    @property
    def depthwise_bytes(self) -> int:
        """Bytes of a depthwise slot in one column: a pixel of one block, or of two."""
        return self.weight_pair_bytes if self.pairs_depthwise else self.weight_word_bytes

    @property
    def columns(self) -> int:
        """Column buffers: one for each pixel, and the overhang of a depthwise window."""
        return self.cols + self.depthwise_kernel - 1

    @property
    def column_bytes(self) -> int:
        """Bytes of a column buffer: two convolution words, or the rows of a window and one more."""
        rows_of_window = (self.depthwise_kernel + 1) * self.depthwise_bytes
        return max(2 * self.port_bytes, -(-rows_of_window // self.port_bytes) * self.port_bytes)

    @property
    def convolution_slots(self) -> int:
        """Words of ``port_bytes`` that a column buffer holds for convolutions."""
        return self.column_bytes // self.port_bytes

    @property
    def depthwise_slots(self) -> int:
        """Pixels of ``depthwise_bytes`` that a column buffer holds for depthwise windows."""
        return self.column_bytes // self.depthwise_bytes
