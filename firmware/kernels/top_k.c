#include "kernels.h"
#include "pointer.h"

/* One row: a list of the k best so far, in order, into which each element is inserted. */
static void select_row(const struct tw_step_top_k *s, const int8_t *x, int8_t *values,
                       int32_t *indices) {
    const int32_t pitch = s->inner, k = s->k, flip = s->flip;
    int32_t count = 0;
    for (int32_t index = 0; index < s->axis; index++, x += pitch) {
        const int32_t key = *x ^ flip;
        int32_t place = count;
        if (count == k) {
            place--;
            if (key <= (values[place * pitch] ^ flip)) {
                continue;
            }
        } else {
            count++;
        }
        for (; place > 0 && (values[(place - 1) * pitch] ^ flip) < key; place--) {
            values[place * pitch] = values[(place - 1) * pitch];
            indices[place * pitch] = indices[(place - 1) * pitch];
        }
        values[place * pitch] = *x;
        indices[place * pitch] = index;
    }
}

void top_k(const struct tw_step_top_k *s) {
    const int8_t *input = at(s->input);
    int8_t *values = at(s->output);
    int32_t *indices = at(s->indices);
    const int32_t inner = s->inner;
    for (int32_t outer = 0; outer < s->outer; outer++) {
        for (int32_t i = 0; i < inner; i++) {
            select_row(s, input + i, values + i, indices + i);
        }
        input += s->axis * inner;
        values += s->k * inner;
        indices += s->k * inner;
    }
}
