/* Output channels of one pixel: sums of products, requantised. */
#ifndef CHANNELS_H
#define CHANNELS_H

#include <stdint.h>

#include "dot.h"
#include "fixed_point.h"

struct channels {
    int32_t count;
    int32_t weight_pitch; /* bytes from channel to channel in the weights, for compute_channels */
    const int32_t *bias;
    const int32_t *multipliers;
    const int32_t *shifts;
    int32_t zero_point; /* of the output */
    int32_t low, high;
};

static inline int8_t finish_channel(const struct channels *c, int32_t channel, int32_t sum) {
    int32_t total = (int32_t)((uint32_t)sum + (uint32_t)c->bias[channel]);
    int32_t scaled = rescale(total, c->multipliers[channel], c->shifts[channel]);
    return clamp(scaled + c->zero_point, c->low, c->high);
}

/* Writes `count` bytes. `weights` is the first weight of channel 0 within the patch. */
static inline void compute_channels(const struct channels *c, const struct patch *patch,
                                    const int8_t *weights, int8_t *output) {
    int32_t channel = 0;
    for (; channel + 4 <= c->count; channel += 4) {
        int32_t sums[4];
        dot_of_four(patch, weights, c->weight_pitch, sums);
        for (int32_t i = 0; i < 4; i++) {
            output[channel + i] = finish_channel(c, channel + i, sums[i]);
        }
        weights += 4 * c->weight_pitch;
    }
    for (; channel < c->count; channel++) {
        output[channel] = finish_channel(c, channel, dot(patch, weights));
        weights += c->weight_pitch;
    }
}

#endif
