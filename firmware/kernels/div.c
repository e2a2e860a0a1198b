#include "broadcast.h"
#include "fixed_point.h"
#include "kernels.h"
#include "pointer.h"

/* 1 / d, for d from 1 on, in the table that the step points at. */
struct reciprocal {
    int32_t multiplier, right_shift;
};

/* a / b * multiplier / 2**31 * 2**shift for magnitudes of 255 at most; 0 for b = 0. */
static int32_t quotient(int32_t a, int32_t b, const struct tw_step_div *p) {
    if (b < 0) {
        a = -a;
        b = -b;
    }
    if (b == 0) {
        return 0;
    }
    const struct reciprocal inverse = ((const struct reciprocal *)at(p->reciprocals))[b - 1];
    int32_t headroom = 31;
    for (int32_t bits = a < 0 ? ~a : a; bits != 0; bits >>= 1) {
        headroom--;
    }
    const int32_t shifted = (int32_t)((uint32_t)a << headroom);
    const int32_t scaled = high_multiply(high_multiply(shifted, inverse.multiplier), p->multiplier);
    const int32_t exponent = inverse.right_shift + headroom - p->shift;
    /* Beyond 31 bits, all is less than half a unit. */
    return exponent <= 0 ? scaled : exponent > 31 ? 0 : rounding_divide(scaled, exponent);
}

static void div_run(const void *step, const int8_t *a, const int8_t *b, int8_t *output) {
    const struct tw_step_div *p = step;
    for (int32_t i = 0; i < p->count; i++, a += p->a_step, b += p->b_step) {
        const int32_t scaled = quotient(*a - p->a_zero_point, *b - p->b_zero_point, p);
        output[i] = clamp(scaled + p->output_zero_point, p->clamp_low, p->clamp_high);
    }
}

void div(const struct tw_step_div *s) {
    for_each_run(div_run, s, OPERANDS(s, 1));
}
