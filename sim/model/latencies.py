"""Cycles and depths of the accelerator's control, by the names they have in hw/npu."""

from __future__ import annotations

FIRST_FETCH = 1
"""From a stream's start to its first request."""

FETCH_BYTES = 256
"""Commands read ahead (hw.npu.memory.command_fetch)."""

QUEUE = 4
"""Commands that wait behind the one at work, of transfers and of weights (hw.npu.memory.transfers,
hw.npu.memory.weights_dma)."""

PARAMETER_SETS = 2
"""Blocks whose parameters are kept (hw.npu.compute.parameters)."""

OUTSTANDING = 128
"""Requests of transfers on their way (hw.npu.memory.bus_multiplexer)."""

REQUESTS = 8
"""Beats between their addresses and the bus (hw.npu.memory.transfers)."""

BEATS_FIFO = 2
"""Beats behind their addresses (hw.npu.memory.transfer_beats)."""

WHOLE_FIFO = 2
"""Whole requests that wait for the bus (hw.npu.memory.transfers)."""

READS_FIFO = 2
"""The DMA's reads that wait for their banks (hw.npu.memory.scratchpad)."""

PREFETCH_LINES = 16
"""Lines read ahead of the array (hw.npu.memory.weight_fifo)."""

READ_CYCLES = 3
"""From a line's read to its first word at the array (hw.npu.memory.weight_ring)."""

FIRST_READ = 3
"""From a command's start to the feeder's first read: its states ORIGIN and STRIP."""

FILL_CYCLES = 3
"""From a slot's last read to its first step: bank, rotation, column buffer."""

CAPTURE_LATENCY = 5
"""Fewest cycles from a tile's end to the next one's (hw.npu.compute.array)."""

REQUANTISER_LATENCY = 9
"""From a beat of the drain to its result (hw.npu.compute.requantiser)."""

OPERAND_CYCLES = 8
"""From an operand's read to the sum: scratchpad and scaler (hw.npu.compute.elementwise)."""

TABLE_LATENCY = 2
"""From a result to what its table says (hw.npu.compute.tables)."""

TABLE_WORDS = 64
"""Reads of a TABLE (hw.npu.compute.tables)."""

TABLE_CYCLES = 4
"""From a TABLE's last read to its end but for the margin: scratchpad, and two states of
hw.npu.compute.compute_control."""

MOVE_CYCLES = 2
"""From a MOVE's read to its write: the scratchpad (hw.npu.ports)."""

LSTM_UNIT_CYCLES = 9
"""Reads of a unit of an LSTM (hw.npu.compute.lstm)."""

LSTM_STATE_WRITTEN = 18
"""From a unit's first read to the write of its new state (hw.npu.compute.lstm)."""

LSTM_OUTPUT_WRITTEN = 34
"""To that of the output (hw.npu.compute.lstm)."""

LSTM_HIDDEN_WRITTEN = 35
"""To that of the hidden state (hw.npu.compute.lstm)."""

LSTM_CYCLES = 27
"""From an LSTM's last read to the last write."""

WRITE_MARGIN = 2
"""From the last result to the command's completion (hw.npu.compute.compute_control)."""
