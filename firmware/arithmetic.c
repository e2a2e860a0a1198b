/* What the compiler calls for products and quotients on a CPU without instructions for them. The
 * names are the compiler's. */
#include <stdint.h>

#ifndef __riscv_mul

uint32_t __mulsi3(uint32_t a, uint32_t b);
uint64_t __muldi3(uint64_t a, uint64_t b);
uint32_t __udivsi3(uint32_t a, uint32_t b);
uint32_t __umodsi3(uint32_t a, uint32_t b);
int32_t __divsi3(int32_t a, int32_t b);
int32_t __modsi3(int32_t a, int32_t b);

/* A product of N bits. The loop ends with the highest bit of the factor, which is small in
 * magnitude more often. */
#define PRODUCT(name, N)                                                                           \
    uint##N##_t name(uint##N##_t a, uint##N##_t b) {                                               \
        uint##N##_t product = 0;                                                                   \
        if ((int##N##_t)b < 0) {                                                                   \
            a = -a;                                                                                \
            b = -b;                                                                                \
        }                                                                                          \
        for (; b != 0; b >>= 1, a <<= 1) {                                                         \
            if (b & 1) {                                                                           \
                product += a;                                                                      \
            }                                                                                      \
        }                                                                                          \
        return product;                                                                            \
    }

PRODUCT(__mulsi3, 32)
PRODUCT(__muldi3, 64)

/* The quotient, and in *rest the remainder; what a division by zero gives is left open by C. */
static uint32_t divide(uint32_t a, uint32_t b, uint32_t *rest) {
    uint32_t quotient = 0;
    uint32_t left = 0;
    for (int bit = 31; bit >= 0; bit--) {
        left = left << 1 | (a >> bit & 1);
        if (left >= b) {
            left -= b;
            quotient |= 1u << bit;
        }
    }
    *rest = left;
    return quotient;
}

uint32_t __udivsi3(uint32_t a, uint32_t b) {
    uint32_t rest;
    return divide(a, b, &rest);
}

uint32_t __umodsi3(uint32_t a, uint32_t b) {
    uint32_t rest;
    divide(a, b, &rest);
    return rest;
}

static uint32_t magnitude(int32_t value) {
    return value < 0 ? -(uint32_t)value : (uint32_t)value;
}

int32_t __divsi3(int32_t a, int32_t b) {
    uint32_t quotient = __udivsi3(magnitude(a), magnitude(b));
    return (int32_t)((a < 0) != (b < 0) ? -quotient : quotient);
}

int32_t __modsi3(int32_t a, int32_t b) {
    uint32_t rest = __umodsi3(magnitude(a), magnitude(b));
    return (int32_t)(a < 0 ? -rest : rest);
}

#endif
