#include "spread.h"

#include "channels.h"
#include "pointer.h"
#include "window.h"

/* The taps of one output pixel in one group: columns of what dot.h takes. Distances are in
 * elements, which are int16 in the wide form. */
struct columns {
    struct patch first;
    int32_t count;
    int32_t input_step, weight_step; /* from column to column */
};

static inline struct span axis_span(int32_t position, int32_t stride, int32_t padding,
                                    int32_t kernel, int32_t size, int32_t dilation,
                                    int32_t upsampling) {
    if (upsampling > 1) {
        return upsampled_span(position, stride, padding, kernel, size, upsampling);
    }
    return dilated_span(position, stride, padding, kernel, size, dilation);
}

/* The sum of the centred activations: what one unit of the weights' zero point takes away from
 * every sum of products. */
static int32_t sum_of_inputs(const struct columns *columns) {
    const struct patch *p = &columns->first;
    int32_t sum = 0;
    for (int32_t col = 0; col < columns->count; col++) {
        const int8_t *input = p->input + col * columns->input_step;
        for (int32_t row = 0; row < p->rows; row++, input += p->input_pitch) {
            for (int32_t i = 0; i < p->run; i++) {
                sum += input[i] - p->zero_point;
            }
        }
    }
    return sum;
}

/* Sums of products of `count` channels, 1 or 4. */
static void sums_of_columns(const struct columns *columns, const int8_t *weights,
                            int32_t channel_pitch, int32_t count, int32_t sums[4]) {
    struct patch patch = columns->first;
    for (int32_t col = 0; col < columns->count; col++) {
        if (count == 4) {
            int32_t parts[4];
            dot_of_four(&patch, weights, channel_pitch, parts);
            for (int32_t i = 0; i < 4; i++) {
                sums[i] += parts[i];
            }
        } else {
            sums[0] += dot(&patch, weights);
        }
        patch.input += columns->input_step;
        weights += columns->weight_step;
    }
}

static void narrow_channels(const struct channels *c, int32_t weights_zero_point,
                            const struct columns *columns, const int8_t *weights, int8_t *output) {
    int32_t start = 0;
    if (weights_zero_point != 0) {
        start = -weights_zero_point * sum_of_inputs(columns);
    }
    for (int32_t channel = 0; channel < c->count;) {
        const int32_t count = channel + 4 <= c->count ? 4 : 1;
        int32_t sums[4] = {start, start, start, start};
        sums_of_columns(columns, weights, c->weight_pitch, count, sums);
        for (int32_t i = 0; i < count; i++) {
            output[channel + i] = finish_channel(c, channel + i, sums[i]);
        }
        weights += count * c->weight_pitch;
        channel += count;
    }
}

/* int16 activations without a zero point. */
static int64_t wide_sum(const struct columns *columns, const int8_t *weights) {
    const struct patch *p = &columns->first;
    int64_t sum = 0;
    for (int32_t col = 0; col < columns->count; col++) {
        const int16_t *input = (const int16_t *)(const void *)p->input + col * columns->input_step;
        const int8_t *w = weights + col * columns->weight_step;
        for (int32_t row = 0; row < p->rows; row++) {
            sum += dot_16x8(input, w, p->run);
            input += p->input_pitch;
            w += p->weight_pitch;
        }
    }
    return sum;
}

/* A bias is an int64 in two words and sums are rescaled in 64 bits, or all of it is int32. */
static void wide_channels(const struct channels *c, bool wide_bias, const struct columns *columns,
                          const int8_t *weights, int16_t *output) {
    for (int32_t channel = 0; channel < c->count; channel++, weights += c->weight_pitch) {
        const int32_t multiplier = c->multipliers[channel], shift = c->shifts[channel];
        int64_t sum = wide_sum(columns, weights);
        int32_t scaled;
        if (wide_bias) {
            const uint32_t low = (uint32_t)c->bias[2 * channel];
            sum += (int64_t)((uint64_t)(uint32_t)c->bias[2 * channel + 1] << 32 | low);
            scaled = rescale_64(sum, multiplier, shift);
        } else {
            scaled = rescale((int32_t)(uint32_t)(sum + c->bias[channel]), multiplier, shift);
        }
        output[channel] = (int16_t)limit(scaled, c->low, c->high);
    }
}

/* One output pixel: a share of the channels for each group. */
static int8_t *spread_pixel(const struct tw_step_conv_2d *s, const struct channels *all,
                            struct columns *columns, const int8_t *weights, int8_t *output) {
    struct channels share = *all;
    const int32_t bias_words = s->bias_bytes / 4;
    for (int32_t group = 0; group < s->groups; group++) {
        if (s->element_bytes == 2) {
            wide_channels(&share, s->bias_bytes == 8, columns, weights, (void *)output);
        } else {
            narrow_channels(&share, s->weights_zero_point, columns, weights, output);
        }
        columns->first.input += s->channels / s->groups * s->element_bytes;
        weights += share.count * share.weight_pitch;
        share.bias += share.count * bias_words;
        share.multipliers += share.count;
        share.shifts += share.count;
        output += share.count * s->element_bytes;
    }
    return output;
}

void convolve_spread(const struct tw_step_conv_2d *s) {
    const int8_t *input = at(s->input), *weights = at(s->weights);
    int8_t *output = at(s->output);
    const int32_t depth = s->channels / s->groups;
    const int32_t input_pitch = s->input_cols * s->channels;
    const int32_t weight_pitch = s->kernel_cols * depth;
    const bool contiguous = s->groups == 1 && s->dilation_cols == 1 && s->upsampling_cols == 1;
    const struct channels channels = {
        .count = s->output_channels / s->groups,
        .weight_pitch = s->kernel_rows * weight_pitch,
        .bias = at(s->bias),
        .multipliers = at(s->multipliers),
        .shifts = at(s->shifts),
        .zero_point = s->output_zero_point,
        .low = s->clamp_low,
        .high = s->clamp_high,
    };
    for (int32_t oy = 0; oy < s->output_rows; oy++) {
        const struct span y = axis_span(oy, s->stride_rows, s->pad_top, s->kernel_rows,
                                        s->input_rows, s->dilation_rows, s->upsampling_rows);
        for (int32_t ox = 0; ox < s->output_cols; ox++) {
            const struct span x = axis_span(ox, s->stride_cols, s->pad_left, s->kernel_cols,
                                            s->input_cols, s->dilation_cols, s->upsampling_cols);
            const int32_t place = y.start * input_pitch + x.start * s->channels;
            struct columns columns = {
                .first =
                    {
                        .input = input + place * s->element_bytes,
                        .rows = y.count,
                        .run = contiguous ? x.count * depth : depth,
                        .input_pitch = s->dilation_rows * input_pitch,
                        .weight_pitch = s->upsampling_rows * weight_pitch,
                        .zero_point = s->input_zero_point,
                    },
                .count = contiguous ? 1 : x.count,
                .input_step = s->dilation_cols * s->channels,
                .weight_step = s->upsampling_cols * depth,
            };
            const int32_t skipped = y.skip * weight_pitch + x.skip * depth;
            output = spread_pixel(s, &channels, &columns, weights + skipped, output);
        }
    }
}
