#include "sigmoid_int16.h"

#include "kernels.h"
#include "pointer.h"

void sigmoid_int16(const struct tw_step_sigmoid_int16 *s) {
    const int16_t *input = at(s->input), *const end = input + s->count;
    const uint16_t *table = at(s->table);
    int16_t *output = at(s->output);
    const int32_t multiplier = s->multiplier, shift = s->shift, symmetric = s->symmetric;
    const int32_t half = shift > 0 ? 1 << (shift - 1) : 0;
    while (input != end) {
        const int32_t x = (*input++ * multiplier + half) >> shift;
        *output++ = (int16_t)(symmetric ? tanh_of(table, x) : logistic(table, x));
    }
}
