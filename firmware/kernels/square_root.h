/* Square roots and their reciprocals, bit by bit: the CPU has no 64-bit division. */
#ifndef SQUARE_ROOT_H
#define SQUARE_ROOT_H

#include <stdint.h>

/* The square root of 64 bits, rounded down. */
static inline uint32_t square_root_64(uint64_t value) {
    uint32_t root = 0;
    uint64_t rest = 0;
    for (int32_t pair = 0; pair < 32; pair++, value <<= 2) {
        rest = rest << 2 | value >> 62;
        const uint64_t trial = (uint64_t)root << 2 | 1;
        root <<= 1;
        if (rest >= trial) {
            rest -= trial;
            root |= 1;
        }
    }
    return root;
}

/* (2**63 - 1) / divisor, for a divisor of 2**31 or more, whose quotient has 32 bits. */
static inline uint32_t reciprocal_63(uint32_t divisor) {
    uint64_t rest = 0x7FFFFFFF;
    uint32_t quotient = 0;
    for (int32_t bit = 0; bit < 32; bit++) {
        rest = rest << 1 | 1;
        quotient <<= 1;
        if (rest >= divisor) {
            rest -= divisor;
            quotient |= 1;
        }
    }
    return quotient;
}

#endif
