/* Softmax in gemmlowp's fixed point; see hw/spec/softmax.py for the same steps. */
#include "exponential.h"
#include "kernels.h"
#include "pointer.h"
#include "reciprocal.h"

#define OUTPUT_ZERO_POINT (-128)
/* Exponentials are kept from the sum to the division, as far as this goes. */
#define KEPT 64

static inline void softmax_row(const struct tw_step_softmax *p, const int8_t *x, int8_t *output) {
    int32_t kept[KEPT];
    const int32_t largest = largest_of(x, p->cols);
    int32_t sum = 0;
    for (int32_t i = 0; i < p->cols; i++) {
        const int32_t difference = x[i] - largest;
        if (difference >= p->diff_min) {
            const int32_t e = exponential(difference, p->multiplier, p->left_shift);
            sum += rounding_divide(e, SUM_INTEGER_BITS);
            if (i < KEPT) {
                kept[i] = e;
            }
        }
    }
    int32_t exponent;
    const int32_t scale = reciprocal(sum, &exponent);
    const int32_t shift = exponent + 31 - 8;
    for (int32_t i = 0; i < p->cols; i++) {
        const int32_t difference = x[i] - largest;
        int32_t probability = 0;
        /* Beyond 31 bits, all is less than half a unit. */
        if (difference >= p->diff_min && shift <= 31) {
            const int32_t e =
                i < KEPT ? kept[i] : exponential(difference, p->multiplier, p->left_shift);
            probability = rounding_divide(high_multiply(e, scale), shift);
        }
        output[i] = clamp(probability + OUTPUT_ZERO_POINT, INT8_MIN, INT8_MAX);
    }
}

void softmax(const struct tw_step_softmax *s) {
    const struct tw_step_softmax p = *s;
    const int8_t *input = at(p.input);
    int8_t *output = at(p.output);
    for (int32_t row = 0; row < p.rows; row++) {
        softmax_row(&p, input, output);
        input += p.cols;
        output += p.cols;
    }
}
