#include "kernels.h"
#include "pointer.h"

static int8_t *fill_bytes(int8_t *output, int32_t value, int32_t bytes) {
    __builtin_memset(output, value, (uint32_t)bytes);
    return output + bytes;
}

void pad(const struct tw_step_pad *s) {
    const int32_t row_bytes = s->input_cols * s->channels;
    const int32_t left = s->left * s->channels, right = s->right * s->channels;
    const int32_t padded_row = left + row_bytes + right;
    const int8_t *input = at(s->input);
    int8_t *output = fill_bytes(at(s->output), s->value, s->top * padded_row);
    for (int32_t row = 0; row < s->input_rows; row++) {
        output = fill_bytes(output, s->value, left);
        __builtin_memcpy(output, input, (uint32_t)row_bytes);
        output = fill_bytes(output + row_bytes, s->value, right);
        input += row_bytes;
    }
    fill_bytes(output, s->value, s->bottom * padded_row);
}
