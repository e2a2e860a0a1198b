"""Cycles and depths of the accelerator's control, by the names they have in hw/npu."""

from __future__ import annotations

FIRST_FETCH = 1
"""From a stream's start to its first request."""

FETCH_BYTES = 256
"""Commands read ahead (hw.npu.command_fetch)."""

QUEUE = 4
"""Commands that wait behind the one at work, of transfers and of weights (hw.npu.transfers,
hw.npu.weights_dma)."""

PARAMETER_SETS = 2
"""Blocks whose parameters are kept (hw.npu.parameters)."""

OUTSTANDING = 128
"""Requests of transfers on their way (hw.npu.bus_multiplexer)."""

REQUESTS = 8
"""Beats between their addresses and the bus (hw.npu.transfers)."""

BEATS_FIFO = 2
"""Beats behind their addresses (hw.npu.transfer_beats)."""

WHOLE_FIFO = 2
"""Whole requests that wait for the bus (hw.npu.transfers)."""

READS_FIFO = 2
"""The DMA's reads that wait for their banks (hw.npu.scratchpad)."""

PREFETCH_LINES = 16
"""Lines read ahead of the array (hw.npu.weight_fifo)."""

READ_CYCLES = 3
"""From a line's read to its first word at the array (hw.npu.weight_ring)."""

FIRST_READ = 3
"""From a command's start to the feeder's first read: its states ORIGIN and STRIP."""

FILL_CYCLES = 3
"""From a slot's last read to its first step: bank, rotation, column buffer."""

CAPTURE_LATENCY = 5
"""Fewest cycles from a tile's end to the next one's (hw.npu.array)."""

REQUANTISER_LATENCY = 9
"""From a beat of the drain to its result (hw.npu.requantiser)."""

ADD_CYCLES = 8
"""From an operand's read to the sum: scratchpad and scaler (hw.npu.adder)."""

WRITE_MARGIN = 2
"""From the last result to the command's completion (hw.npu.compute_control)."""
