/* A SOFTMAX at work: batches of rows, each read in three passes (hw.npu.compute.softmax_walk). */
#ifndef SOFTMAX_H
#define SOFTMAX_H

#include "state.h"

enum { PASSES = 3 };

/* Where a cycle of a command lies: `pass` PASSES where nothing is read. */
typedef struct {
    int pass;
    int64_t row, group;
} RowRead;

static inline int64_t row_groups(const Npu *n, const int64_t *c) {
    return quotient_up(c[F_ROW_BYTES], n->lanes);
}

/* Cycles in which the values of all lanes become one. */
static inline int64_t tree_levels(const Npu *n) {
    int64_t levels = 1;
    while ((int64_t)1 << levels < n->lanes)
        levels++;
    return levels;
}

/* Cycles without a read behind a pass of so many rows. */
static inline int64_t pass_wait(const Npu *n, int pass, int64_t rows) {
    if (pass == PASSES - 1)
        return 0;
    return tree_levels(n) + (pass == 1 ? RESULTS_WAIT + SOFTMAX_BATCH - rows : 0);
}

static inline int64_t batch_cycles(const Npu *n, const int64_t *c, int64_t rows) {
    return PASSES * rows * row_groups(n, c) + pass_wait(n, 0, rows) + pass_wait(n, 1, rows);
}

/* From the first read to the last one, both included. */
static int64_t softmax_cycles(const Npu *n, const int64_t *c) {
    int64_t rest = c[F_ROWS] % SOFTMAX_BATCH;
    int64_t cycles = c[F_ROWS] / SOFTMAX_BATCH * batch_cycles(n, c, SOFTMAX_BATCH);
    return rest ? cycles + batch_cycles(n, c, rest) : cycles;
}

/* What is read `index` cycles behind the first read. */
static RowRead row_read(const Npu *n, const int64_t *c, int64_t index) {
    int64_t whole = batch_cycles(n, c, SOFTMAX_BATCH), first = index / whole * SOFTMAX_BATCH;
    int64_t rows = smaller(c[F_ROWS] - first, SOFTMAX_BATCH), groups = row_groups(n, c);
    index %= whole;
    for (int pass = 0; pass < PASSES; pass++) {
        if (index < rows * groups)
            return (RowRead){pass, first + index / groups, index % groups};
        index -= rows * groups + pass_wait(n, pass, rows);
        if (index < 0)
            break;
    }
    return (RowRead){PASSES, 0, 0};
}

static uint32_t softmax_reads(const Npu *n, const int64_t *c, int64_t index) {
    RowRead read = row_read(n, c, index);
    if (read.pass == PASSES)
        return 0;
    int64_t address = c[F_INPUT_ADDRESS] + read.row * c[F_INPUT_ROW_PITCH] + read.group * n->lanes;
    return bank_mask(n, address, n->lanes);
}

/* Banks that are written in cycle `at`. */
static uint32_t softmax_writes(const Npu *n, const int64_t *c, cycle at) {
    int64_t index = at - n->control.started - 1 - SOFTMAX_LATENCY - REQUANTISER_LATENCY;
    if (index < 0 || index >= n->control.reads)
        return 0;
    RowRead read = row_read(n, c, index);
    if (read.pass != PASSES - 1)
        return 0;
    int64_t begin = read.group * n->lanes;
    int64_t address = c[F_OUTPUT_ADDRESS] + read.row * c[F_OUTPUT_ROW_PITCH] + begin;
    return bank_mask(n, address, smaller(n->lanes, c[F_ROW_BYTES] - begin));
}

#endif
