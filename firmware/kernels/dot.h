/* Sums of products over a window, for one and for four channels. */
#ifndef DOT_H
#define DOT_H

#include <stdint.h>

/* Taps of a window: columns of rows of runs. Where whole rows are contiguous, there is one column.
 * Distances are in elements. */
struct patch {
    const int8_t *input; /* int16_t for dot_16x8 */
    int32_t start;       /* of the sum */
    int32_t cols, rows;
    int32_t run;          /* contiguous elements, in the input and in a channel's weights */
    int32_t input_step;   /* from column to column in the input */
    int32_t weight_step;  /* and in the weights */
    int32_t input_pitch;  /* from row to row in the input */
    int32_t weight_pitch; /* and in the weights */
    int32_t zero_point;   /* of the input */
};

static inline int32_t dot(const struct patch *p, const int8_t *weights) {
    const int32_t zero_point = p->zero_point, run = p->run;
    int32_t sum = p->start;
    for (int32_t col = 0; col < p->cols; col++) {
        const int8_t *input = p->input + col * p->input_step;
        const int8_t *w = weights + col * p->weight_step;
        for (int32_t row = 0; row < p->rows; row++) {
#pragma clang loop unroll_count(4)
            for (int32_t i = 0; i < run; i++) {
                sum += (input[i] - zero_point) * w[i];
            }
            input += p->input_pitch;
            w += p->weight_pitch;
        }
    }
    return sum;
}

/* Four channels at once: each activation is loaded and centred once. `channel_pitch` is the bytes
 * from channel to channel in the weights. */
static inline void dot_of_four(const struct patch *p, const int8_t *weights, int32_t channel_pitch,
                               int32_t sums[4]) {
    const int32_t zero_point = p->zero_point, run = p->run;
    int32_t sum0 = p->start, sum1 = p->start, sum2 = p->start, sum3 = p->start;
    for (int32_t col = 0; col < p->cols; col++) {
        const int8_t *input = p->input + col * p->input_step;
        const int8_t *w = weights + col * p->weight_step;
        for (int32_t row = 0; row < p->rows; row++) {
            const int8_t *w0 = w, *w1 = w0 + channel_pitch;
            const int8_t *w2 = w1 + channel_pitch, *w3 = w2 + channel_pitch;
#pragma clang loop unroll_count(4)
            for (int32_t i = 0; i < run; i++) {
                const int32_t x = input[i] - zero_point;
                sum0 += x * w0[i];
                sum1 += x * w1[i];
                sum2 += x * w2[i];
                sum3 += x * w3[i];
            }
            input += p->input_pitch;
            w += p->weight_pitch;
        }
    }
    sums[0] = sum0;
    sums[1] = sum1;
    sums[2] = sum2;
    sums[3] = sum3;
}

/* The sum of the centred activations themselves: what one unit of a zero point of the weights
 * takes away from every sum of products. */
static inline int32_t sum_of_patch(const struct patch *p) {
    int32_t sum = 0;
    for (int32_t col = 0; col < p->cols; col++) {
        const int8_t *input = p->input + col * p->input_step;
        for (int32_t row = 0; row < p->rows; row++, input += p->input_pitch) {
            for (int32_t i = 0; i < p->run; i++) {
                sum += input[i] - p->zero_point;
            }
        }
    }
    return sum;
}

/* int16 activations without a zero point. */
static inline int64_t dot_16x8(const struct patch *p, const int8_t *weights) {
    const int32_t most = 256; /* products of 23 bits that an int32 holds for certain */
    int64_t sum = 0;
    for (int32_t col = 0; col < p->cols; col++) {
        const int16_t *input = (const int16_t *)(const void *)p->input + col * p->input_step;
        const int8_t *w = weights + col * p->weight_step;
        for (int32_t row = 0; row < p->rows; row++) {
            for (int32_t begin = 0; begin < p->run; begin += most) {
                const int32_t end = begin + most < p->run ? begin + most : p->run;
                int32_t part = 0;
                for (int32_t i = begin; i < end; i++) {
                    part += input[i] * w[i];
                }
                sum += part;
            }
            input += p->input_pitch;
            w += p->weight_pitch;
        }
    }
    return sum;
}

#endif
