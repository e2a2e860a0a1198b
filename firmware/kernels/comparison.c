#include "cold.h"

#include "broadcast.h"
#include "element.h"
#include "fixed_point.h"
#include "kernels.h"
#include "pointer.h"

#define LEFT_SHIFT 8 /* of operands that have a scale */

static inline int32_t scaled(const int8_t *x, int32_t bytes, int32_t zero_point, int32_t multiplier,
                             int32_t shift) {
    const int32_t centred = load_element(x, bytes) - zero_point;
    return rescale((int32_t)((uint32_t)centred << LEFT_SHIFT), multiplier, shift);
}

static inline int8_t verdict(const struct tw_step_comparison *s, int32_t equal, int32_t greater) {
    return (int8_t)((s->equal ? equal : greater) ^ s->inverted);
}

static void compare_scaled(const void *step, const int8_t *a, const int8_t *b, int8_t *output) {
    const struct tw_step_comparison *s = step;
    for (int32_t i = 0; i < s->count; i++, a += s->a_step, b += s->b_step) {
        const int32_t x = scaled(a, s->element_bytes, s->a_zero_point, s->a_multiplier, s->a_shift);
        const int32_t y = scaled(b, s->element_bytes, s->b_zero_point, s->b_multiplier, s->b_shift);
        output[i] = verdict(s, x == y, x > y);
    }
}

static void compare_plain(const void *step, const int8_t *a, const int8_t *b, int8_t *output) {
    const struct tw_step_comparison *s = step;
    for (int32_t i = 0; i < s->count; i++, a += s->a_step, b += s->b_step) {
        const int32_t x = load_element(a, s->element_bytes);
        const int32_t y = load_element(b, s->element_bytes);
        output[i] = verdict(s, x == y, x > y);
    }
}

/* Elements of 8 bytes, which need not lie at a multiple of 8. */
static void compare_int64(const void *step, const int8_t *a, const int8_t *b, int8_t *output) {
    const struct tw_step_comparison *s = step;
    for (int32_t i = 0; i < s->count; i++, a += s->a_step, b += s->b_step) {
        const int32_t x = *(const int32_t *)(a + 4), y = *(const int32_t *)(b + 4);
        const uint32_t x_low = *(const uint32_t *)a, y_low = *(const uint32_t *)b;
        output[i] = verdict(s, x == y && x_low == y_low, x > y || (x == y && x_low > y_low));
    }
}

void comparison(const struct tw_step_comparison *s) {
    const run_function plain = s->element_bytes == 8 ? compare_int64 : compare_plain;
    for_each_run(s->scaled ? compare_scaled : plain, s, OPERANDS(s, 1));
}
