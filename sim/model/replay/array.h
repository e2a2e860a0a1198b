/* The compute side at work on a CONV or DEPTHWISE: feeder, column slots, steps, drain.
 *
 * The loops are those of hw.npu.compute.feeder and hw.npu.compute.mac_control, a slot of the column
 * buffers at a time.
 */
#ifndef ARRAY_H
#define ARRAY_H

#include "accesses.h"
#include "ring.h"
#include "state.h"

static void set_window(Npu *n, const int64_t *c) {
    Window *w = &n->window;
    w->command = c;
    w->mode = (int)c[F_MODE];
    w->kernel_rows = (int)c[F_KERNEL_ROWS];
    w->kernel_cols = (int)c[F_KERNEL_COLS];
    w->tile_pixels = c[F_TILE_PIXELS];
    w->rows = c[F_OUTPUT_ROWS];
    w->pixels = w->mode == CONVOLUTION ? c[F_PIXELS] : c[F_OUTPUT_COLS];
    w->width = c[F_OUTPUT_COLS];
    w->stride_rows = c[F_STRIDE_ROWS];
    w->pad_top = c[F_PAD_TOP];
    w->input_rows = c[F_INPUT_ROWS];
    w->group = w->mode == CONVOLUTION ? c[F_GROUP] : 1;
    w->blocks = c[F_BLOCKS];
    w->tiles = w->mode == CONVOLUTION ? quotient_up(w->pixels, w->tile_pixels) : w->rows;
    w->strips = w->mode == CONVOLUTION ? 1 : quotient_up(w->pixels, w->tile_pixels);
    w->dilation_rows = (int)c[F_DILATION_ROWS];
    w->run_words = w->mode == CONVOLUTION ? (int)quotient_up(c[F_RUN_BYTES], n->port_bytes) : 1;
    w->words = w->run_words * (w->mode == WINDOW ? 1 : w->kernel_cols);
    w->word_bytes = (int)n->port_bytes;
    w->last_word_bytes = (int)(c[F_RUN_BYTES] - (w->run_words - 1) * n->port_bytes);
    w->columns_per_pixel = w->mode == WINDOW && c[F_STRIDE_COLS] == 2 ? 2 : 1;
    w->beats = (int)c[F_BEATS];
    w->final_beats = (int)c[F_FINAL_BEATS];
    w->slots = (int)c[F_SLOTS];
    w->maximum = w->mode != CONVOLUTION && c[F_MAXIMUM];
}

static inline int64_t strip_pixels(const Window *w, int64_t strip) {
    return smaller(w->tile_pixels, w->pixels - strip * w->tile_pixels);
}

/* Feeder: reads of the slot at hand. */
static void open_slot(const Window *w, Feeder *f) {
    int64_t row;
    f->place = 0;
    f->opens = true;
    if (w->mode == CONVOLUTION) {
        f->reads = f->tile_reads;
        return;
    }
    if (w->mode == WINDOW) {
        row = f->tile;
        f->reads = (f->strip_pixels - 1) * w->columns_per_pixel + w->kernel_cols;
    } else {
        row = f->tile * w->stride_rows + f->kernel_row * w->dilation_rows;
        f->reads = f->strip_pixels;
    }
    f->exists = row_exists(w, row);
    if (!f->exists) /* The second fill is for all columns that are left. */
        f->reads = smaller(f->reads, 2);
}

/* Feeder: a CONV's reads for each slot of a tile. */
static void open_tile(const Window *w, Feeder *f) {
    if (w->mode != CONVOLUTION)
        return;
    f->tile_first = f->tile * w->tile_pixels;
    int64_t end = smaller(f->tile_first + w->tile_pixels, w->pixels);
    if (w->group == 1) {
        f->tile_reads = end - f->tile_first;
        return;
    }
    f->tile_reads = 0;
    for (int64_t at = f->tile_first; at < end; f->tile_reads++)
        at = smaller(at + w->group, (at / w->width + 1) * w->width);
}

static void open_strip(Npu *n, cycle starts) {
    Feeder *f = &n->feeder;
    f->starts = starts;
    f->tile = f->kernel_row = f->word = 0;
    f->strip_pixels = strip_pixels(&n->window, f->strip);
    open_tile(&n->window, f);
    open_slot(&n->window, f);
}

/* Feeder: the slot behind the one that is complete. */
static void next_slot(Npu *n) {
    const Window *w = &n->window;
    Feeder *f = &n->feeder;
    int64_t tiles = w->tiles, kernel_rows = w->kernel_rows;
    if (w->mode == WINDOW) {
        tiles = (w->rows - 1) * w->stride_rows + w->kernel_rows;
        kernel_rows = 1;
    }
    if (++f->word == w->words) {
        f->word = 0;
        if (++f->kernel_row == kernel_rows) {
            f->kernel_row = 0;
            if (++f->tile == tiles) {
                if (++f->strip == w->strips) {
                    f->strip = 0;
                    if (++f->block == w->blocks) {
                        f->active = f->go = false;
                        return;
                    }
                }
                open_strip(n, n->now + 2);
                return;
            }
            open_tile(w, f);
        }
    }
    open_slot(w, f);
}

static inline void feeder_decides(Npu *n) {
    Feeder *f = &n->feeder;
    f->go = f->active && n->now >= f->starts && (!f->opens || f->slot_free);
}

static inline void feeder_tick(Npu *n) {
    Feeder *f = &n->feeder;
    f->free += f->released - (f->go && f->opens);
    f->slot_free = f->free != 0;
    f->released = 0;
    if (!f->go)
        return;
    f->opens = false;
    if (++f->place == f->reads) {
        f->ready[f->filled++ % SLOTS] = n->now + FILL_CYCLES;
        next_slot(n);
    }
}

/* Array: which slot the run at hand needs, and its steps. */
static void open_run(const Window *w, Steps *s) {
    bool last_kernel_row = s->kernel_row == w->kernel_rows - 1;
    s->have_slot = false;
    if (w->mode == CONVOLUTION) {
        bool run_ends = s->word % w->run_words == w->run_words - 1;
        s->steps = run_ends ? w->last_word_bytes : w->word_bytes;
        s->last_run = last_kernel_row && s->word == w->words - 1;
        s->needed = s->base;
    } else if (w->mode == TAPWISE) {
        s->steps = 1;
        s->last_run = last_kernel_row && s->word == w->words - 1;
        s->needed = s->base;
    } else {
        s->steps = w->kernel_cols;
        s->last_run = last_kernel_row;
        s->needed = s->base + (unsigned)s->kernel_row;
        /* The last row gives slots back: all of these must be filled. */
        if (last_kernel_row && s->tile != w->rows - 1)
            s->needed = s->base + (unsigned)larger(w->stride_rows, w->kernel_rows) - 1;
    }
}

/* Array: slots that the last step of a run gives back. */
static int given_back(const Window *w, const Steps *s) {
    if (w->mode != WINDOW)
        return 1;
    if (!s->last_run)
        return 0;
    return s->tile == w->rows - 1 ? w->kernel_rows : (int)w->stride_rows;
}

/* Array: the last step of a tile is taken; the drain takes the tile. */
static void end_tile(Npu *n) {
    const Window *w = &n->window;
    Steps *s = &n->steps;
    bool last_block = s->block == w->blocks - 1;
    int64_t pixels = s->strip_pixels;
    if (w->mode == CONVOLUTION)
        pixels = smaller(w->tile_pixels, w->pixels - s->tile * w->tile_pixels);
    int beats = last_block ? w->final_beats : w->beats;
    int64_t length = pixels * beats;
    s->drained = n->now + larger(length, CAPTURE_LATENCY);
    cycle drain_ends = n->now + CAPTURE_LATENCY - 1 + length;
    Tile *tile = &n->tiles[++n->last_tile % TILES];
    tile->command = w->command;
    tile->begin = n->now + CAPTURE_LATENCY + REQUANTISER_LATENCY + in_table(w->command);
    tile->end = tile->begin + length;
    tile->block = s->block;
    tile->strip = s->strip;
    tile->tile = s->tile;
    tile->beats = beats;
    int64_t channels = block_channels(n, w->command);
    tile->channels = smaller(channels, w->command[F_CHANNELS] - s->block * channels);
    bool ends_strip = ++s->tile == w->tiles;
    if (!ends_strip)
        return;
    s->tile = 0;
    bool ends_block = ++s->strip == w->strips;
    if (ends_block) {
        s->strip = 0;
        s->block++;
        n->parameters.waiting--;
        n->parameters.freed[n->parameters.leaving++] = drain_ends;
    }
    s->strip_pixels = strip_pixels(w, s->strip);
    if (s->block == w->blocks) {
        s->active = false;
        Control *control = &n->control;
        cycle written = drain_ends - w->command[F_HALF_EMPTY] + REQUANTISER_LATENCY;
        written += in_table(w->command);
        control->completes = larger(drain_ends, written) + 1 + WRITE_MARGIN;
    }
}

/* Array: the run's last step. */
static void next_run(Npu *n) {
    const Window *w = &n->window;
    Steps *s = &n->steps;
    int count = given_back(w, s);
    s->base += (unsigned)count;
    n->feeder.released = count;
    if (s->last_run) {
        s->word = s->kernel_row = 0;
        end_tile(n);
    } else if (++s->word == w->words) {
        s->word = 0;
        s->kernel_row++;
    }
    if (s->active)
        open_run(w, s);
}

/* A step, or the cause that there is none; whether a unit of weights was taken. */
static inline bool array_tick(Npu *n) {
    Steps *s = &n->steps;
    const Window *w = &n->window;
    if (!s->have_slot)
        s->have_slot =
            s->needed - n->feeder.filled >= SLOTS && n->feeder.ready[s->needed % SLOTS] <= n->now;
    if (!s->have_slot) {
        n->causes[CAUSE_ACTIVATIONS]++;
        return false;
    }
    if (!w->maximum && !n->ring.words.valid) {
        n->causes[n->ring.reading_parameters >> (READ_CYCLES - 1) & 1 ? CAUSE_PARAMETERS
                                                                      : CAUSE_WEIGHTS]++;
        return false;
    }
    bool ends_tile = s->steps == 1 && s->last_run;
    if (ends_tile && !n->parameters.waiting) {
        n->causes[CAUSE_PARAMETERS]++;
        return false;
    }
    if (ends_tile && n->now < s->drained) {
        n->causes[CAUSE_DRAIN]++;
        return false;
    }
    n->causes[CAUSE_BUSY]++;
    if (--s->steps == 0)
        next_run(n);
    return !w->maximum;
}

static void start_window(Npu *n) {
    const int64_t *c = n->control.command;
    Feeder *f = &n->feeder;
    Steps *s = &n->steps;
    set_window(n, c);
    f->active = true;
    f->go = false;
    f->free = n->window.slots;
    f->slot_free = true;
    f->released = 0;
    f->filled = 0;
    f->block = f->strip = 0;
    open_strip(n, n->now + FIRST_READ);
    s->active = true;
    s->needed = s->base = 0;
    s->block = s->strip = s->tile = s->kernel_row = s->word = 0;
    s->strip_pixels = strip_pixels(&n->window, 0);
    s->drained = n->now;
    open_run(&n->window, s);
    start_walk(n, c);
}

#endif
