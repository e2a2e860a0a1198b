#include "cold.h"

#include "fixed_point.h"
#include "kernels.h"
#include "pointer.h"

#define MAX_AXES 8

/* An axis of the output and of what is written into it: extents, bytes from index to index. */
struct axis {
    int32_t whole, part, pitch;
};

void update_slice(const struct tw_step_update_slice *s) {
    const struct axis *axes = at(s->axes_table);
    const int32_t *begins = at(s->begins);
    const int8_t *update = at(s->update);
    int8_t *output = at(s->output);
    int32_t done[MAX_AXES];
    for (int32_t i = 0; i < s->axes; i++) {
        done[i] = 0;
        output += limit(begins[i], 0, axes[i].whole - axes[i].part) * axes[i].pitch;
    }
    for (int32_t run = 0; run < s->runs; run++) {
        __builtin_memcpy(output, update, (uint32_t)s->run_bytes);
        update += s->run_bytes;
        /* The last axis is the run; the one before it turns fastest. */
        for (int32_t i = s->axes - 2; i >= 0; i--) {
            output += axes[i].pitch;
            if (++done[i] < axes[i].part) {
                break;
            }
            done[i] = 0;
            output -= axes[i].pitch * axes[i].part;
        }
    }
}
