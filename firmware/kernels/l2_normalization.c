/* See hw/spec/normalisation.py for the same steps. */
#include "fixed_point.h"
#include "kernels.h"
#include "pointer.h"

#define OUTPUT_FRACTION_BITS 7

struct factor {
    int32_t multiplier, shift;
};

static int32_t saturating_shift_left(int32_t value, int32_t bits) {
    const int32_t limit = INT32_MAX >> bits;
    return value > limit ? INT32_MAX : value * (1 << bits);
}

/* 1 / sqrt(value) of 0 or more; 0 counts as 1. */
static struct factor inverse_square_root(int32_t value) {
    int32_t right = 11;
    if (value <= 1) {
        const struct factor one = {INT32_MAX, 0};
        return one;
    }
    for (; value >= 1 << 29; value >>= 2) {
        right++;
    }
    for (; value < 1 << 27; value <<= 2) {
        right--;
    }
    /* Newton-Raphson in Q3.28, from 1; nothing gets negative. */
    const int32_t half = rounding_divide(value >> 1, 1), three_halves = (1 << 28) + (1 << 27);
    int32_t x = 1 << 28;
#pragma clang loop unroll(disable)
    for (int i = 0; i < 5; i++) {
        const int32_t cube = saturating_shift_left(high_multiply(high_multiply(x, x), x), 6);
        x = saturating_shift_left(high_multiply(three_halves, x) - high_multiply(half, cube), 3);
    }
    const int32_t half_sqrt_2 = 1518500250;
    const int32_t root = high_multiply(x, half_sqrt_2);
    const struct factor factor = {right < 0 ? root << -right : root, right < 0 ? 0 : -right};
    return factor;
}

void l2_normalization(const struct tw_step_l2_normalization *s) {
    const int8_t *input = at(s->input);
    int8_t *output = at(s->output);
    const int32_t cols = s->cols, zero_point = s->input_zero_point;
    for (int32_t row = 0; row < s->rows; row++, input += cols, output += cols) {
        int32_t squares = 0;
        for (int32_t i = 0; i < cols; i++) {
            const int32_t x = input[i] - zero_point;
            squares += x * x;
        }
        const struct factor f = inverse_square_root(squares);
        for (int32_t i = 0; i < cols; i++) {
            const int32_t x = input[i] - zero_point;
            output[i] =
                clamp(rescale(x, f.multiplier, f.shift + OUTPUT_FRACTION_BITS), INT8_MIN, INT8_MAX);
        }
    }
}
