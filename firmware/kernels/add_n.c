#include "cold.h"

#include "fixed_point.h"
#include "kernels.h"
#include "pointer.h"

#define TERMS 8
#define SHIFT 19

void add_n(const struct tw_step_add_n *s) {
    const int8_t *const inputs[TERMS] = {at(s->input_0), at(s->input_1), at(s->input_2),
                                         at(s->input_3), at(s->input_4), at(s->input_5),
                                         at(s->input_6), at(s->input_7)};
    int8_t *output = at(s->output);
    for (int32_t i = 0; i < s->count; i++) {
        int32_t total = -s->input_zero_point; /* as the reference does */
        for (int32_t term = 0; term < s->terms; term++) {
            total += inputs[term][i] - s->input_zero_point;
        }
        const int32_t wide = (int32_t)((uint32_t)total << SHIFT);
        const int32_t scaled = rescale(wide, s->multiplier, s->shift);
        output[i] = clamp(scaled + s->output_zero_point, s->clamp_low, s->clamp_high);
    }
}
