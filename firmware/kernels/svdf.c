#include <stdbool.h>

#include "dot.h"
#include "fixed_point.h"
#include "kernels.h"
#include "pointer.h"

/* What enters the state of one filter: the filter's view of the whole input. */
static int32_t feature(const struct tw_step_svdf *s, const struct patch *input,
                       const int8_t *weights) {
    const bool wide = s->state_bytes == 2;
    const int32_t scaled = rescale(dot(input, weights), s->feature_multiplier, s->feature_shift);
    /* The zero point comes behind the clamp: an int8 state takes the low bits of the sum. */
    return s->state_zero_point +
           limit(scaled, wide ? INT16_MIN : INT8_MIN, wide ? INT16_MAX : INT8_MAX);
}

/* Move one filter's state by a place into `next`, which may be the same, put `newest` at its end,
 * and sum it over time. */
static int32_t step_narrow(const struct tw_step_svdf *s, const int8_t *state, int8_t *next,
                           const int8_t *weights, int32_t newest) {
    int32_t sum = 0;
    for (int32_t i = 0; i < s->memory; i++) {
        next[i] = (int8_t)(i + 1 < s->memory ? state[i + 1] : newest);
        sum += (next[i] - s->state_zero_point) * weights[i];
    }
    return sum;
}

static int32_t step_wide(const struct tw_step_svdf *s, const int16_t *state, int16_t *next,
                         const int16_t *weights, int32_t newest) {
    int32_t sum = 0;
    for (int32_t i = 0; i < s->memory; i++) {
        next[i] = (int16_t)(i + 1 < s->memory ? state[i + 1] : newest);
        sum += (next[i] - s->state_zero_point) * weights[i];
    }
    return sum;
}

void svdf(const struct tw_step_svdf *s) {
    struct patch input = {
        .input = at(s->input),
        .rows = 1,
        .run = s->inputs,
        .zero_point = s->input_zero_point,
    };
    const int32_t *bias = at(s->bias);
    const int32_t slot_bytes = s->memory * s->state_bytes;
    const int8_t *state = at(s->state);
    int8_t *output = at(s->output), *next = at(s->next_state);
    for (int32_t batch = 0; batch < s->batches; batch++, input.input += s->inputs) {
        const int8_t *features = at(s->feature_weights), *times = at(s->time_weights);
        for (int32_t unit = 0; unit < s->units; unit++) {
            int32_t sum = bias[unit];
            for (int32_t filter = 0; filter < s->rank; filter++) {
                const int32_t newest = feature(s, &input, features);
                sum += s->state_bytes == 2 ? step_wide(s, (const void *)state, (void *)next,
                                                       (const void *)times, newest)
                                           : step_narrow(s, state, next, times, newest);
                features += s->inputs;
                times += slot_bytes;
                state += slot_bytes;
                next += slot_bytes;
            }
            const int32_t scaled = rescale(sum, s->output_multiplier, s->output_shift);
            *output++ = clamp(scaled + s->output_zero_point, s->clamp_low, s->clamp_high);
        }
    }
}
