#include "fixed_point.h"
#include "kernels.h"
#include "pointer.h"

void mean(const struct tw_step_mean *s) {
    const int8_t *input = at(s->input);
    int8_t *output = at(s->output);
    const int32_t pixels = s->input_rows * s->input_cols, channels = s->channels;
    for (int32_t channel = 0; channel < channels; channel++) {
        const int8_t *x = input + channel;
        int32_t sum = -pixels * s->input_zero_point;
        for (int32_t pixel = 0; pixel < pixels; pixel++, x += channels) {
            sum += *x;
        }
        const int32_t scaled = rescale(sum, s->multiplier, s->shift);
        *output++ = clamp(scaled + s->output_zero_point, s->clamp_low, s->clamp_high);
    }
}
