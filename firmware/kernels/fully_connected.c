#include "channels.h"
#include "kernels.h"
#include "pointer.h"

void fully_connected(const struct tw_step_fully_connected *s) {
    const struct channels channels = {
        .count = s->output_channels,
        .weight_pitch = s->channels,
        .bias = at(s->bias),
        .multipliers = at(s->multipliers),
        .shifts = at(s->shifts),
        .zero_point = s->output_zero_point,
        .low = s->clamp_low,
        .high = s->clamp_high,
    };
    struct patch patch = {
        .input = at(s->input),
        .cols = 1,
        .rows = 1,
        .run = s->channels,
        .zero_point = s->input_zero_point,
    };
    int8_t *output = at(s->output);
    for (int32_t row = 0; row < s->rows; row++) {
        if (s->weights_zero_point != 0) {
            patch.start = -s->weights_zero_point * sum_of_patch(&patch);
        }
        compute_channels(&channels, &patch, at(s->weights), output);
        patch.input += s->channels;
        output += s->output_channels;
    }
}
