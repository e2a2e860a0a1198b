/* The part of a window that lies inside the image: padding is skipped, not multiplied. */
#ifndef WINDOW_H
#define WINDOW_H

#include <stdint.h>

struct span {
    int32_t start; /* first input row (or column) */
    int32_t skip;  /* kernel rows (or columns) in front of it */
    int32_t count; /* at least 0 */
};

/* Along one axis: output position, stride, padding in front, kernel and input size. */
static inline struct span window_span(int32_t position, int32_t stride, int32_t padding,
                                      int32_t kernel, int32_t size) {
    int32_t origin = position * stride - padding;
    int32_t first = origin < 0 ? -origin : 0;
    int32_t end = size - origin < kernel ? size - origin : kernel;
    struct span span = {origin + first, first, end > first ? end - first : 0};
    return span;
}

/* The same for taps that are `dilation` pixels apart. */
static inline struct span dilated_span(int32_t position, int32_t stride, int32_t padding,
                                       int32_t kernel, int32_t size, int32_t dilation) {
    if (dilation == 1) {
        return window_span(position, stride, padding, kernel, size);
    }
    const int32_t origin = position * stride - padding;
    const int32_t first = origin < 0 ? (dilation - 1 - origin) / dilation : 0;
    const int32_t start = origin + first * dilation;
    const int32_t inside = start < size ? (size - 1 - start) / dilation + 1 : 0;
    const int32_t left = kernel > first ? kernel - first : 0;
    struct span span = {start, first, inside < left ? inside : left};
    return span;
}

/* The same for an input whose pixels are `upsampling` apart: they meet every so many-th tap. */
static inline struct span upsampled_span(int32_t position, int32_t stride, int32_t padding,
                                         int32_t kernel, int32_t size, int32_t upsampling) {
    const int32_t origin = position * stride - padding;
    int32_t first = origin < 0 ? -origin : 0;
    const int32_t start = (origin + first + upsampling - 1) / upsampling;
    first = start * upsampling - origin;
    const int32_t inside = start < size ? size - start : 0;
    const int32_t left = kernel > first ? (kernel - 1 - first) / upsampling + 1 : 0;
    struct span span = {start, first, inside < left ? inside : left};
    return span;
}

#endif
