/* The logarithm of the softmax in gemmlowp's fixed point; see hw/spec/normalisation.py. */
#include "exponential.h"
#include "kernels.h"
#include "pointer.h"

#define DIFFERENCE_FRACTION_BITS 26
#define OUTPUT_FRACTION_BITS 4
#define QUARTER (1 << 23) /* in Q6.25 */

static int32_t leading_zeros_of(int32_t value) {
    int32_t zeros = 0;
    while ((int32_t)((uint32_t)value << zeros) > 0) {
        zeros++;
    }
    return zeros;
}

static int32_t saturating_double(int32_t value) {
    return value >= 1 << 30 ? INT32_MAX : value < -(1 << 30) ? INT32_MIN : value * 2;
}

/* log(sum) as Q5.26 for a Q12.19 of 1 or more: a Pade approximant around 2**-1/4. */
static int32_t log_of_sum(int32_t sum) {
    const int32_t log_2 = 1488522236, sqrt_half = 1518500250, fourth_root_of_half = 1805811301;
    const int32_t alpha_n = 117049297, alpha_d = 127690142;
    const int32_t alpha_i = 1057819769, alpha_f = 638450708;
    /* The sum and its product with sqrt(1/2): the one that lies nearer to the root is taken. */
    const int32_t headroom = leading_zeros_of(sum) - 1;
    const int32_t fraction = (int32_t)((uint32_t)sum << headroom);
    const int32_t fraction_a = saturating_double(high_multiply(fraction, sqrt_half));
    const int32_t power_a = (SUM_INTEGER_BITS - 1 - headroom) * (1 << 25) + QUARTER;
    const int32_t headroom_b = leading_zeros_of(high_multiply(sum, sqrt_half)) - 1;
    const int32_t fraction_b = headroom_b == headroom ? fraction : INT32_MAX;
    const int32_t power_b = (SUM_INTEGER_BITS - headroom_b) * (1 << 25) - QUARTER;
    const int32_t r = fraction_a < fraction_b ? fraction_a : fraction_b;
    const int32_t power = power_a > power_b ? power_a : power_b;

    const int32_t p = (int32_t)(((uint32_t)r + (uint32_t)fourth_root_of_half + 1) / 2);
    const int32_t q = 2 * (r - fourth_root_of_half);
    const int32_t magnitude = q < 0 ? -q : q;
    const int32_t square = high_multiply(magnitude, magnitude);
    const int32_t numerator =
        high_multiply(q, r) + high_multiply(high_multiply(q, square), alpha_n);
    const int32_t inner = alpha_i + q + high_multiply(square, alpha_d);
    const int32_t denominator = high_multiply(inner, p) + high_multiply(q, alpha_f);
    const int32_t rest =
        high_multiply(rounding_divide(numerator, 6), one_over_one_plus(denominator));
    return saturating_double(high_multiply(power, log_2) + rest);
}

static void log_softmax_row(const struct tw_step_log_softmax *p, const int8_t *x, int8_t *output) {
    const int32_t largest = largest_of(x, p->cols);
    int32_t sum = 0;
    for (int32_t i = 0; i < p->cols; i++) {
        const int32_t difference = x[i] - largest;
        if (difference >= p->diff_min) {
            const int32_t e = exponential(difference, p->multiplier, p->left_shift);
            sum += rounding_divide(e, SUM_INTEGER_BITS);
        }
    }
    const int32_t logarithm = log_of_sum(sum);
    const int32_t reached = rescale(logarithm + INT32_MIN, p->reverse_multiplier, p->reverse_shift);
    const int32_t limit = reached > p->diff_min - 1 ? reached : p->diff_min - 1;
    for (int32_t i = 0; i < p->cols; i++) {
        const int32_t difference = x[i] - largest;
        int32_t result = INT8_MIN;
        if (difference > limit) {
            const int32_t wide = (int32_t)((uint32_t)difference << p->left_shift);
            const int32_t scaled = high_multiply(wide, p->multiplier) - logarithm;
            result =
                p->output_zero_point +
                (p->output_multiplier != 0
                     ? rescale(scaled, p->output_multiplier, p->output_shift)
                     : rounding_divide(scaled, DIFFERENCE_FRACTION_BITS - OUTPUT_FRACTION_BITS));
        }
        output[i] = clamp(result, INT8_MIN, INT8_MAX);
    }
}

void log_softmax(const struct tw_step_log_softmax *s) {
    const struct tw_step_log_softmax p = *s;
    const int8_t *input = at(p.input);
    int8_t *output = at(p.output);
    for (int32_t row = 0; row < p.rows; row++) {
        log_softmax_row(&p, input, output);
        input += p.cols;
        output += p.cols;
    }
}
