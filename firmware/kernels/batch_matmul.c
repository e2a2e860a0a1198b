#include <stdbool.h>

#include "element.h"
#include "fixed_point.h"
#include "kernels.h"
#include "pointer.h"

/* One sum of products; neighbours are steps of elements apart. */
static int32_t strided_dot(const struct tw_step_batch_matmul *s, const int8_t *a, const int8_t *b) {
    const int32_t a_zero_point = s->a_zero_point, b_zero_point = s->b_zero_point;
    const int32_t a_step = s->a_depth_step, b_step = s->b_depth_step;
    int32_t sum = 0;
    for (int32_t depth = s->depth; depth > 0; depth--, a += a_step, b += b_step) {
        sum += (*a - a_zero_point) * (*b - b_zero_point);
    }
    return sum;
}

static int64_t strided_dot_int16(const struct tw_step_batch_matmul *s, const int16_t *a,
                                 const int16_t *b) {
    int64_t sum = 0;
    for (int32_t depth = s->depth; depth > 0; depth--) {
        sum += *a * *b;
        a += s->a_depth_step;
        b += s->b_depth_step;
    }
    return sum;
}

static inline void multiply_matrices(const struct tw_step_batch_matmul *s, const int32_t offsets[2],
                                     int8_t *output, bool wide) {
    const int32_t element_bytes = wide ? 2 : 1;
    const int8_t *a = (const int8_t *)at(s->a) + offsets[0] * element_bytes;
    for (int32_t row = 0; row < s->rows; row++, a += s->a_step * element_bytes) {
        const int8_t *b = (const int8_t *)at(s->b) + offsets[1] * element_bytes;
        for (int32_t col = 0; col < s->cols; col++, b += s->b_step * element_bytes) {
            int32_t scaled;
            if (wide) {
                const int64_t sum = strided_dot_int16(s, (const void *)a, (const void *)b);
                scaled = rescale_64(sum, s->multiplier, s->shift);
            } else {
                scaled = rescale(strided_dot(s, a, b), s->multiplier, s->shift);
            }
            scaled = limit(scaled + s->output_zero_point, s->clamp_low, s->clamp_high);
            store_element(output, element_bytes, scaled);
            output += element_bytes;
        }
    }
}

void batch_matmul(const struct tw_step_batch_matmul *s) {
    const int32_t matrix_bytes = s->rows * s->cols * s->element_bytes;
    const int32_t *offsets = at(s->offsets);
    int8_t *output = at(s->output);
    for (int32_t batch = 0; batch < s->batches; batch++, offsets += 2, output += matrix_bytes) {
        if (s->element_bytes == 2) {
            multiply_matrices(s, offsets, output, true);
        } else {
            multiply_matrices(s, offsets, output, false);
        }
    }
}
