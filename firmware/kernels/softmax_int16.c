/* Softmax of int16 by interpolated tables; see hw/spec/softmax_int16.py for the same steps. */
#include "fixed_point.h"
#include "kernels.h"
#include "pointer.h"

static int32_t clamp_int16(int32_t value) {
    return value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value;
}

/* The value of an int16 on the line between two of 513 entries. */
static int32_t look_up(int32_t value, const int16_t *table) {
    const int16_t *entry = table + 256 + (value >> 7);
    return entry[0] + (((entry[1] - entry[0]) * (value & 127) + 64) >> 7);
}

void softmax_int16(const struct tw_step_softmax_int16 *s) {
    const struct tw_step_softmax_int16 p = *s;
    const int16_t *x = at(p.input), *exponentials = at(p.exponentials);
    int16_t *output = at(p.output);
    for (int32_t row = 0; row < p.rows; row++, x += p.cols, output += p.cols) {
        int32_t largest = INT16_MIN, sum = 0, bits = 0;
        for (int32_t i = 0; i < p.cols; i++) {
            largest = x[i] > largest ? x[i] : largest;
        }
        for (int32_t i = 0; i < p.cols; i++) {
            const int32_t scaled = rescale(x[i] - largest, p.multiplier, p.shift);
            const int32_t e = look_up(clamp_int16(scaled + INT16_MAX), exponentials);
            output[i] = (int16_t)e;
            sum += e;
        }
        while (sum >> bits) {
            bits++;
        }
        const uint32_t fraction = (((uint32_t)sum << (31 - bits)) + (1 << 13)) >> 14;
        const int32_t place = clamp_int16((int32_t)fraction - (1 << 15) - (1 << 16));
        const int32_t scale = look_up(place, at(p.reciprocals));
        const int32_t shift = bits - 1;
        for (int32_t i = 0; i < p.cols; i++) {
            const int32_t result = (output[i] * scale + (1 << (shift - 1))) >> shift;
            output[i] = (int16_t)(result < 0 ? 0 : clamp_int16(result));
        }
    }
}
