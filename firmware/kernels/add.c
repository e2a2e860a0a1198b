#include "broadcast.h"
#include "element.h"
#include "fixed_point.h"
#include "kernels.h"
#include "pointer.h"

/* The operations of this step; see hw/spec/arithmetic/binary.py. */
enum { ADD, SUB, SQUARED_DIFFERENCE };
#define LEFT_SHIFT 20 /* of ADD on int8 */

static inline int32_t widen(int32_t value, int32_t zero_point, int32_t left_shift) {
    return (int32_t)((uint32_t)(value - zero_point) << left_shift);
}

/* ADD on int8, the frequent one. */
static void add_int8(const void *step, const int8_t *a, const int8_t *b, int8_t *output) {
    const struct tw_step_add p = *(const struct tw_step_add *)step;
    for (int8_t *const end = output + p.count; output != end; a += p.a_step, b += p.b_step) {
        const int32_t wide_a = widen(*a, p.a_zero_point, LEFT_SHIFT);
        const int32_t wide_b = widen(*b, p.b_zero_point, LEFT_SHIFT);
        const int32_t scaled_a = rescale(wide_a, p.a_multiplier, p.a_shift);
        const int32_t scaled_b = rescale(wide_b, p.b_multiplier, p.b_shift);
        const int32_t sum = rescale(scaled_a + scaled_b, p.output_multiplier, p.output_shift);
        *output++ = clamp(sum + p.output_zero_point, p.clamp_low, p.clamp_high);
    }
}

static int32_t total(int32_t operation, int32_t a, int32_t b) {
    if (operation == ADD) {
        return a + b;
    }
    return operation == SUB ? a - b : (a - b) * (a - b);
}

static void combine(const void *step, const int8_t *a, const int8_t *b, int8_t *output) {
    const struct tw_step_add p = *(const struct tw_step_add *)step;
    for (int32_t i = 0; i < p.count; i++, a += p.a_step, b += p.b_step) {
        const int32_t wide_a =
            widen(load_element(a, p.element_bytes), p.a_zero_point, p.left_shift);
        const int32_t wide_b =
            widen(load_element(b, p.element_bytes), p.b_zero_point, p.left_shift);
        const int32_t scaled_a = rescale(wide_a, p.a_multiplier, p.a_shift);
        const int32_t scaled_b = rescale(wide_b, p.b_multiplier, p.b_shift);
        const int32_t scaled =
            rescale(total(p.operation, scaled_a, scaled_b), p.output_multiplier, p.output_shift);
        store_element(output, p.element_bytes,
                      limit(scaled + p.output_zero_point, p.clamp_low, p.clamp_high));
        output += p.element_bytes;
    }
}

void add(const struct tw_step_add *s) {
    const int plain = s->operation == ADD && s->element_bytes == 1;
    for_each_run(plain ? add_int8 : combine, s, OPERANDS(s, s->element_bytes));
}
