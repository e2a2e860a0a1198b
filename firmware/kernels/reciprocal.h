/* The reciprocal of a sum of exponentials; see hw/spec/softmax.py for the same steps. */
#ifndef RECIPROCAL_H
#define RECIPROCAL_H

#include "exponential.h"

/* 1 / sum for a positive Q12.19: Q0.31 in 1/2..1, and the power of two to divide it by. */
static int32_t reciprocal(int32_t sum, int32_t *exponent) {
    int32_t leading_zeros = 0;
    while ((int32_t)((uint32_t)sum << leading_zeros) > 0) {
        leading_zeros++;
    }
    *exponent = SUM_INTEGER_BITS - leading_zeros;
    return one_over_one_plus((int32_t)(((uint32_t)sum << leading_zeros) - (1u << 31)));
}

#endif
