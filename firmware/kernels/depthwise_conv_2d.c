#include <stdbool.h>

#include "channels.h"
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

/* The sum of the centred activations themselves. */
static int32_t sum_of_inputs(const struct taps *t, const int8_t *input) {
    int32_t sum = 0;
    for (int32_t row = 0; row < t->rows; row++, input += t->input_skip) {
        for (int32_t col = 0; col < t->cols; col++, input += t->input_step) {
            sum += *input - t->zero_point;
        }
    }
    return sum;
}

/* Four neighbouring channels, with one output channel each. */
static void sums_of_four(const struct taps *t, const int8_t *input, const int8_t *weights,
                         int32_t sums[4]) {
    const int32_t zero_point = t->zero_point;
    int32_t sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
    for (int32_t row = 0; row < t->rows; row++) {
        for (int32_t col = 0; col < t->cols; col++) {
            sum0 += (input[0] - zero_point) * weights[0];
            sum1 += (input[1] - zero_point) * weights[1];
            sum2 += (input[2] - zero_point) * weights[2];
            sum3 += (input[3] - zero_point) * weights[3];
            input += t->input_step;
            weights += t->weight_step;
        }
        input += t->input_skip;
        weights += t->weight_skip;
    }
    sums[0] = sum0;
    sums[1] = sum1;
    sums[2] = sum2;
    sums[3] = sum3;
}

/* One output pixel. `input` and `weights` point at channel 0 of the first tap in the image. */
static inline void compute_pixel(const struct channels *c, int32_t depth_multiplier,
                                 int32_t weights_zero_point, const struct taps *taps,
                                 const int8_t *input, const int8_t *weights, int8_t *output) {
    const bool fours = depth_multiplier == 1 && weights_zero_point == 0;
    int32_t channel = 0;
    for (; fours && channel + 4 <= c->count; channel += 4, input += 4) {
        int32_t sums[4];
        sums_of_four(taps, input, weights + channel, sums);
        for (int32_t i = 0; i < 4; i++) {
            output[channel + i] = finish_channel(c, channel + i, sums[i]);
        }
    }
    while (channel < c->count) {
        int32_t excess = 0;
        if (weights_zero_point != 0) {
            excess = weights_zero_point * sum_of_inputs(taps, input);
        }
        for (int32_t copy = 0; copy < depth_multiplier; copy++, channel++) {
            const int32_t sum = sum_of_taps(taps, input, weights + channel);
            output[channel] = finish_channel(c, channel, sum - excess);
        }
        input++;
    }
}

void depthwise_conv_2d(const struct tw_step_depthwise_conv_2d *s) {
    const int8_t *input = at(s->input), *weights = at(s->weights);
    int8_t *output = at(s->output);
    const int32_t depth_multiplier = s->depth_multiplier;
    const int32_t output_channels = s->channels * depth_multiplier;
    const int32_t input_step = s->dilation_cols * s->channels;
    const int32_t input_pitch = s->dilation_rows * s->input_cols * s->channels;
    const struct channels channels = {
        .count = output_channels,
        .bias = at(s->bias),
        .multipliers = at(s->multipliers),
        .shifts = at(s->shifts),
        .zero_point = s->output_zero_point,
        .low = s->clamp_low,
        .high = s->clamp_high,
    };
    for (int32_t oy = 0; oy < s->output_rows; oy++) {
        const struct span y = dilated_span(oy, s->stride_rows, s->pad_top, s->kernel_rows,
                                           s->input_rows, s->dilation_rows);
        for (int32_t ox = 0; ox < s->output_cols; ox++) {
            const struct span x = dilated_span(ox, s->stride_cols, s->pad_left, s->kernel_cols,
                                               s->input_cols, s->dilation_cols);
            const struct taps taps = {
                .rows = y.count,
                .cols = x.count,
                .input_step = input_step,
                .weight_step = output_channels,
                .input_skip = input_pitch - x.count * input_step,
                .weight_skip = (s->kernel_cols - x.count) * output_channels,
                .zero_point = s->input_zero_point,
            };
            compute_pixel(&channels, depth_multiplier, s->weights_zero_point, &taps,
                          input + (y.start * s->input_cols + x.start) * s->channels,
                          weights + (y.skip * s->kernel_cols + x.skip) * output_channels, output);
            output += output_channels;
        }
    }
}
