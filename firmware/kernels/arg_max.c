#include "kernels.h"
#include "pointer.h"

void arg_max(const struct tw_step_arg_max *s) {
    const int8_t *input = at(s->input);
    int32_t *output = at(s->output);
    const int32_t axis = s->axis, inner = s->inner, flip = s->flip;
    for (int32_t outer = 0; outer < s->outer; outer++, input += (axis - 1) * inner) {
        for (int32_t i = 0; i < inner; i++, input++) {
            const int8_t *x = input;
            int32_t largest = *x ^ flip, place = 0;
            for (int32_t index = 1; index < axis; index++) {
                x += inner;
                if ((*x ^ flip) > largest) {
                    largest = *x ^ flip;
                    place = index;
                }
            }
            *output++ = place;
        }
    }
}
