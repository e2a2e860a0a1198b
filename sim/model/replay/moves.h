/* A MOVE at work: how many accesses it makes, and where they lie (hw.npu.compute.mover). */
#ifndef MOVES_H
#define MOVES_H

#include "state.h"

/* Accesses of a run. */
static inline int64_t run_accesses(const Npu *n, const int64_t *c) {
    return quotient_up(c[F_RUN_BYTES], n->port_bytes);
}

static inline int64_t move_accesses(const Npu *n, const int64_t *c) {
    int64_t accesses = run_accesses(n, c);
    for (int loop = 0; loop < MOVE_LOOPS; loop++)
        accesses *= c[F_EXTENT_0 + loop];
    return accesses;
}

/* Banks of an access; `address`, `pitch`: the columns of its side's address and first pitch. */
static uint32_t move_banks(const Npu *n, const int64_t *c, int64_t number, int address, int pitch) {
    int64_t turn = number / run_accesses(n, c);
    int64_t done = number % run_accesses(n, c) * n->port_bytes;
    int64_t place = c[address] + done;
    for (int loop = 0; loop < MOVE_LOOPS; loop++) {
        place += turn % c[F_EXTENT_0 + loop] * c[pitch + loop];
        turn /= c[F_EXTENT_0 + loop];
    }
    return bank_mask(n, place, smaller(n->port_bytes, c[F_RUN_BYTES] - done));
}

#endif
