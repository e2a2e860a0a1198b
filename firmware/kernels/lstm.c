#include <stdbool.h>

#include "dot.h"
#include "fixed_point.h"
#include "kernels.h"
#include "pointer.h"
#include "sigmoid_int16.h"

enum { FORGET, INPUT, CELL, OUTPUT, GATES };

struct factor {
    int32_t multiplier, shift;
};

/* As they lie in memory. */
struct factors {
    struct factor inputs[GATES], recurrent[GATES];
    struct factor old_cell, new_cell, result;
};

static inline int32_t saturated(int32_t value) {
    return limit(value, INT16_MIN, INT16_MAX);
}

static inline int32_t scaled(int32_t value, const struct factor *factor) {
    return rescale(value, factor->multiplier, factor->shift);
}

static inline int32_t scaled_64(int64_t value, const struct factor *factor) {
    return rescale_64(value, factor->multiplier, factor->shift);
}

/* Sums of all gates of one unit before their functions, from int8. */
static void narrow_gates(const struct tw_step_lstm *s, const int8_t *x, const int8_t *hidden,
                         int32_t unit, int32_t gates[GATES]) {
    const struct factors *factors = at(s->factors);
    const int32_t *bias = (const int32_t *)at(s->bias) + unit;
    const int8_t *weights = (const int8_t *)at(s->input_weights) + unit * s->inputs;
    const int8_t *recurrent = (const int8_t *)at(s->recurrent_weights) + unit * s->units;
    const struct patch input = {
        .input = x, .rows = 1, .run = s->inputs, .zero_point = s->input_zero_point};
    const struct patch state = {
        .input = hidden, .rows = 1, .run = s->units, .zero_point = s->hidden_zero_point};
    int32_t sums[GATES];
    dot_of_four(&input, weights, s->units * s->inputs, sums);
    for (int32_t gate = 0; gate < GATES; gate++, bias += s->units) {
        const int32_t sum = (int32_t)((uint32_t)sums[gate] + (uint32_t)*bias);
        gates[gate] = saturated(scaled(sum, &factors->inputs[gate]));
    }
    dot_of_four(&state, recurrent, s->units * s->units, sums);
    for (int32_t gate = 0; gate < GATES; gate++) {
        const int32_t part = saturated(scaled(sums[gate], &factors->recurrent[gate]));
        gates[gate] = saturated(gates[gate] + part);
    }
}

/* The same from int16, whose biases are int64 in two words. */
static void wide_gates(const struct tw_step_lstm *s, const int16_t *x, const int16_t *hidden,
                       int32_t unit, int32_t gates[GATES]) {
    const struct factors *factors = at(s->factors);
    const uint32_t *bias = (const uint32_t *)at(s->bias) + 2 * unit;
    const int8_t *weights = (const int8_t *)at(s->input_weights) + unit * s->inputs;
    const int8_t *recurrent = (const int8_t *)at(s->recurrent_weights) + unit * s->units;
    for (int32_t gate = 0; gate < GATES; gate++, bias += 2 * s->units) {
        const int64_t start = (int64_t)((uint64_t)bias[1] << 32 | bias[0]);
        const int64_t sum = start + dot_16x8(x, weights, s->inputs);
        const int64_t part = dot_16x8(hidden, recurrent, s->units);
        gates[gate] = saturated(saturated(scaled_64(sum, &factors->inputs[gate])) +
                                saturated(scaled_64(part, &factors->recurrent[gate])));
        weights += s->units * s->inputs;
        recurrent += s->units * s->units;
    }
}

/* The new state of a unit's cell, and its result. */
static int32_t update(const struct tw_step_lstm *s, const int32_t gates[GATES], int16_t *cell) {
    const uint16_t *table = at(s->table);
    const struct factors *factors = at(s->factors);
    const int32_t forget = logistic(table, 3 * gates[FORGET]);
    const int32_t enter = logistic(table, 3 * gates[INPUT]);
    const int32_t candidate = tanh_of(table, 3 * gates[CELL]);
    const int32_t output = logistic(table, 3 * gates[OUTPUT]);
    const int32_t kept = saturated(scaled(forget * *cell, &factors->old_cell));
    int32_t state = saturated(kept + saturated(scaled(enter * candidate, &factors->new_cell)));
    if (s->cell_clip > 0) {
        state = limit(state, -s->cell_clip, s->cell_clip);
    }
    *cell = (int16_t)state;
    const int32_t half = s->tanh_shift > 0 ? 1 << (s->tanh_shift - 1) : 0;
    const int32_t active = tanh_of(table, (state * s->tanh_multiplier + half) >> s->tanh_shift);
    const int32_t result = scaled(active * output, &factors->result) + s->hidden_zero_point;
    return limit(result, s->clamp_low, s->clamp_high);
}

/* One row: the result takes the hidden state's place when all units have seen that. */
static void step_row(const struct tw_step_lstm *s, const int8_t *x, int8_t *hidden, int16_t *cell,
                     int8_t *result) {
    const bool wide = s->element_bytes == 2;
    for (int32_t unit = 0; unit < s->units; unit++) {
        int32_t gates[GATES];
        if (wide) {
            wide_gates(s, (const void *)x, (const void *)hidden, unit, gates);
            ((int16_t *)(void *)result)[unit] = (int16_t)update(s, gates, &cell[unit]);
        } else {
            narrow_gates(s, x, hidden, unit, gates);
            result[unit] = (int8_t)update(s, gates, &cell[unit]);
        }
    }
    __builtin_memcpy(hidden, result, (uint32_t)(s->units * s->element_bytes));
}

/* A state at the place of its next value, which begins as the old one. */
static void *begin(uint32_t old, uint32_t next, const struct tw_step_lstm *s, int32_t bytes) {
    if (next != old) {
        __builtin_memcpy(at(next), at(old), (uint32_t)(s->batches * s->units * bytes));
    }
    return at(next);
}

void lstm(const struct tw_step_lstm *s) {
    const int32_t input_bytes = s->inputs * s->element_bytes;
    const int32_t output_bytes = s->units * s->element_bytes;
    const int8_t *input = at(s->input);
    int8_t *output = at(s->output), *hidden = begin(s->hidden, s->next_hidden, s, s->element_bytes);
    int16_t *cell = begin(s->cell, s->next_cell, s, 2);
    for (int32_t batch = 0; batch < s->batches; batch++) {
        int32_t row = batch * s->batch_rows;
        for (int32_t step = 0; step < s->time_steps; step++, row += s->step_rows) {
            step_row(s, input + row * input_bytes, hidden, cell, output + row * output_bytes);
        }
        hidden += output_bytes;
        cell += s->units;
    }
}
