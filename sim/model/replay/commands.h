/* Commands on their way to their queues (hw.npu.memory.command_fetch, decoder, sequencer,
 * compute_queue), the weight DMA and the profile writer.
 */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "state.h"

/* Beats become words, a word a cycle; returns whether a beat leaves the FIFO. */
static inline bool unpack(Fetch *f, bool ready) {
    bool take = !f->word || ready, there = f->level > 0;
    if (!take)
        return false;
    bool pops = there && f->lane == f->lanes - 1;
    f->word = there;
    if (there)
        f->lane = pops ? 0 : f->lane + 1;
    return pops;
}

static inline void fetch_tick(Npu *n, bool ready, bool granted, bool answered) {
    Fetch *f = &n->fetch;
    bool popped = unpack(f, ready);
    f->room = f->reserved < f->depth - 1;
    f->reserved += granted - popped;
    f->address += granted;
    f->outstanding += granted - answered;
    f->level += answered - popped;
    if (n->sequencer.finishing)
        f->enabled = false;
}

static inline int64_t ring_room(const Npu *n) {
    return n->ring_beats - n->ring.filled + n->ring.freed * n->line_beats;
}

/* `room`: beats that the ring could take before this cycle. */
static void dma_tick(Npu *n, int64_t room, bool granted, bool answered) {
    WeightsDma *d = &n->dma;
    d->may_request = room - d->outstanding != granted;
    d->outstanding += granted - answered;
    n->ring.filled += answered;
    if (!d->active && d->queue.count) {
        d->left = next_command(n, &d->queue)[F_BYTES] / n->bus_bytes;
        d->word = (uint32_t)(next_command(n, &d->queue)[F_MEMORY_ADDRESS] >> n->bus_shift);
        d->active = d->left != 0;
        take_command(&d->queue);
    } else if (granted) {
        d->active = --d->left != 0;
        d->word++;
    }
}

/* The ring is full, or there is nothing to fill it with. */
static inline bool weights_wait(const Npu *n) {
    const WeightsDma *d = &n->dma;
    if (d->outstanding)
        return false;
    return d->active ? !d->may_request && ring_room(n) == 0 : !d->queue.count;
}

/* A decoded command goes to its queue, if that has room; `had_room`: as its registers say. */
static bool dispatch(Npu *n, Rooms had_room) {
    Sequencer *s = &n->sequencer;
    const int64_t *c = command(n, s->next);
    switch (c[F_OPCODE]) {
    case OPCODE_WEIGHTS:
        if (had_room.weights)
            n->dma.queue.commands[n->dma.queue.count++] = s->next;
        return had_room.weights;
    case OPCODE_LOAD:
    case OPCODE_STORE:
        if (had_room.transfers) {
            n->transfers.queue.commands[n->transfers.queue.count++] = s->next;
            n->transfers.pending++;
        }
        return had_room.transfers;
    case OPCODE_END:
        s->finishing = true;
        return true;
    default:
        if (s->queued)
            return false;
        s->queued = true;
        s->head = s->next;
        return true;
    }
}

/* Words become commands; `taken`: the compute side takes the one that waits. */
static inline void sequencer_tick(Npu *n, bool word, bool taken, Rooms had_room) {
    Sequencer *s = &n->sequencer;
    s->at_work += taken;
    s->queued = s->queued && !taken;
    if (!s->enabled) {
        s->enabled = !s->finishing;
    } else if (!s->decoded) {
        s->decoded = word && --s->words_left == 0;
    } else if (dispatch(n, had_room)) {
        s->decoded = false;
        s->enabled = !s->finishing;
        if (s->enabled)
            s->words_left = (int)command(n, ++s->next)[F_LENGTH];
    }
}

/* Nothing is on its way, and no command can go to its queue before the compute side goes on. */
static inline bool commands_wait(const Npu *n) {
    const Fetch *f = &n->fetch;
    const Sequencer *s = &n->sequencer;
    bool fetched = !f->outstanding && (!f->enabled || (!f->room && f->reserved >= f->depth - 1));
    if (!fetched || s->finishing || !s->enabled || !f->word || !s->decoded)
        return fetched && s->finishing && !s->enabled && !f->enabled;
    switch (command(n, s->next)[F_OPCODE]) {
    case OPCODE_WEIGHTS:
        return n->dma.queue.count == QUEUE;
    case OPCODE_LOAD:
    case OPCODE_STORE:
        return n->transfers.queue.count == QUEUE;
    case OPCODE_END:
        return false;
    default:
        return s->queued;
    }
}

/* Words of records become beats. */
static inline void profile_tick(Npu *n, bool granted, bool answered) {
    Profile *p = &n->profile;
    bool word = p->sending && !p->full;
    p->outstanding += granted - answered;
    if (granted) {
        p->full = false;
        p->beat = p->beat == RECORD_BYTES / n->bus_bytes - 1 ? 0 : p->beat + 1;
        p->word++;
    }
    if (word) {
        if (++p->lane == n->fetch.lanes) {
            p->lane = 0;
            p->full = true;
        }
        if (++p->position == RECORD_WORDS)
            p->sending = false;
    }
    if (p->marked) {
        p->marked = false;
        p->sending = true;
        p->position = 0;
    }
}

#endif
