#include <stdbool.h>

#include "dot.h"
#include "fixed_point.h"
#include "kernels.h"
#include "pointer.h"
#include "sigmoid_int16.h"

enum { UPDATE, RESET, NEW, GATES };

struct factor {
    int32_t multiplier, shift;
};

/* As they lie in memory. */
struct factors {
    struct factor inputs[GATES], recurrent[GATES];
};

static inline int32_t saturated(int32_t value) {
    return limit(value, INT16_MIN, INT16_MAX);
}

/* Times a gate of 15 fraction bits. */
static inline int32_t scaled_by(int32_t gate, int32_t value) {
    return (gate * value + (1 << 14)) >> 15;
}

/* The part of a gate that comes from the input. */
static int32_t of_input(const struct tw_step_gru *s, const int8_t *x, int32_t gate, int32_t unit) {
    const struct factor *factor = &((const struct factors *)at(s->factors))->inputs[gate];
    const int32_t place = gate * s->units + unit, zero_point = s->input_zero_point;
    const int8_t *weights = (const int8_t *)at(s->input_weights) + place * s->inputs;
    int32_t sum = ((const int32_t *)at(s->input_bias))[place];
    for (int32_t i = 0; i < s->inputs; i++) {
        sum += (x[i] - zero_point) * weights[i];
    }
    return saturated(rescale(sum, factor->multiplier, factor->shift));
}

/* The part of a gate that comes from the state, with the state's bias, which is two words. */
static int32_t of_hidden(const struct tw_step_gru *s, const int16_t *hidden, int32_t gate,
                         int32_t unit) {
    const struct factor *factor = &((const struct factors *)at(s->factors))->recurrent[gate];
    const int32_t place = gate * s->units + unit;
    const int8_t *weights = (const int8_t *)at(s->recurrent_weights) + place * s->units;
    const uint32_t *bias = (const uint32_t *)at(s->recurrent_bias) + 2 * place;
    const int64_t start = (int64_t)((uint64_t)bias[1] << 32 | bias[0]);
    const int64_t sum = start + dot_16x8(hidden, weights, s->units);
    return saturated(rescale_64(sum, factor->multiplier, factor->shift));
}

static int32_t gate_of(const struct tw_step_gru *s, const int8_t *x, const int16_t *hidden,
                       int32_t gate, int32_t unit) {
    const int32_t sum = of_input(s, x, gate, unit) + of_hidden(s, hidden, gate, unit);
    return logistic(at(s->table), 3 * saturated(sum));
}

/* One row: the next state, from the one before. */
static void step_row(const struct tw_step_gru *s, const int8_t *x, const int16_t *hidden,
                     int16_t *next) {
    int16_t *kept = at(s->scratch);
    const bool linear = s->linear_before_reset != 0;
    for (int32_t unit = 0; unit < s->units && !linear; unit++) {
        kept[unit] = (int16_t)scaled_by(gate_of(s, x, hidden, RESET, unit), hidden[unit]);
    }
    for (int32_t unit = 0; unit < s->units; unit++) {
        const int32_t part =
            linear ? scaled_by(gate_of(s, x, hidden, RESET, unit), of_hidden(s, hidden, NEW, unit))
                   : of_hidden(s, kept, NEW, unit);
        const int32_t sum = saturated(of_input(s, x, NEW, unit) + part);
        const int32_t new = tanh_of(at(s->table), 3 * sum);
        const int32_t update = gate_of(s, x, hidden, UPDATE, unit);
        next[unit] = (int16_t)(new + scaled_by(update, hidden[unit] - new));
    }
}

void gru(const struct tw_step_gru *s) {
    const int8_t *input = at(s->input);
    int16_t *output = at(s->output);
    for (int32_t batch = 0; batch < s->batches; batch++) {
        const int16_t *hidden = (const int16_t *)at(s->hidden) + batch * s->units;
        int32_t row = batch * s->batch_rows;
        for (int32_t step = 0; step < s->time_steps; step++, row += s->step_rows) {
            int16_t *next = output + row * s->units;
            step_row(s, input + row * s->inputs, hidden, next);
            hidden = next;
        }
    }
}
