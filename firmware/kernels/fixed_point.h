/* Fixed-point steps of TensorFlow Lite Micro; see hw/spec/numerics.py for their definition. */
#ifndef FIXED_POINT_H
#define FIXED_POINT_H

#include <stdint.h>

/* The high 32 bits of 2*a*b, rounded to nearest with ties upwards; b is 0 or more. Doubling the
 * factor first leaves the sum in the high word: two multiplications, a shift and an addition. */
static inline int32_t high_multiply(int32_t a, int32_t b) {
    const uint32_t doubled = (uint32_t)b << 1;
    const int64_t product = (int64_t)a * (int64_t)doubled;
    return (int32_t)(product >> 32) + (int32_t)((uint32_t)product >> 31);
}

/* value / 2**exponent to nearest, ties away from zero; exponent 1..31, value of high_multiply,
 * which never reaches the ends of int32. */
static inline int32_t rounding_divide(int32_t value, int32_t exponent) {
    const int32_t ties_away = value + (value >> 31);
    return ((ties_away >> (exponent - 1)) + 1) >> 1;
}

/* value * multiplier / 2**31 * 2**shift, rounded twice; multiplier 0 or more, shift > 0 left. */
static inline int32_t rescale(int32_t value, int32_t multiplier, int32_t shift) {
    if (shift >= 0) {
        return high_multiply((int32_t)((uint32_t)value << shift), multiplier);
    }
    return rounding_divide(high_multiply(value, multiplier), -shift);
}

static inline int32_t limit(int32_t value, int32_t low, int32_t high) {
    value = value < low ? low : value;
    return value > high ? high : value;
}

static inline int8_t clamp(int32_t value, int32_t low, int32_t high) {
    return (int8_t)limit(value, low, high);
}

#endif
