/* LOGISTIC and TANH on int16: straight lines between the entries of one table. */
#include "kernels.h"
#include "pointer.h"

#define LAST 255
#define LOGISTIC_BITS 9
#define TANH_BITS 8

/* The line through the table at a magnitude with `bits` fraction bits; `most` behind its end. */
static inline int32_t interpolate(const uint16_t *table, uint32_t magnitude, int32_t bits,
                                  int32_t most) {
    const uint32_t index = magnitude >> bits;
    if (index >= LAST) {
        return most;
    }
    const uint32_t low = table[index], high = table[index + 1];
    return (int32_t)((low << bits) + (magnitude & ((1u << bits) - 1)) * (high - low));
}

static inline int32_t logistic(const uint16_t *table, int32_t x, uint32_t magnitude) {
    const int32_t result = interpolate(table, magnitude, LOGISTIC_BITS, 0x7FFF << 10);
    const int32_t half = 1 << 9;
    return (x >= 0 ? result + half : (1 << 25) - result + half - 1) >> 10;
}

/* tanh(x) = 2 * logistic(2 * x) - 1 */
static inline int32_t tanh_of(const uint16_t *table, int32_t x, uint32_t magnitude) {
    const int32_t result = interpolate(table, magnitude, TANH_BITS, 0xFFFF << 8) - (1 << 23);
    const int32_t half = 1 << 7;
    return (x >= 0 ? result + half : half - 1 - result) >> 8;
}

void sigmoid_int16(const struct tw_step_sigmoid_int16 *s) {
    const int16_t *input = at(s->input), *const end = input + s->count;
    const uint16_t *table = at(s->table);
    int16_t *output = at(s->output);
    const int32_t multiplier = s->multiplier, shift = s->shift, symmetric = s->symmetric;
    const int32_t half = shift > 0 ? 1 << (shift - 1) : 0;
    while (input != end) {
        const int32_t x = (*input++ * multiplier + half) >> shift;
        const uint32_t magnitude = x < 0 ? -(uint32_t)x : (uint32_t)x;
        *output++ =
            (int16_t)(symmetric ? tanh_of(table, x, magnitude) : logistic(table, x, magnitude));
    }
}
