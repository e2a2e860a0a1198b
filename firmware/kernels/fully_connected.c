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
    const struct patch patch = {
        .input = at(s->input),
        .rows = 1,
        .run = s->channels,
        .zero_point = s->input_zero_point,
    };
    compute_channels(&channels, &patch, at(s->weights), at(s->output));
}
