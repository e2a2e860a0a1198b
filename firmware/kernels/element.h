/* Signed elements of 1, 2 or 4 bytes. The number of bytes is a constant where it matters. */
#ifndef ELEMENT_H
#define ELEMENT_H

#include <stdint.h>

static inline int32_t load_element(const int8_t *x, int32_t bytes) {
    return bytes == 1 ? *x : bytes == 2 ? *(const int16_t *)x : *(const int32_t *)x;
}

static inline void store_element(int8_t *output, int32_t bytes, int32_t value) {
    if (bytes == 1) {
        *output = (int8_t)value;
    } else if (bytes == 2) {
        *(int16_t *)output = (int16_t)value;
    } else {
        *(int32_t *)output = value;
    }
}

#endif
