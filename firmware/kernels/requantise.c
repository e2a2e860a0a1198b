#include "fixed_point.h"
#include "kernels.h"
#include "pointer.h"

void requantise(const struct tw_step_requantise *s) {
    const struct tw_step_requantise p = *s;
    const int8_t *input = at(p.input), *end = input + p.count;
    int8_t *output = at(p.output);
    while (input != end) {
        const int32_t scaled = rescale(*input++ - p.input_zero_point, p.multiplier, p.shift);
        *output++ = clamp(scaled + p.output_zero_point, p.clamp_low, p.clamp_high);
    }
}
