"""The accelerator's latencies, in cycles, and the depths of its queues.

The RTL is built from them (the module that each belongs to stands in brackets), and the model's
replay counts with them. Those that follow from others, or from how a state machine goes, say so:
tests/verification/test_command_streams.py holds all of them against the chip.
"""

from __future__ import annotations

from tilewright.hw.spec.commands import LSTM_GATE_BYTES, SOFTMAX_BATCH

SCRATCHPAD_READ_LATENCY = 2
"""From a read's valid to its data (hw.npu.memory.scratchpad)."""

SCRATCHPAD_WRITE_LATENCY = 2
"""From a write's valid to the first read that is sure to see it (hw.npu.memory.scratchpad)."""

FIRST_FETCH = 1
"""From a stream's start to its first request: a state of hw.npu.memory.sequencer."""

FETCH_BYTES = 256
"""Commands read ahead (hw.npu.memory.command_fetch)."""

QUEUE = 4
"""Commands that wait behind the one at work, of transfers and of weights (hw.npu.memory.transfers,
hw.npu.memory.weights_dma)."""

PARAMETER_SETS = 2
"""Blocks whose parameters are kept: one is filled while the other one is in use
(hw.npu.compute.parameters)."""

OUTSTANDING = 128
"""Requests of a client on their way (hw.npu.memory.bus_multiplexer)."""

REQUESTS = 8
"""Beats between their addresses and the bus; covers the scratchpad's read latency
(hw.npu.memory.transfers)."""

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

FILL_CYCLES = SCRATCHPAD_READ_LATENCY + 1
"""From a slot's last read to its first step: bank, rotation, column buffer
(hw.npu.compute.fills)."""

SELECT_LATENCY = 2
"""From the choice of a step's activations to them (hw.npu.compute.columns)."""

ACTIVATION_DELAY = 2
"""From a step to its activations at the array (hw.npu.compute.array)."""

CAPTURE_LATENCY = 5
"""From a tile's last step to its sums at the drain, and so the fewest cycles from a tile's end to
the next one's (hw.npu.compute.array)."""

REQUANTISER_LATENCY = 9
"""From a beat of the drain to its result (hw.npu.compute.requantiser)."""

ROUNDED_LATENCY = 7
"""From the requantiser's input to what it shifts right (hw.npu.compute.requantiser)."""

SCALER_LATENCY = 6
"""From an operand to its scaled value (hw.npu.compute.operand_scaler)."""

OPERAND_CYCLES = SCRATCHPAD_READ_LATENCY + SCALER_LATENCY
"""From an operand's read to the sum (hw.npu.compute.elementwise)."""

TABLE_LATENCY = 2
"""From a result to what its table says (hw.npu.compute.tables)."""

TABLE_CYCLES = SCRATCHPAD_READ_LATENCY + 2
"""From a TABLE's last read to its end but for the margin: its arrival, and two states of
hw.npu.compute.compute_control."""

MOVE_CYCLES = SCRATCHPAD_READ_LATENCY
"""From a MOVE's read to its write (hw.npu.compute.mover)."""

SOFTMAX_LATENCY = SCRATCHPAD_READ_LATENCY + 3
"""From a read of SOFTMAX to its exponentials at the requantiser (hw.npu.compute.softmax)."""

RECIPROCAL_TURNS = 8
"""Of each row of a SOFTMAX at the multiplier (hw.npu.compute.reciprocal)."""

RESULTS_WAIT = (RECIPROCAL_TURNS - 1) * SOFTMAX_BATCH + 1 - 4
"""Without a read of SOFTMAX while reciprocals are worked out: from the first turn of place 0 to the
read, four cycles ahead, that needs its reciprocal; one more for each row that a batch lacks
(hw.npu.compute.softmax_walk)."""

FUNCTION_LATENCY = 6
"""From a gate's sum to its function (hw.npu.compute.gate_function)."""

LSTM_UNIT_CYCLES = LSTM_GATE_BYTES + 1
"""From unit to unit of an LSTM: a read for two bytes of sums, of both parts, and of the state
(hw.npu.compute.lstm)."""

LSTM_STATE_WRITTEN = SCRATCHPAD_READ_LATENCY + FUNCTION_LATENCY + 10
"""From a unit's first read to the write of its new state, a cycle in which no gate's sum enters its
function (hw.npu.compute.lstm)."""

LSTM_OUTPUT_WRITTEN = LSTM_STATE_WRITTEN + FUNCTION_LATENCY + 1 + REQUANTISER_LATENCY
"""To the write of its output (hw.npu.compute.lstm)."""

LSTM_HIDDEN_WRITTEN = LSTM_OUTPUT_WRITTEN + 1
"""To that of its hidden state (hw.npu.compute.lstm)."""

LSTM_CYCLES = LSTM_HIDDEN_WRITTEN + 1 - LSTM_UNIT_CYCLES
"""From an LSTM's last read to its last write."""

WRITE_MARGIN = SCRATCHPAD_WRITE_LATENCY
"""From the last result to the command's completion, which others may see
(hw.npu.compute.compute_control)."""
