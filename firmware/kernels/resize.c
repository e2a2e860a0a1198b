#include "kernels.h"
#include "pointer.h"

void resize_nearest(const struct tw_step_resize_nearest *s) {
    const int8_t *input = at(s->input);
    const int32_t *rows = at(s->row_offsets), *cols = at(s->col_offsets);
    int8_t *output = at(s->output);
    for (int32_t image = 0; image < s->images; image++, input += s->image_bytes) {
        for (int32_t row = 0; row < s->output_rows; row++) {
            for (int32_t col = 0; col < s->output_cols; col++, output += s->pixel_bytes) {
                __builtin_memcpy(output, input + rows[row] + cols[col], (uint32_t)s->pixel_bytes);
            }
        }
    }
}

#define FRACTION_BITS 10
#define ONE (1 << FRACTION_BITS)

struct tap {
    int32_t lower, upper; /* bytes to both neighbours */
    int32_t fraction;     /* of the way from the lower to the upper one */
};

/* value / 2**20, half away from zero. */
static inline int8_t rounded(int32_t value) {
    const int32_t half = 1 << (2 * FRACTION_BITS - 1);
    return (int8_t)((value > 0 ? value + half : value - half) / (ONE * ONE));
}

static void blend_pixel(const int8_t *upper_row, const int8_t *lower_row, const struct tap *col,
                        int32_t row_fraction, int8_t *output, int32_t channels) {
    const int8_t *a = lower_row + col->lower, *b = lower_row + col->upper;
    const int8_t *c = upper_row + col->lower, *d = upper_row + col->upper;
    const int32_t weight_b = (ONE - row_fraction) * col->fraction;
    const int32_t weight_a = ONE * (ONE - row_fraction) - weight_b;
    const int32_t weight_d = row_fraction * col->fraction;
    const int32_t weight_c = ONE * row_fraction - weight_d;
    for (int32_t i = 0; i < channels; i++) {
        output[i] = rounded(a[i] * weight_a + b[i] * weight_b + c[i] * weight_c + d[i] * weight_d);
    }
}

void resize_bilinear(const struct tw_step_resize_bilinear *s) {
    const int8_t *input = at(s->input);
    const struct tap *rows = at(s->row_taps), *cols = at(s->col_taps);
    int8_t *output = at(s->output);
    for (int32_t image = 0; image < s->images; image++, input += s->image_bytes) {
        for (int32_t row = 0; row < s->output_rows; row++) {
            const struct tap *y = rows + row;
            for (int32_t col = 0; col < s->output_cols; col++, output += s->channels) {
                blend_pixel(input + y->upper, input + y->lower, cols + col, y->fraction, output,
                            s->channels);
            }
        }
    }
}
