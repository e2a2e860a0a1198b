#include "fixed_point.h"
#include "kernels.h"
#include "pointer.h"
#include "square_root.h"

#define QUOTIENT_BITS 20

struct row {
    int64_t value; /* what the root is taken of */
    int32_t count; /* what an element is multiplied by */
    int32_t less;  /* and what is taken off it */
};

static struct row measure(const struct tw_step_normalize *s, const int8_t *x) {
    const int32_t zero = s->centred ? 0 : s->input_zero_point;
    int32_t sum = 0;
    int64_t powers = 0;
    for (int32_t i = 0; i < s->depth; i++, x += s->inner) {
        const int32_t value = *x - zero;
        sum += value;
        powers += s->power == 2 ? value * value : value < 0 ? -value : value;
    }
    if (!s->centred) {
        return (struct row){s->power == 2 ? powers : powers * powers, 1, zero};
    }
    return (struct row){s->depth * powers - (int64_t)sum * sum, s->depth, sum};
}

static void normalize_row(const struct tw_step_normalize *s, const int8_t *x, int8_t *output,
                          const int32_t *factors, const uint32_t *summands) {
    const struct row row = measure(s, x);
    const int64_t epsilon =
        (int64_t)((uint64_t)(uint32_t)s->epsilon_high << 32 | (uint32_t)s->epsilon_low);
    uint64_t value = (uint64_t)(row.value + epsilon);
    uint32_t multiplier = 0;
    int32_t right = 63 - QUOTIENT_BITS;
    if (value != 0) {
        for (; value >> 62 == 0; value <<= 2) {
            right--;
        }
        multiplier = reciprocal_63(square_root_64(value));
    }
    const int64_t half = (int64_t)1 << (s->shift - 1), quotient_half = (int64_t)1 << (right - 1);
    for (int32_t i = 0; i < s->depth; i++, x += s->inner, output += s->inner) {
        const int64_t product = (int64_t)(row.count * *x - row.less) * (int64_t)multiplier;
        const int32_t quotient = (int32_t)((product + quotient_half) >> right);
        const int64_t summand = (int64_t)((uint64_t)summands[1] << 32 | summands[0]);
        const int64_t steps = ((int64_t)quotient * *factors + summand + half) >> s->shift;
        *output = clamp((int32_t)steps + s->output_zero_point, s->clamp_low, s->clamp_high);
        factors += s->depth_pitch;
        summands += 2 * s->depth_pitch;
    }
}

void normalize(const struct tw_step_normalize *s) {
    const int8_t *input = at(s->input);
    int8_t *output = at(s->output);
    const int32_t *factors = at(s->factors);
    const uint32_t *summands = at(s->summands);
    int32_t place = 0;
    for (int32_t outer = 0; outer < s->outer; outer++) {
        for (int32_t i = 0; i < s->inner; i++) {
            const int32_t first = place + i * s->inner_pitch;
            normalize_row(s, input + i, output + i, factors + first, summands + 2 * first);
        }
        input += s->depth * s->inner;
        output += s->depth * s->inner;
        place = place + 1 < s->period ? place + 1 : 0;
    }
}
