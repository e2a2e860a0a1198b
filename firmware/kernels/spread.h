/* Convolutions that are more than neighbouring int8 pixels of one group. */
#ifndef SPREAD_H
#define SPREAD_H

#include <stdbool.h>

#include "kernels.h"

/* Dilated, upsampled, grouped, with a zero point of the weights, or of int16. */
static inline bool is_spread(const struct tw_step_conv_2d *s) {
    const int32_t ones = s->dilation_rows | s->dilation_cols | s->upsampling_rows |
                         s->upsampling_cols | s->groups | s->element_bytes;
    return ones != 1 || s->weights_zero_point != 0;
}

void convolve_spread(const struct tw_step_conv_2d *s);

#endif
