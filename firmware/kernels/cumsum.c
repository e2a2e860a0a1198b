#include "fixed_point.h"
#include "kernels.h"
#include "pointer.h"

void cumsum(const struct tw_step_cumsum *s) {
    const int32_t depth = s->depth, inner = s->inner, size = depth * inner;
    const int32_t first = s->reverse ? size - inner : 0, pitch = s->reverse ? -inner : inner;
    const int8_t *input = at(s->input);
    int8_t *output = at(s->output);
    for (int32_t outer = 0; outer < s->outer; outer++, input += size, output += size) {
        for (int32_t i = 0; i < inner; i++) {
            int32_t sum = s->first, place = first + i;
            for (int32_t index = 0; index < depth; index++, place += pitch) {
                const int32_t before = sum;
                sum += input[place] - s->input_zero_point;
                const uint32_t wide = (uint32_t)(s->exclusive ? before : sum) << s->left_shift;
                const int32_t scaled = rescale((int32_t)wide, s->multiplier, s->shift);
                output[place] = clamp(scaled + s->output_zero_point, INT8_MIN, INT8_MAX);
            }
        }
    }
}
