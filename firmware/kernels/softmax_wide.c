/* Softmax from int8 to int16 in gemmlowp's fixed point; see hw/spec/softmax.py for the same steps.
 */
#include "exponential.h"
#include "kernels.h"
#include "pointer.h"
#include "reciprocal.h"

static int16_t probability(int32_t exponential, int32_t scale, int32_t shift) {
    const int32_t value = rounding_divide(high_multiply(exponential, scale), shift) + INT16_MIN;
    return (int16_t)(value > INT16_MAX ? INT16_MAX : value);
}

void softmax_wide(const struct tw_step_softmax_wide *s) {
    const struct tw_step_softmax_wide p = *s;
    const int8_t *x = at(p.input);
    int16_t *output = at(p.output);
    for (int32_t row = 0; row < p.rows; row++, x += p.cols, output += p.cols) {
        const int32_t largest = largest_of(x, p.cols);
        int32_t sum = 0, exponent;
        for (int32_t i = 0; i < p.cols; i++) {
            const int32_t difference = x[i] - largest;
            if (difference >= p.diff_min) {
                const int32_t e = exponential(difference, p.multiplier, p.left_shift);
                sum += rounding_divide(e, SUM_INTEGER_BITS);
            }
        }
        const int32_t scale = reciprocal(sum, &exponent);
        for (int32_t i = 0; i < p.cols; i++) {
            const int32_t difference = x[i] - largest;
            output[i] = INT16_MIN;
            if (difference >= p.diff_min) {
                const int32_t e = exponential(difference, p.multiplier, p.left_shift);
                output[i] = probability(e, scale, exponent + 31 - 16);
            }
        }
    }
}
