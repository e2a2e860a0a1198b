#include "broadcast.h"

#define MAX_LOOPS 7

void for_each_run(run_function run, const void *step, struct operands o) {
    int32_t done[MAX_LOOPS];
    for (int32_t i = 0; i < MAX_LOOPS; i++) {
        done[i] = 0;
    }
    for (;;) {
        run(step, o.a, o.b, o.output);
        if (--o.runs <= 0) {
            return;
        }
        o.output += o.run_bytes;
        /* There is a run left, so one of the loops has not ended. */
        const struct loop *loop = o.loops;
        for (int32_t i = 0;; i++, loop++) {
            o.a += loop->a_stride;
            o.b += loop->b_stride;
            if (++done[i] < loop->count) {
                break;
            }
            done[i] = 0;
            o.a -= loop->a_stride * loop->count;
            o.b -= loop->b_stride * loop->count;
        }
    }
}
