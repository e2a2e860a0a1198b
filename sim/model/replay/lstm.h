/* An LSTM at work: the bytes that it reads and writes, a cycle at a time (hw.npu.compute.lstm). */
#ifndef LSTM_H
#define LSTM_H

#include "state.h"

/* Banks of a read: of the sums of inputs and of the hidden state in turns, then of the cell. */
static uint32_t lstm_read(const Npu *n, const int64_t *c, int64_t index) {
    int64_t unit = index / LSTM_UNIT_CYCLES, place = index % LSTM_UNIT_CYCLES;
    if (place == LSTM_UNIT_CYCLES - 1)
        return bank_mask(n, c[F_CELL_ADDRESS] + 2 * unit, 2);
    int64_t sums = c[place & 1 ? F_RECURRENT_ADDRESS : F_INPUT_ADDRESS];
    return bank_mask(n, sums + unit * LSTM_GATE_BYTES + (place & ~1), 2);
}

/* Which unit writes what comes `late` cycles behind its first read; -1 for none. */
static inline int64_t lstm_unit(const int64_t *c, int64_t since, int64_t late) {
    int64_t unit = (since - late) / LSTM_UNIT_CYCLES;
    bool now = since >= late && (since - late) % LSTM_UNIT_CYCLES == 0;
    return now && unit < c[F_UNITS] ? unit : -1;
}

/* Banks of the write in a cycle, `since` the command's first read. */
static uint32_t lstm_write(const Npu *n, const int64_t *c, int64_t since) {
    int64_t state = lstm_unit(c, since, LSTM_STATE_WRITTEN);
    int64_t output = lstm_unit(c, since, LSTM_OUTPUT_WRITTEN);
    int64_t hidden = lstm_unit(c, since, LSTM_HIDDEN_WRITTEN);
    if (state >= 0)
        return bank_mask(n, c[F_NEXT_CELL_ADDRESS] + 2 * state, 2);
    if (output >= 0)
        return bank_mask(n, c[F_OUTPUT_ADDRESS] + output, 1);
    return hidden >= 0 ? bank_mask(n, c[F_HIDDEN_ADDRESS] + hidden, 1) : 0;
}

#endif
