#include "channels.h"
#include "kernels.h"
#include "pointer.h"
#include "spread.h"
#include "window.h"

void conv_2d(const struct tw_step_conv_2d *s) {
    if (is_spread(s)) {
        convolve_spread(s);
        return;
    }
    const int8_t *input = at(s->input), *weights = at(s->weights);
    int8_t *output = at(s->output);
    const int32_t input_pitch = s->input_cols * s->channels;
    const int32_t weight_pitch = s->kernel_cols * s->channels;
    const struct channels channels = {
        .count = s->output_channels,
        .weight_pitch = s->kernel_rows * weight_pitch,
        .bias = at(s->bias),
        .multipliers = at(s->multipliers),
        .shifts = at(s->shifts),
        .zero_point = s->output_zero_point,
        .low = s->clamp_low,
        .high = s->clamp_high,
    };
    for (int32_t oy = 0; oy < s->output_rows; oy++) {
        const struct span y =
            window_span(oy, s->stride_rows, s->pad_top, s->kernel_rows, s->input_rows);
        for (int32_t ox = 0; ox < s->output_cols; ox++) {
            const struct span x =
                window_span(ox, s->stride_cols, s->pad_left, s->kernel_cols, s->input_cols);
            const struct patch patch = {
                .input = input + y.start * input_pitch + x.start * s->channels,
                .rows = y.count,
                .run = x.count * s->channels,
                .input_pitch = input_pitch,
                .weight_pitch = weight_pitch,
                .zero_point = s->input_zero_point,
            };
            const int32_t skipped = y.skip * weight_pitch + x.skip * s->channels;
            compute_channels(&channels, &patch, weights + skipped, output);
            output += s->output_channels;
        }
    }
}
