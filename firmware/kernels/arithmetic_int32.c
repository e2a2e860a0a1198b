#include "cold.h"

#include "broadcast.h"
#include "fixed_point.h"
#include "kernels.h"
#include "pointer.h"

/* The operations of this step; see hw/spec/steps/elementwise.py. */
enum { ADD, SUB, MUL, SQUARED_DIFFERENCE, DIV, MAXIMUM, MINIMUM };

static inline int32_t result(int32_t operation, uint32_t a, uint32_t b) {
    if (operation == ADD) {
        return (int32_t)(a + b);
    }
    if (operation == MUL) {
        return (int32_t)(a * b);
    }
    if (operation == DIV) {
        if (b == 0) {
            __builtin_trap(); /* the run ends with the reason trap */
        }
        return b == UINT32_MAX ? (int32_t)(0 - a) : (int32_t)a / (int32_t)b;
    }
    if (operation >= MAXIMUM) {
        const uint32_t larger = (int32_t)a > (int32_t)b ? a : b;
        return (int32_t)(operation == MAXIMUM ? larger : a ^ b ^ larger);
    }
    const uint32_t difference = a - b;
    return (int32_t)(operation == SUB ? difference : difference * difference);
}

static void compute(const void *step, const int8_t *a, const int8_t *b, int8_t *output) {
    const struct tw_step_arithmetic_int32 *s = step;
    int32_t *target = (int32_t *)output;
    for (int32_t i = 0; i < s->count; i++, a += s->a_step, b += s->b_step) {
        const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
        *target++ = limit(result(s->operation, x, y), s->clamp_low, s->clamp_high);
    }
}

void arithmetic_int32(const struct tw_step_arithmetic_int32 *s) {
    for_each_run(compute, s, OPERANDS(s, 4));
}
