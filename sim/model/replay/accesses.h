/* Which banks of the scratchpad the compute side uses in a cycle, so that the DMA waits.
 *
 * Asked for only where a beat of the DMA is at the banks, so addresses are worked out from where
 * the loops stand.
 */
#ifndef ACCESSES_H
#define ACCESSES_H

#include "moves.h"
#include "softmax.h"
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

/* Banks that a MOVE reads, `index` accesses behind its first one. */
static uint32_t move_reads(const Npu *n, int64_t index) {
    const int64_t *c = n->control.command;
    if (c[F_FILL])
        return 0;
    return move_banks(n, c, index, F_INPUT_ADDRESS, F_INPUT_PITCH_0);
}

/* Banks that a MOVE writes in cycle `at`. */
static uint32_t move_writes(const Npu *n, cycle at) {
    int64_t index = at - n->control.started - 1 - MOVE_CYCLES;
    if (index < 0 || index >= n->control.reads)
        return 0;
    return move_banks(n, n->control.command, index, F_OUTPUT_ADDRESS, F_OUTPUT_PITCH_0);
}

/* A read of an ELEMENTWISE: of which operand, and what part of it. */
typedef struct {
    bool second;
    int64_t row, col, byte;
} GroupRead;

/* Reads of a pixel of an ELEMENTWISE. */
static inline int64_t pixel_reads(const Npu *n, const int64_t *c) {
    int64_t groups = quotient_up(c[F_RUN_BYTES], n->lanes);
    if (c[F_OPERATION] == OPERATION_B_ALONE)
        return groups;
    return c[F_A_REPEAT] ? groups + 1 : 2 * groups;
}

static GroupRead group_read(const Npu *n, const int64_t *c, int64_t index) {
    int64_t reads = pixel_reads(n, c), pixel = index / reads, place = index % reads;
    GroupRead read = {true, pixel / c[F_OUTPUT_COLS], pixel % c[F_OUTPUT_COLS], 0};
    if (c[F_OPERATION] == OPERATION_B_ALONE) {
        read.byte = place * n->lanes;
    } else if (c[F_A_REPEAT]) {
        read.second = place != 0;
        read.byte = read.second ? (place - 1) * n->lanes : 0;
    } else {
        read.second = place & 1;
        read.byte = (place >> 1) * n->lanes;
    }
    return read;
}

/* Banks that the command of a unit reads, `index` cycles behind its first read. */
static uint32_t unit_reads(const Npu *n, int64_t index) {
    const int64_t *c = n->control.command;
    if (index >= n->control.reads)
        return 0;
    if (c[F_OPCODE] == OPCODE_MOVE)
        return move_reads(n, index);
    if (c[F_OPCODE] == OPCODE_SOFTMAX)
        return softmax_reads(n, c, index);
    if (c[F_OPCODE] == OPCODE_TABLE)
        return bank_mask(n, c[F_INPUT_ADDRESS] + index * TABLE_WORD_BYTES, TABLE_WORD_BYTES);
    GroupRead read = group_read(n, c, index);
    int64_t address = read.byte;
    if (read.second)
        address += c[F_B_ADDRESS] + read.row * c[F_B_ROW_PITCH] + read.col * c[F_B_PIXEL_PITCH];
    else
        address += c[F_A_ADDRESS] + read.row * c[F_A_ROW_PITCH] + read.col * c[F_A_PIXEL_PITCH];
    return bank_mask(n, address, n->lanes);
}

/* Banks that compute commands read in this cycle. */
static uint32_t compute_reads(const Npu *n) {
    const Control *control = &n->control;
    if (control->state != READING)
        return feeder_reads(n);
    return unit_reads(n, n->now - control->started - 1);
}

/* Cycles that results of a command spend in its table. */
static inline cycle in_table(const int64_t *c) {
    return c[F_TABLE] ? TABLE_LATENCY : 0;
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
    /* A command that has only been taken: `started` and `reads` are those of the one before. */
    if (!c || control->state == START)
        return 0;
    if (c[F_OPCODE] == OPCODE_MOVE)
        return move_writes(n, at);
    if (c[F_OPCODE] == OPCODE_SOFTMAX)
        return softmax_writes(n, c, at);
    if (c[F_OPCODE] != OPCODE_ELEMENTWISE)
        return 0;
    int64_t index = at - control->started - 1 - OPERAND_CYCLES - REQUANTISER_LATENCY - in_table(c);
    if (index < 0 || index >= control->reads)
        return 0;
    GroupRead read = group_read(n, c, index);
    if (!read.second)
        return 0;
    int64_t address = c[F_OUTPUT_ADDRESS] + read.byte;
    address += read.row * c[F_OUTPUT_ROW_PITCH] + read.col * c[F_OUTPUT_PIXEL_PITCH];
    return bank_mask(n, address, smaller(n->lanes, c[F_RUN_BYTES] - read.byte));
}

#endif
