/* Cycles that are skipped because nothing happens in them, or the same again and again. */
#ifndef WAITS_H
#define WAITS_H

#include "pipeline.h"

/* Cycles in which all that happens is that a stage counts on, or that a word is
 * waited for. */
static inline void skip_waits(Core *c, int64_t limit, const Build build) {
    const Fetch *f = &c->fetch;
    const Stage *m = &c->memory_stage;
    bool empties = build.data_cache && (c->empty_starts || c->empty_waits ||
                                        (c->execute.valid && c->execute.flags & EMPTY_DATA));
    if (c->write_back.valid || f->loading || f->arrives || f->emptying || c->data.holding ||
        c->mask || c->data_loading || empties || c->check_left)
        return;
    if (build.single_fetch ? f->first_valid && !f->first_hit : f->second_valid && !f->second_hit)
        return;
    int64_t cycles = 0;
    if (c->front.full) {
        const Bridge *data = &c->data;
        bool waits = !build.data_cache && m->valid && data->reading && data->issued == data->wanted;
        cycles = waits ? data->arrives[0] - c->now : 0;
    } else if (m->valid) {
        bool begun = c->memory_left < (m->flags & DIVIDE ? DIVIDE_HALTS : MULTIPLY_HALTS);
        cycles = begun ? c->memory_left - 1 : 0;
        c->memory_left -= cycles > 0 && c->now + cycles < limit ? (int)cycles : 0;
    } else if (c->execute.valid && build.iterative) {
        cycles = c->execute_left - 2;
        c->execute_left -= cycles > 0 && c->now + cycles < limit ? (int)cycles : 0;
    }
    if (cycles > 0 && c->now + cycles < limit)
        c->now += cycles;
}

/* Nothing but the interrupt ends what the CPU is at. */
static inline bool sleeps(const Core *c) {
    bool waits = c->execute.valid && c->execute.flags & WAIT && c->sleeps;
    return waits && !c->memory_stage.valid && !c->write_back.valid && !c->front.full &&
           !c->data.holding && !c->fetch.loading && !c->fetch.arrives && !c->line_before &&
           !c->pending && !c->wakes;
}

/* The cycles of a sleep are skipped. */
static inline void sleep(Core *c, int64_t limit) {
    int64_t until = c->raised < limit ? c->raised : limit;
    if (c->now < until)
        c->now = until;
}

/* A loop of two instructions that reads the interrupt mask, or how far the checker is, takes the
 * same time again and again until the interrupt rises or the checker ends: most of its rounds are
 * skipped. */
static inline void poll(Core *c, int64_t limit) {
    int64_t period = c->now - c->polled;
    bool again = period == c->poll_period && c->instructions_run == c->poll_instructions + 2;
    bool checks = c->now < c->checked;
    bool busy =
        (c->front.full && !checks) || c->data.holding || c->fetch.loading || c->fetch.arrives;
    int64_t ends = checks ? c->checked - 1 : c->raised;
    int64_t until = ends < limit ? ends : limit;
    c->quiet = again && !busy;
    if (c->quiet && c->now < until)
        c->now += (until - c->now) / period * period;
    c->polled = c->now;
    c->poll_period = period;
    c->poll_instructions = c->instructions_run;
}

#endif
