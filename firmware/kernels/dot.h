/* Sums of products over a window whose rows are contiguous, for one and for four channels. */
#ifndef DOT_H
#define DOT_H

#include <stdint.h>

struct patch {
    const int8_t *input;
    int32_t rows;         /* rows of the window */
    int32_t run;          /* contiguous bytes of a row, in the input and in a channel's weights */
    int32_t input_pitch;  /* bytes from row to row in the input */
    int32_t weight_pitch; /* bytes from row to row in the weights */
    int32_t zero_point;   /* of the input */
};

static inline int32_t dot(const struct patch *p, const int8_t *weights) {
    const int8_t *input = p->input;
    const int32_t zero_point = p->zero_point, run = p->run;
    int32_t sum = 0;
    for (int32_t row = 0; row < p->rows; row++) {
#pragma clang loop unroll_count(4)
        for (int32_t i = 0; i < run; i++) {
            sum += (input[i] - zero_point) * weights[i];
        }
        input += p->input_pitch;
        weights += p->weight_pitch;
    }
    return sum;
}

/* Four channels at once: each activation is loaded and centred once. `channel_pitch` is the bytes
 * from channel to channel in the weights. */
static inline void dot_of_four(const struct patch *p, const int8_t *weights, int32_t channel_pitch,
                               int32_t sums[4]) {
    const int8_t *input = p->input;
    const int32_t zero_point = p->zero_point, run = p->run;
    int32_t sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
    for (int32_t row = 0; row < p->rows; row++) {
        const int8_t *w0 = weights, *w1 = w0 + channel_pitch;
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
        weights += p->weight_pitch;
    }
    sums[0] = sum0;
    sums[1] = sum1;
    sums[2] = sum2;
    sums[3] = sum3;
}

/* int16 activations without a zero point, one run of them. */
static inline int64_t dot_16x8(const int16_t *input, const int8_t *weights, int32_t run) {
    const int32_t most = 256; /* products of 23 bits that an int32 holds for certain */
    int64_t sum = 0;
    for (int32_t begin = 0; begin < run; begin += most) {
        const int32_t end = begin + most < run ? begin + most : run;
        int32_t part = 0;
        for (int32_t i = begin; i < end; i++) {
            part += input[i] * weights[i];
        }
        sum += part;
    }
    return sum;
}

#endif
