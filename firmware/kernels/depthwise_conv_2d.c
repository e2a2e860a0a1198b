#include "fixed_point.h"
#include "kernels.h"
#include "pointer.h"
#include "window.h"

/* Taps of one output pixel: both tensors are walked channel-last, so a tap is a stride away. */
struct taps {
    int32_t rows, cols;
    int32_t input_step, weight_step; /* bytes from tap to tap in a row */
    int32_t input_skip, weight_skip; /* bytes from the end of a row of taps to the next one */
    int32_t zero_point;
};

static int32_t sum_of_taps(const struct taps *t, const int8_t *input, const int8_t *weights) {
    int32_t sum = 0;
    for (int32_t row = 0; row < t->rows; row++) {
        for (int32_t col = 0; col < t->cols; col++) {
            sum += (*input - t->zero_point) * *weights;
            input += t->input_step;
            weights += t->weight_step;
        }
        input += t->input_skip;
        weights += t->weight_skip;
    }
    return sum;
}

/* One output pixel. `input` and `weights` point at channel 0 of the first tap in the image. */
static void compute_pixel(const struct tw_step_depthwise_conv_2d *s, const struct taps *taps,
                          const int8_t *input, const int8_t *weights, int8_t *output) {
    const int32_t *bias = at(s->bias), *multipliers = at(s->multipliers), *shifts = at(s->shifts);
    for (int32_t channel = 0; channel < s->channels; channel++, input++) {
        for (int32_t copy = 0; copy < s->depth_multiplier; copy++) {
            const uint32_t sum = (uint32_t)sum_of_taps(taps, input, weights++);
            const int32_t total = (int32_t)(sum + (uint32_t)*bias++);
            const int32_t scaled = rescale(total, *multipliers++, *shifts++);
            *output++ = clamp(scaled + s->output_zero_point, s->clamp_low, s->clamp_high);
        }
    }
}

void depthwise_conv_2d(const struct tw_step_depthwise_conv_2d *s) {
    const int8_t *input = at(s->input), *weights = at(s->weights);
    int8_t *output = at(s->output);
    const int32_t output_channels = s->channels * s->depth_multiplier;
    for (int32_t oy = 0; oy < s->output_rows; oy++) {
        const struct span y =
            window_span(oy, s->stride_rows, s->pad_top, s->kernel_rows, s->input_rows);
        for (int32_t ox = 0; ox < s->output_cols; ox++) {
            const struct span x =
                window_span(ox, s->stride_cols, s->pad_left, s->kernel_cols, s->input_cols);
            const struct taps taps = {
                .rows = y.count,
                .cols = x.count,
                .input_step = s->channels,
                .weight_step = output_channels,
                .input_skip = (s->input_cols - x.count) * s->channels,
                .weight_skip = (s->kernel_cols - x.count) * output_channels,
                .zero_point = s->input_zero_point,
            };
            compute_pixel(s, &taps, input + (y.start * s->input_cols + x.start) * s->channels,
                          weights + (y.skip * s->kernel_cols + x.skip) * output_channels, output);
            output += output_channels;
        }
    }
}
