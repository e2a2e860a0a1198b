/* The transfer engine: LOAD and STORE, beat by beat (hw.npu.memory.transfers,
 * hw.npu.memory.transfer_beats). */
#ifndef TRANSFERS_H
#define TRANSFERS_H

#include "accesses.h"
#include "state.h"

static inline unsigned waiting(const BeatQueue *q) {
    return q->end - q->first;
}
static inline const Beat *front(const BeatQueue *q) {
    return &q->beats[q->first % BEATS];
}
static inline void put(BeatQueue *q, Beat beat) {
    q->beats[q->end++ % BEATS] = beat;
}
static inline Beat get(BeatQueue *q) {
    return q->beats[q->first++ % BEATS];
}

static void begin_transfer(Descriptor *at, const int64_t *c) {
    at->active = true;
    at->store = c[F_OPCODE] == OPCODE_STORE;
    at->memory = c[F_MEMORY_ADDRESS];
    at->scratchpad = c[F_SCRATCHPAD_ADDRESS];
    at->row_bytes = c[F_ROW_BYTES];
    at->rows = (int)c[F_ROWS];
    at->memory_pitch = c[F_MEMORY_PITCH];
    at->scratchpad_pitch = c[F_SCRATCHPAD_PITCH];
    at->empty = !at->rows || !at->row_bytes;
    at->last = at->empty || at->rows == 1;
}

static void begin_row(const Npu *n, Row *row, Descriptor *at) {
    row->valid = at->active;
    if (!at->active)
        return;
    int64_t offset = at->memory & (n->bus_bytes - 1);
    row->store = at->store;
    row->empty = at->empty;
    row->last = at->last;
    row->address = at->scratchpad - offset;
    row->first = (int)offset;
    row->word = (uint32_t)(at->memory >> n->bus_shift);
    row->end = at->empty ? offset : offset + at->row_bytes - 1;
    row->ends = row->end < n->bus_bytes;
    at->memory += at->memory_pitch;
    at->scratchpad += at->scratchpad_pitch;
    if (at->last)
        at->active = false;
    at->last = at->rows == 2;
    at->rows--;
}

/* A beat of a row. A STORE reads from its word's first byte on, a LOAD writes what is selected. */
static Beat beat_of(const Npu *n, const Row *row) {
    int64_t end = row->ends ? row->end : n->bus_bytes - 1;
    Beat beat = {.last = row->last && row->ends, .store = row->store, .word = row->word};
    if (row->store)
        beat.banks = bank_mask(n, row->address, end + 1);
    else if (!row->empty)
        beat.banks = bank_mask(n, row->address + row->first, end - row->first + 1);
    return beat;
}

/* From commands to beats. */
static void address_tick(Npu *n, bool room) {
    Transfers *x = &n->transfers;
    Row *row = &x->row;
    bool take = !row->valid || (room && row->ends);
    bool ready = !x->at.active || (take && x->at.last);
    const int64_t *head = next_command(n, &x->queue);
    bool starts = ready && x->queue.count && reached(n->sequencer.computes, head[F_WAIT]);
    if (row->valid && room) {
        put(&x->beats, beat_of(n, row));
        if (!row->ends) {
            row->address += n->bus_bytes;
            row->word++;
            row->end -= n->bus_bytes;
            row->ends = row->end < n->bus_bytes;
            row->first = 0;
        }
    }
    if (take)
        begin_row(n, row, &x->at);
    if (starts) {
        begin_transfer(&x->at, head);
        take_command(&x->queue);
    }
}

/* From answers to the scratchpad; returns whether a LOAD's beat has been written. */
static bool answer_tick(Npu *n, bool answered) {
    Transfers *x = &n->transfers;
    bool ready = !x->writes || !(compute_writes(n, n->now - 1) & x->writes);
    bool take = !x->valid || ready, loaded = x->loads && ready;
    if (ready) {
        x->pending -= x->ends;
        n->sequencer.transfers += x->ends;
        x->loads = x->valid && !x->answer.store;
        x->ends = x->valid && x->answer.last;
        x->writes = x->loads ? x->answer.banks : 0;
        x->write_words += x->loads;
    }
    if (take) {
        x->valid = x->arrived > 0;
        if (x->valid) {
            x->answer = get(&x->tags);
            x->arrived--;
        }
    }
    x->arrived += x->arriving;
    x->arriving = answered;
    return loaded;
}

/* STOREs' reads, served where the compute side reads other banks. */
static void read_tick(Npu *n) {
    Transfers *x = &n->transfers;
    bool served = waiting(&x->reads) && !(front(&x->reads)->banks & compute_reads(n));
    if (served)
        get(&x->reads);
    x->stored += x->reading[1];
    x->reading[1] = x->reading[0];
    x->reading[0] = served;
}

/* A cycle; `granted`: a request is; `answered`: one is. */
static void transfers_tick(Npu *n, bool granted, bool answered) {
    Transfers *x = &n->transfers;
    unsigned beats = waiting(&x->beats), requests = waiting(&x->requests);
    unsigned whole = waiting(&x->whole), tags = waiting(&x->tags);
    bool reads_room = waiting(&x->reads) < READS_FIFO;
    bool may_read = requests < REQUESTS && x->loading == 0;
    bool is_store = beats && front(&x->beats)->store;
    bool moves = beats && (is_store ? may_read && reads_room : requests < REQUESTS);
    bool complete = requests && (!front(&x->requests)->store || x->stored);
    bool enters = complete && whole < WHOLE_FIFO;
    if (granted)
        put(&x->tags, get(&x->whole));
    x->room = tags < OUTSTANDING - 2;
    bool loaded = answer_tick(n, answered);
    read_tick(n);
    if (enters) {
        x->stored -= front(&x->requests)->store;
        put(&x->whole, get(&x->requests));
    }
    if (moves) {
        Beat beat = get(&x->beats);
        put(&x->requests, beat);
        if (is_store)
            put(&x->reads, beat);
        x->read_words += is_store;
    }
    x->loading += (moves && !is_store) - loaded;
    address_tick(n, beats < BEATS_FIFO);
}

/* All that was begun is done; the rest waits for compute commands. */
static inline bool transfers_wait(const Npu *n) {
    const Transfers *x = &n->transfers;
    if (!x->pending)
        return true;
    if (x->at.active || x->row.valid || waiting(&x->beats) || waiting(&x->requests) ||
        waiting(&x->whole) || waiting(&x->tags) || x->valid || x->ends)
        return false;
    return !x->queue.count || !reached(n->sequencer.computes, next_command(n, &x->queue)[F_WAIT]);
}

static inline bool transfers_ask(const Npu *n) {
    return waiting(&n->transfers.whole) && n->transfers.room;
}

#endif
