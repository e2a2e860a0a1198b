#include "element.h"
#include "fixed_point.h"
#include "kernels.h"
#include "pointer.h"

/* int8 to int8, the frequent one. */
static void requantise_int8(const struct tw_step_requantise *s) {
    const struct tw_step_requantise p = *s;
    const int8_t *input = at(p.input), *end = input + p.count;
    int8_t *output = at(p.output);
    while (input != end) {
        const int32_t scaled = rescale(*input++ - p.input_zero_point, p.multiplier, p.shift);
        *output++ = clamp(scaled + p.output_zero_point, p.clamp_low, p.clamp_high);
    }
}

void requantise(const struct tw_step_requantise *s) {
    if (s->input_bytes == 1 && s->output_bytes == 1) {
        requantise_int8(s);
        return;
    }
    const struct tw_step_requantise p = *s;
    const int8_t *input = at(p.input);
    int8_t *output = at(p.output);
    for (int32_t i = 0; i < p.count; i++) {
        const int32_t x = load_element(input, p.input_bytes) - p.input_zero_point;
        const int32_t scaled = rescale(x, p.multiplier, p.shift);
        store_element(output, p.output_bytes,
                      limit(scaled + p.output_zero_point, p.clamp_low, p.clamp_high));
        input += p.input_bytes;
        output += p.output_bytes;
    }
}
