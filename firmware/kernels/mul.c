#include "broadcast.h"
#include "element.h"
#include "fixed_point.h"
#include "kernels.h"
#include "pointer.h"

static inline void mul_run(const struct tw_step_mul *s, int32_t bytes, const int8_t *a,
                           const int8_t *b, int8_t *output) {
    const struct tw_step_mul p = *s;
    const int8_t *const end = output + p.count * bytes;
    for (; output != end; output += bytes, a += p.a_step, b += p.b_step) {
        const int32_t centred_a = load_element(a, bytes) - p.a_zero_point;
        const int32_t centred_b = load_element(b, bytes) - p.b_zero_point;
        const int32_t scaled = rescale(centred_a * centred_b, p.multiplier, p.shift);
        store_element(output, bytes,
                      limit(scaled + p.output_zero_point, p.clamp_low, p.clamp_high));
    }
}

static void mul_int8(const void *step, const int8_t *a, const int8_t *b, int8_t *output) {
    mul_run(step, 1, a, b, output);
}

static void mul_int16(const void *step, const int8_t *a, const int8_t *b, int8_t *output) {
    mul_run(step, 2, a, b, output);
}

void mul(const struct tw_step_mul *s) {
    for_each_run(s->element_bytes == 1 ? mul_int8 : mul_int16, s, OPERANDS(s, s->element_bytes));
}
