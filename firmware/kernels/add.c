#include "fixed_point.h"
#include "kernels.h"
#include "pointer.h"

#define LEFT_SHIFT 20

static inline int32_t widen(int8_t value, int32_t zero_point) {
    return (value - zero_point) * (1 << LEFT_SHIFT);
}

void add(const struct tw_step_add *s) {
    const struct tw_step_add p = *s;
    const int8_t *a = at(p.a), *b = at(p.b), *end = a + p.count;
    int8_t *output = at(p.output);
    while (a != end) {
        const int32_t scaled_a = rescale(widen(*a++, p.a_zero_point), p.a_multiplier, p.a_shift);
        const int32_t scaled_b = rescale(widen(*b++, p.b_zero_point), p.b_multiplier, p.b_shift);
        const int32_t sum = rescale(scaled_a + scaled_b, p.output_multiplier, p.output_shift);
        *output++ = clamp(sum + p.output_zero_point, p.clamp_low, p.clamp_high);
    }
}
