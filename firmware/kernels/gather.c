#include "kernels.h"
#include "pointer.h"

void gather(const struct tw_step_gather *s) {
    const int8_t *input = at(s->input);
    const int32_t *indices = at(s->indices);
    int8_t *output = at(s->output);
    const int32_t inner = s->inner_bytes, pitch = s->axis * inner;
    for (int32_t batch = 0; batch < s->batches; batch++) {
        for (int32_t outer = 0; outer < s->outer; outer++) {
            for (int32_t i = 0; i < s->coordinates; i++) {
                if ((uint32_t)indices[i] >= (uint32_t)s->axis) {
                    __builtin_trap(); /* the run ends with the reason trap */
                }
                __builtin_memcpy(output, input + indices[i] * inner, (uint32_t)inner);
                output += inner;
            }
            input += pitch;
        }
        indices += s->coordinates;
    }
}
