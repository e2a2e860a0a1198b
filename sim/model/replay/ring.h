/* The weight ring: filled by the DMA, read line by line in the order of use
 * (hw.npu.memory.weight_ring, weight_walk, weight_fifo), and the parameters that come beside the
 * weights (hw.npu.compute.parameters).
 */
#ifndef RING_H
#define RING_H

#include "state.h"

static inline void open_section(Ring *r, int lane, int64_t words, int64_t line_words) {
    int64_t end = lane + words - 1;
    r->lane = lane;
    r->end_lane = (int)(end & (line_words - 1));
    r->lines_left = end / line_words;
}

static inline int64_t parameter_words(const Ring *r) {
    return PARAMETER_WORDS << r->paired;
}

static void start_walk(Npu *n, const int64_t *c) {
    Ring *r = &n->ring;
    r->active = r->parameters = true;
    r->paired = c[F_PAIRED];
    r->stream = c[F_MODE] == CONVOLUTION && c[F_STREAM];
    r->keep = c[F_MODE] == CONVOLUTION && c[F_KEEP];
    r->no_words = c[F_BLOCK_WORDS] == 0;
    r->block_words = c[F_BLOCK_WORDS] << r->paired;
    r->tiles = c[F_TILES];
    r->blocks_left = c[F_BLOCKS] - 1;
    r->tiles_left = 0;
    open_section(r, 0, parameter_words(r), n->line_words);
}

/* A line is read; returns how many units are taken of it behind the first one. */
static int read_line(Npu *n) {
    Ring *r = &n->ring;
    int64_t whole = n->line_words - 1;
    bool last = r->lines_left == 0, last_tile = r->tiles_left == 0;
    int64_t left = (last ? r->end_lane : whole) - r->lane;
    bool ends_block = last && (r->parameters ? r->no_words : last_tile);
    bool ends_command = ends_block && r->blocks_left == 0;
    bool replays = last && !r->parameters && !last_tile && !r->stream;
    int64_t following = r->line + (!last || r->end_lane == whole || ends_command);
    int lane = replays ? r->home_lane : (int)((r->end_lane + 1) & whole);
    r->line = replays || (ends_command && r->keep) ? r->freed : following;
    if ((r->parameters || r->stream || last_tile) && !r->keep)
        r->freed = following;
    if (!last) {
        r->lane = 0;
        r->lines_left--;
    } else {
        open_section(r, lane, ends_block ? parameter_words(r) : r->block_words, n->line_words);
        if (r->parameters) {
            r->tiles_left = r->tiles - 1;
            r->home_lane = lane;
        } else {
            r->tiles_left--;
        }
        r->parameters = ends_block;
    }
    if (ends_block)
        r->blocks_left--;
    if (ends_command)
        r->active = false;
    return (int)(left >> r->paired);
}

static inline void line_queue_tick(LineQueue *q, bool taken, cycle now) {
    bool done = taken && q->left == 0;
    if (q->valid && !done) {
        q->left -= taken;
        return;
    }
    q->valid = q->first != q->end && q->lines[q->first % LINES].there <= now;
    if (q->valid) {
        q->left = q->lines[q->first++ % LINES].units;
        q->reserved--;
    }
}

/* A plane of parameters goes to the set that is filled, while one is free. */
static void load_parameters(Npu *n) {
    ParameterSets *p = &n->parameters;
    bool plane = n->ring.sets.valid && p->held != PARAMETER_SETS;
    line_queue_tick(&n->ring.sets, plane, n->now);
    if (plane && ++p->plane == PARAMETER_WORDS) {
        p->plane = 0;
        p->held++;
        p->waiting++;
    }
}

/* A line is read where there is one and room for it. `taken`: the array took a unit of weights. */
static inline void ring_tick(Npu *n, bool taken) {
    Ring *r = &n->ring;
    ParameterSets *p = &n->parameters;
    bool reading_parameters = r->active && r->parameters;
    LineQueue *q = reading_parameters ? &r->sets : &r->words;
    bool read =
        r->active && q->reserved < PREFETCH_LINES && r->filled >= (r->line + 1) * n->line_beats;
    line_queue_tick(&r->words, taken, n->now);
    if (r->sets.valid || r->sets.reserved)
        load_parameters(n);
    if (read) {
        Line *line = &q->lines[q->end++ % LINES];
        line->units = read_line(n);
        line->there = n->now + READ_CYCLES - 1;
        q->reserved++;
    }
    r->reading_parameters = r->reading_parameters << 1 | reading_parameters;
    if (p->leaving && p->freed[0] == n->now) {
        p->held--;
        p->freed[0] = p->freed[1];
        p->leaving--;
    }
}

/* Whether there is a line to read, one to take or parameters on their way. */
static inline bool ring_at_work(const Npu *n) {
    const Ring *r = &n->ring;
    return r->active || r->words.valid || r->sets.valid || r->words.reserved || r->sets.reserved ||
           n->parameters.leaving;
}

#endif
