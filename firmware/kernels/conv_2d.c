#include <stdbool.h>

#include "channels.h"
#include "kernels.h"
#include "pointer.h"
#include "window.h"

/* How far the next tap along one axis is, in the input and in the kernel. */
struct taps {
    int32_t input, kernel;
};

static inline struct taps taps_of(int32_t dilation, int32_t upsampling) {
    struct taps taps = {upsampling > 1 ? 1 : dilation, upsampling};
    return taps;
}

static inline struct span axis_span(int32_t position, int32_t stride, int32_t padding,
                                    int32_t kernel, int32_t size, int32_t dilation,
                                    int32_t upsampling) {
    if (upsampling > 1) {
        return upsampled_span(position, stride, padding, kernel, size, upsampling);
    }
    return dilated_span(position, stride, padding, kernel, size, dilation);
}

/* `plain`: int8, neighbouring taps, one group and symmetric weights, which make up a loop of its
 * own. `wide`: int16 activations. */
static inline __attribute__((always_inline)) void convolve(const struct tw_step_conv_2d *s,
                                                           bool plain, bool wide) {
    const int32_t groups = plain ? 1 : s->groups;
    const int32_t dilation_rows = plain ? 1 : s->dilation_rows;
    const int32_t dilation_cols = plain ? 1 : s->dilation_cols;
    const int32_t upsampling_rows = plain ? 1 : s->upsampling_rows;
    const int32_t upsampling_cols = plain ? 1 : s->upsampling_cols;
    const int32_t element_bytes = wide ? 2 : 1;
    const struct taps row_taps = taps_of(dilation_rows, upsampling_rows);
    const struct taps col_taps = taps_of(dilation_cols, upsampling_cols);
    const bool contiguous = groups == 1 && col_taps.input == 1 && col_taps.kernel == 1;

    const int8_t *input = at(s->input), *all_weights = at(s->weights);
    int8_t *output = at(s->output);
    const int32_t depth = plain ? s->channels : s->channels / groups;
    const int32_t input_pitch = s->input_cols * s->channels;
    const int32_t weight_pitch = s->kernel_cols * depth;
    const struct channels channels = {
        .count = plain ? s->output_channels : s->output_channels / groups,
        .weight_pitch = s->kernel_rows * weight_pitch,
        .bias = at(s->bias),
        .multipliers = at(s->multipliers),
        .shifts = at(s->shifts),
        .zero_point = s->output_zero_point,
        .low = s->clamp_low,
        .high = s->clamp_high,
    };
    const int32_t bias_words = wide ? s->bias_bytes / 4 : 1;
    for (int32_t oy = 0; oy < s->output_rows; oy++) {
        const struct span y = axis_span(oy, s->stride_rows, s->pad_top, s->kernel_rows,
                                        s->input_rows, dilation_rows, upsampling_rows);
        for (int32_t ox = 0; ox < s->output_cols; ox++) {
            const struct span x = axis_span(ox, s->stride_cols, s->pad_left, s->kernel_cols,
                                            s->input_cols, dilation_cols, upsampling_cols);
            const int8_t *first =
                input + (y.start * input_pitch + x.start * s->channels) * element_bytes;
            const int8_t *weights = all_weights + y.skip * weight_pitch + x.skip * depth;
            struct channels share = channels;
            for (int32_t group = 0; group < groups; group++) {
                struct patch patch = {
                    .input = first,
                    .cols = contiguous ? 1 : x.count,
                    .rows = y.count,
                    .run = contiguous ? x.count * depth : depth,
                    .input_step = col_taps.input * s->channels,
                    .weight_step = col_taps.kernel * depth,
                    .input_pitch = row_taps.input * input_pitch,
                    .weight_pitch = row_taps.kernel * weight_pitch,
                    .zero_point = s->input_zero_point,
                };
                if (wide) {
                    compute_channels_16x8(&share, s->bias_bytes == 8, &patch, weights,
                                          (int16_t *)(void *)output);
                } else {
                    if (!plain && s->weights_zero_point != 0) {
                        patch.start = -s->weights_zero_point * sum_of_patch(&patch);
                    }
                    compute_channels(&share, &patch, weights, output);
                }
                first += depth * element_bytes;
                weights += share.count * share.weight_pitch;
                share.bias += share.count * bias_words;
                share.multipliers += share.count;
                share.shifts += share.count;
                output += share.count * element_bytes;
            }
        }
    }
}

void conv_2d(const struct tw_step_conv_2d *s) {
    const bool neighbours = s->dilation_rows == 1 && s->dilation_cols == 1 &&
                            s->upsampling_rows == 1 && s->upsampling_cols == 1;
    if (s->element_bytes == 2) {
        convolve(s, false, true);
    } else if (neighbours && s->groups == 1 && s->weights_zero_point == 0) {
        convolve(s, true, false);
    } else {
        convolve(s, false, false);
    }
}
