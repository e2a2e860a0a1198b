/* Exponential, reciprocal and the largest of a row, in gemmlowp's fixed point. Qn.m: n integer and
 * m fraction bits in an int32. See hw/spec/softmax.py for the same steps. */
#ifndef EXPONENTIAL_H
#define EXPONENTIAL_H

#include "fixed_point.h"

#define ONE_Q0_31 INT32_MAX
#define ONE_Q2_29 (1 << 29)
#define SUM_INTEGER_BITS 12
#define POWERS 6

/* exp(a) for -1/4 <= a < 0, both Q0.31: a Taylor expansion around -1/8. */
static int32_t exp_in_quarter(int32_t a) {
    const int32_t exp_of_minus_eighth = 1895147668, third = 715827883;
    const int32_t x = a + (1 << 28), magnitude = x < 0 ? -x : x;
    const int32_t x2 = high_multiply(magnitude, magnitude);
    const int32_t x3 = high_multiply(x, x2);
    const int32_t x4_over_4 = rounding_divide(high_multiply(x2, x2), 2);
    const int32_t tail = rounding_divide(high_multiply(x4_over_4 + x3, third) + x2, 1);
    return exp_of_minus_eighth + high_multiply(x + tail, exp_of_minus_eighth);
}

/* exp(a) as Q0.31 for a <= 0 in Q5.26; 0 below -14, where it is less than half a unit of the sum
 * (2**11) and of the output (2**22). */
static int32_t exp_on_negative(int32_t a) {
    /* exp(-2**i / 4) as Q0.31 */
    static const int32_t exp_of_powers[POWERS] = {1672461947, 1302514674, 790015084,
                                                  290630308,  39332535,   720401};
    const int32_t quarter = 1 << 24;
    if (a == 0) {
        return ONE_Q0_31;
    }
    if (a < -14 * 4 * quarter) {
        return 0;
    }
    const int32_t in_quarter = (a & (quarter - 1)) - quarter;
    int32_t result = exp_in_quarter((int32_t)((uint32_t)in_quarter << 5));
    const uint32_t quarters = (uint32_t)(in_quarter - a) >> 24;
#pragma clang loop unroll(full)
    for (int i = 0; i < POWERS; i++) {
        if (quarters >> i & 1) {
            result = high_multiply(result, exp_of_powers[i]);
        }
    }
    return result;
}

/* 1 / (1 + fraction) for a fraction in 0..1, as Q0.31. */
static int32_t one_over_one_plus(int32_t fraction) {
    const int32_t half = (int32_t)(((uint32_t)fraction + (uint32_t)ONE_Q0_31 + 1) / 2);
    /* Newton-Raphson from 48/17 - 32/17 * half, in Q2.29. The code runs once: small is fast. */
    int32_t x = 1515870810 + high_multiply(-1010580540, half);
#pragma clang loop unroll(disable)
    for (int i = 0; i < 3; i++) {
        const int32_t error = ONE_Q2_29 - high_multiply(half, x);
        x += high_multiply(error, x) * 4;
    }
    return x < 1 << 30 ? x * 2 : INT32_MAX;
}

/* exp of a difference from the maximum of the row. */
static int32_t exponential(int32_t difference, int32_t multiplier, int32_t left_shift) {
    const int32_t wide = (int32_t)((uint32_t)difference << left_shift);
    return exp_on_negative(high_multiply(wide, multiplier));
}

static int32_t largest_of(const int8_t *x, int32_t count) {
    int32_t largest = INT8_MIN;
    for (int32_t i = 0; i < count; i++) {
        largest = x[i] > largest ? x[i] : largest;
    }
    return largest;
}

#endif
