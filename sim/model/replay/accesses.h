/* Which banks of the scratchpad the compute side uses in a cycle, so that the DMA waits.
 *
 * Asked for only where a beat of the DMA is at the banks, so addresses are worked out from where
 * the loops stand.
 */
#ifndef ACCESSES_H
#define ACCESSES_H

#include "moves.h"
#include "state.h"

/* Byte at which the first window of a block begins. */
static inline int64_t origin(const Window *w, int64_t block) {
    const int64_t *c = w->command;
    int64_t address = c[F_INPUT_ADDRESS] + c[F_X_START];
    return w->mode == CONVOLUTION ? address : address + block * c[F_BLOCK_STEP];
}

/* Whether the input has a row, counted from the first window's first one. */
static inline bool row_exists(const Window *w, int64_t row) {
    return row >= w->pad_top && row < w->pad_top + w->input_rows;
}

static inline int64_t block_channels(const Npu *n, const int64_t *command) {
    return n->rows << command[F_PAIRED];
}

/* First pixel of the feeder's read at hand, of a CONV: no read goes beyond a tile or a row. */
static int64_t read_pixel(const Window *w, const Feeder *f) {
    int64_t pixel = f->tile_first;
    if (w->group == 1)
        return pixel + f->place;
    for (int64_t i = 0; i < f->place; i++)
        pixel = smaller(pixel + w->group, (pixel / w->width + 1) * w->width);
    return pixel;
}

/* Banks that the feeder reads in this cycle. */
static uint32_t feeder_reads(const Npu *n) {
    const Window *w = &n->window;
    const Feeder *f = &n->feeder;
    const int64_t *c = w->command;
    if (!f->go)
        return 0;
    int64_t channels = block_channels(n, c);
    int64_t address = origin(w, f->block);
    if (w->mode == CONVOLUTION) {
        int64_t pixel = read_pixel(w, f);
        int64_t row = pixel / w->width * w->stride_rows + f->kernel_row * w->dilation_rows;
        if (!row_exists(w, row))
            return 0;
        int64_t column = f->word / w->run_words, word = f->word % w->run_words;
        address += pixel / w->width * c[F_ROW_STEP] + pixel % w->width * c[F_X_STEP];
        address += f->kernel_row * c[F_INPUT_ROW_PITCH] + column * c[F_TAP_STEP];
        address += word * n->port_bytes;
        bool last = word == w->run_words - 1;
        return bank_mask(n, address, w->group == 1 && last ? w->last_word_bytes : n->port_bytes);
    }
    if (!f->exists)
        return 0;
    address += f->strip * c[F_STRIP_INPUT_STEP];
    if (w->mode == WINDOW) {
        address += f->tile * c[F_INPUT_ROW_PITCH] + f->place * c[F_PIXEL_BYTES];
    } else {
        address += f->tile * c[F_ROW_STEP] + f->place * c[F_X_STEP];
        address += f->kernel_row * c[F_INPUT_ROW_PITCH] + f->word * c[F_PIXEL_BYTES];
    }
    return bank_mask(n, address, channels);
}

/* Banks that a MOVE reads in this cycle. */
static uint32_t move_reads(const Npu *n) {
    const int64_t *c = n->control.command;
    int64_t index = n->now - n->control.started - 1;
    if (index >= n->control.accesses || c[F_FILL])
        return 0;
    return move_banks(n, c, index, F_INPUT_ADDRESS, F_INPUT_PITCH_0);
}

/* Banks that a MOVE writes in cycle `at`. */
static uint32_t move_writes(const Npu *n, cycle at) {
    int64_t index = at - n->control.started - 1 - MOVE_CYCLES;
    if (index < 0 || index >= n->control.accesses)
        return 0;
    return move_banks(n, n->control.command, index, F_OUTPUT_ADDRESS, F_OUTPUT_PITCH_0);
}

/* Banks that compute commands read in this cycle. */
static uint32_t compute_reads(const Npu *n) {
    const Control *control = &n->control;
    if (control->state == MOVING)
        return move_reads(n);
    if (control->state != ADDING)
        return feeder_reads(n);
    int64_t index = n->now - control->started - 1;
    if (index >= 2 * control->adds)
        return 0;
    const int64_t *c = control->command;
    int64_t first = index & 1 ? c[F_B_ADDRESS] : c[F_A_ADDRESS];
    return bank_mask(n, first + n->lanes * (index >> 1), n->lanes);
}

/* Banks of the write of a beat of a tile. */
static uint32_t tile_write(const Npu *n, const Tile *tile, int64_t number) {
    const int64_t *c = tile->command;
    int64_t place = number / tile->beats, beat = number % tile->beats;
    int64_t half_beats = quotient_up(smaller(tile->channels, n->rows), n->lanes);
    int64_t half = beat >= half_beats, count = tile->channels;
    if (half) {
        beat -= half_beats;
        count -= n->rows;
    }
    count = smaller(count, n->rows) - beat * n->lanes;
    if (count <= 0)
        return 0;
    int64_t address = c[F_OUTPUT_ADDRESS] + tile->block * block_channels(n, c);
    int64_t row = tile->tile, column = place;
    if (c[F_MODE] == CONVOLUTION) {
        int64_t pixel = tile->tile * c[F_TILE_PIXELS] + place;
        row = pixel / c[F_OUTPUT_COLS];
        column = pixel % c[F_OUTPUT_COLS];
    } else {
        address += tile->strip * c[F_STRIP_OUTPUT_STEP];
    }
    address += row * c[F_OUTPUT_ROW_PITCH] + column * c[F_OUTPUT_PIXEL_PITCH];
    address += half * n->rows + beat * n->lanes;
    return bank_mask(n, address, smaller(count, n->lanes));
}

/* Banks that compute commands write in cycle `at`, which lies a cycle back at most. */
static uint32_t compute_writes(const Npu *n, cycle at) {
    for (unsigned i = 0; i < TILES; i++) {
        const Tile *tile = &n->tiles[(n->last_tile - i) % TILES];
        if (at >= tile->begin && at < tile->end)
            return tile_write(n, tile, at - tile->begin);
    }
    const Control *control = &n->control;
    const int64_t *c = control->command;
    if (c && c[F_OPCODE] == OPCODE_MOVE)
        return move_writes(n, at);
    if (!c || c[F_OPCODE] != OPCODE_ADD)
        return 0;
    int64_t index = at - control->started - 2 - ADD_CYCLES - REQUANTISER_LATENCY;
    if (index < 0 || index & 1 || index >> 1 >= control->adds)
        return 0;
    int64_t done = n->lanes * (index >> 1);
    return bank_mask(n, c[F_OUTPUT_ADDRESS] + done, smaller(n->lanes, c[F_BYTES] - done));
}

#endif
