#include "fixed_point.h"
#include "kernels.h"
#include "pointer.h"
#include "square_root.h"

#define ROOT_BITS 15

/* The sum over what is reduced, from one element that is kept. */
static int32_t norm_of(const struct tw_step_reduce_norm *s, const int8_t *input) {
    int32_t sum = 0;
    for (int32_t a = 0; a < s->reduced_extent_2; a++, input += s->reduced_pitch_2) {
        const int8_t *second = input;
        for (int32_t b = 0; b < s->reduced_extent_1; b++, second += s->reduced_pitch_1) {
            const int8_t *x = second;
            for (int32_t c = 0; c < s->reduced_extent_0; c++, x += s->reduced_pitch_0) {
                const int32_t value = *x - s->input_zero_point;
                sum += s->power == 2 ? value * value : value < 0 ? -value : value;
            }
        }
    }
    return s->root ? (int32_t)square_root_64((uint64_t)(uint32_t)sum << 2 * ROOT_BITS) : sum;
}

void reduce_norm(const struct tw_step_reduce_norm *s) {
    const int8_t *first = at(s->input);
    int8_t *output = at(s->output);
    for (int32_t a = 0; a < s->kept_extent_2; a++, first += s->kept_pitch_2) {
        const int8_t *second = first;
        for (int32_t b = 0; b < s->kept_extent_1; b++, second += s->kept_pitch_1) {
            const int8_t *x = second;
            for (int32_t c = 0; c < s->kept_extent_0; c++, x += s->kept_pitch_0) {
                const int32_t scaled = rescale(norm_of(s, x), s->multiplier, s->shift);
                *output++ = clamp(scaled + s->output_zero_point, s->clamp_low, s->clamp_high);
            }
        }
    }
}
