#include <stddef.h>

#include "kernels.h"
#include "pointer.h"

#define LOOPS 5
#define SHORT 8 /* bytes: a call takes longer than a loop */

/* Runs in nested loops; the first loop is the innermost. */
struct nest {
    int32_t run;
    int32_t extent[LOOPS];
    int32_t input_pitch[LOOPS];
    int32_t output_pitch[LOOPS];
};

/* Pitches become what is added when a loop takes its next turn after all turns of the loop inside:
 * nothing is multiplied on the way. */
static void chain(const int32_t extent[LOOPS], int32_t pitch[LOOPS], int32_t loops) {
    for (int32_t loop = loops - 1; loop > 0; loop--) {
        pitch[loop] -= extent[loop - 1] * pitch[loop - 1];
    }
}

/* Without an input, every byte becomes `value`. */
static void walk(struct nest *n, const int8_t *input, int8_t *output, int32_t value) {
    int32_t turns[LOOPS] = {0};
    const int32_t run = n->run, extent = n->extent[0];
    const int32_t input_pitch = n->input_pitch[0], output_pitch = n->output_pitch[0];
    int32_t loops = LOOPS, loop;
    while (loops > 1 && n->extent[loops - 1] == 1) {
        loops--;
    }
    chain(n->extent, n->input_pitch, loops);
    chain(n->extent, n->output_pitch, loops);
    do {
        if (input == NULL) {
            for (int32_t turn = 0; turn < extent; turn++, output += output_pitch) {
                __builtin_memset(output, value, (uint32_t)run);
            }
        } else if (run == 1) {
            for (int32_t turn = 0; turn < extent; turn++) {
                *output = *input;
                input += input_pitch;
                output += output_pitch;
            }
        } else if (run < SHORT) {
            for (int32_t turn = 0; turn < extent; turn++) {
                for (int32_t i = 0; i < run; i++) {
                    output[i] = input[i];
                }
                input += input_pitch;
                output += output_pitch;
            }
        } else {
            for (int32_t turn = 0; turn < extent; turn++) {
                __builtin_memcpy(output, input, (uint32_t)run);
                input += input_pitch;
                output += output_pitch;
            }
        }
        for (loop = 1; loop < loops; loop++) {
            if (input != NULL) {
                input += n->input_pitch[loop];
            }
            output += n->output_pitch[loop];
            if (++turns[loop] < n->extent[loop]) {
                break;
            }
            turns[loop] = 0;
        }
    } while (loop < loops);
}

void move(const struct tw_step_move *s) {
    struct nest n;
    _Static_assert(sizeof n == sizeof *s - offsetof(struct tw_step_move, run_bytes), "");
    __builtin_memcpy(&n, (const uint8_t *)s + offsetof(struct tw_step_move, run_bytes), sizeof n);
    walk(&n, at(s->input), at(s->output), 0);
}

void fill(const struct tw_step_fill *s) {
    struct nest n = {0};
    const uint8_t *loops = (const uint8_t *)s + offsetof(struct tw_step_fill, extent_0);
    n.run = s->run_bytes;
    __builtin_memcpy(n.extent, loops, sizeof n.extent);
    __builtin_memcpy(n.output_pitch, loops + sizeof n.extent, sizeof n.output_pitch);
    walk(&n, NULL, at(s->output), s->value);
}
