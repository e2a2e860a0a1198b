#include "element.h"
#include "fixed_point.h"
#include "kernels.h"
#include "pointer.h"
#include "window.h"

/* Both pools have the same parameters, and differ in what becomes of a channel's window. */
struct pool {
    const int8_t *input; /* first pixel inside the image, channel 0 */
    int32_t rows, cols;
    int32_t step; /* bytes from pixel to pixel */
    int32_t skip; /* bytes from the end of a row of the window to the next one */
};

/* `input` is the channel's element of the first pixel. */
typedef int32_t (*pool_function)(const struct pool *pool, const int8_t *input, int32_t bytes);

static inline int32_t average_of(const struct pool *pool, const int8_t *input, int32_t bytes) {
    const int32_t count = pool->rows * pool->cols;
    int32_t sum = 0;
    for (int32_t row = 0; row < pool->rows; row++, input += pool->skip) {
        for (int32_t col = 0; col < pool->cols; col++, input += pool->step) {
            sum += load_element(input, bytes);
        }
    }
    return (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
}

static inline int32_t largest_of(const struct pool *pool, const int8_t *input, int32_t bytes) {
    int32_t largest = bytes == 2 ? INT16_MIN : INT8_MIN;
    for (int32_t row = 0; row < pool->rows; row++, input += pool->skip) {
        for (int32_t col = 0; col < pool->cols; col++, input += pool->step) {
            const int32_t x = load_element(input, bytes);
            largest = x > largest ? x : largest;
        }
    }
    return largest;
}

static inline __attribute__((always_inline)) void pool_2d(const struct tw_step_max_pool_2d *s,
                                                          pool_function function, int32_t bytes) {
    const int8_t *input = at(s->input);
    int8_t *output = at(s->output);
    const int32_t pixel_bytes = s->channels * bytes;
    for (int32_t oy = 0; oy < s->output_rows; oy++) {
        const struct span y =
            window_span(oy, s->stride_rows, s->pad_top, s->kernel_rows, s->input_rows);
        for (int32_t ox = 0; ox < s->output_cols; ox++) {
            const struct span x =
                window_span(ox, s->stride_cols, s->pad_left, s->kernel_cols, s->input_cols);
            const struct pool pool = {
                .input = input + (y.start * s->input_cols + x.start) * pixel_bytes,
                .rows = y.count,
                .cols = x.count,
                .step = pixel_bytes,
                .skip = (s->input_cols - x.count) * pixel_bytes,
            };
            for (int32_t place = 0; place < pixel_bytes; place += bytes, output += bytes) {
                const int32_t pooled = function(&pool, pool.input + place, bytes);
                store_element(output, bytes, limit(pooled, s->clamp_low, s->clamp_high));
            }
        }
    }
}

static inline __attribute__((always_inline)) void pool_any(const struct tw_step_max_pool_2d *s,
                                                           pool_function function) {
    if (s->element_bytes == 2) {
        pool_2d(s, function, 2);
    } else {
        pool_2d(s, function, 1);
    }
}

_Static_assert(sizeof(struct tw_step_average_pool_2d) == sizeof(struct tw_step_max_pool_2d),
               "the pools' parameters differ");

void average_pool_2d(const struct tw_step_average_pool_2d *s) {
    struct tw_step_max_pool_2d parameters;
    __builtin_memcpy(&parameters, s, sizeof parameters);
    pool_any(&parameters, average_of);
}

void max_pool_2d(const struct tw_step_max_pool_2d *s) {
    pool_any(s, largest_of);
}
