#include "cold.h"

#include "element.h"
#include "kernels.h"
#include "pointer.h"

void cast(const struct tw_step_cast *s) {
    const int8_t *input = at(s->input);
    int8_t *output = at(s->output);
    for (int32_t i = 0; i < s->count; i++) {
        const int32_t x = load_element(input, s->input_bytes);
        store_element(output, s->output_bytes, s->to_bool ? x != 0 : x);
        input += s->input_bytes;
        output += s->output_bytes;
    }
}
