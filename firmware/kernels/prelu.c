#include "broadcast.h"
#include "element.h"
#include "fixed_point.h"
#include "kernels.h"
#include "pointer.h"

static inline void prelu_run(const struct tw_step_prelu *s, int32_t bytes, const int8_t *a,
                             const int8_t *alpha, int8_t *output) {
    const struct tw_step_prelu p = *s;
    const int8_t *const end = output + p.count * bytes;
    for (; output != end; output += bytes, a += p.a_step, alpha += p.b_step) {
        const int32_t x = load_element(a, bytes) - p.a_zero_point;
        const int32_t scaled =
            x >= 0 ? rescale(x, p.above_multiplier, p.above_shift)
                   : rescale(x * (*alpha - p.b_zero_point), p.below_multiplier, p.below_shift);
        store_element(output, bytes,
                      limit(scaled + p.output_zero_point, p.clamp_low, p.clamp_high));
    }
}

static void prelu_int8(const void *step, const int8_t *a, const int8_t *alpha, int8_t *output) {
    prelu_run(step, 1, a, alpha, output);
}

static void prelu_int16(const void *step, const int8_t *a, const int8_t *alpha, int8_t *output) {
    prelu_run(step, 2, a, alpha, output);
}

void prelu(const struct tw_step_prelu *s) {
    for_each_run(s->element_bytes == 1 ? prelu_int8 : prelu_int16, s,
                 OPERANDS(s, s->element_bytes));
}
