#include "cold.h"

#include "broadcast.h"
#include "element.h"
#include "kernels.h"
#include "pointer.h"

static inline void choose(const struct tw_step_select *s, int32_t bytes, const int8_t *condition,
                          const int8_t *value, int8_t *output) {
    for (int32_t i = 0; i < s->count; i++) {
        if ((*condition != 0) == s->when) {
            store_element(output, bytes, load_element(value, bytes));
        }
        condition += s->a_step;
        value += s->b_step;
        output += bytes;
    }
}

static void select_int8(const void *step, const int8_t *a, const int8_t *b, int8_t *output) {
    choose(step, 1, a, b, output);
}

static void select_int16(const void *step, const int8_t *a, const int8_t *b, int8_t *output) {
    choose(step, 2, a, b, output);
}

static void select_int32(const void *step, const int8_t *a, const int8_t *b, int8_t *output) {
    choose(step, 4, a, b, output);
}

void select(const struct tw_step_select *s) {
    const run_function wide = s->element_bytes == 2 ? select_int16 : select_int32;
    for_each_run(s->element_bytes == 1 ? select_int8 : wide, s, OPERANDS(s, s->element_bytes));
}
