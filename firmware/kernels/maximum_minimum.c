#include "broadcast.h"
#include "element.h"
#include "kernels.h"
#include "pointer.h"

static inline void choose(const struct tw_step_maximum_minimum *s, int32_t bytes, const int8_t *a,
                          const int8_t *b, int8_t *output) {
    const int32_t a_step = s->a_step, b_step = s->b_step, smaller = s->smaller;
    const int8_t *const end = output + s->count * bytes;
    for (; output != end; output += bytes, a += a_step, b += b_step) {
        const int32_t x = load_element(a, bytes), y = load_element(b, bytes);
        store_element(output, bytes, (x < y) == smaller ? x : y);
    }
}

static void choose_int8(const void *step, const int8_t *a, const int8_t *b, int8_t *output) {
    choose(step, 1, a, b, output);
}

static void choose_int16(const void *step, const int8_t *a, const int8_t *b, int8_t *output) {
    choose(step, 2, a, b, output);
}

void maximum_minimum(const struct tw_step_maximum_minimum *s) {
    for_each_run(s->element_bytes == 1 ? choose_int8 : choose_int16, s,
                 OPERANDS(s, s->element_bytes));
}
