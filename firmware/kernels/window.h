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

#endif
