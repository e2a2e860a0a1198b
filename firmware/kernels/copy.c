#include "kernels.h"
#include "pointer.h"

void copy(const struct tw_step_copy *s) {
    const int8_t *input = at(s->input);
    int8_t *output = at(s->output);
    for (int32_t chunk = 0; chunk < s->chunks; chunk++) {
        __builtin_memcpy(output, input, (uint32_t)s->chunk_bytes);
        input += s->input_pitch;
        output += s->output_pitch;
    }
}
