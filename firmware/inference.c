#include "inference.h"

#include <stdbool.h>

#include "cpu.h"
#include "kernels/kernels.h"
#include "npu.h"
#include "pointer.h"

typedef void (*kernel)(const void *parameters);

/* By kind of step. A table of addresses takes one line of the data cache, where the cases of a
 * switch lie on several lines of the instruction cache. */
#define ENTRY(NAME, name) [TW_STEP_##NAME] = (kernel)name,
static const kernel kernels[TW_STEP_KINDS] = {[TW_STEP_NPU] = 0, TW_CPU_STEPS(ENTRY)};
#undef ENTRY

/* False when there is no such operator. */
static bool run_on_cpu(const struct tw_step *step) {
    if (step->kind >= sizeof kernels / sizeof *kernels || kernels[step->kind] == 0) {
        return false;
    }
    kernels[step->kind](step->words);
    return true;
}

/* A step ends where the next one starts: one reading of the clock serves both. */
struct inference_result run_inference(const struct tw_program *program) {
    struct inference_result result = {TW_EXIT_SUCCESS, 0, TW_ERROR_NONE};
    const struct tw_step *step = at(program->steps_address);
    struct tw_step_times *times = at(program->times_address);
    uint32_t *total = at(program->total_address);
    bool stale_cache = false;
    uint32_t now = cycles();
    total[0] = now;
    for (; result.step < program->step_count; result.step++, step++, times++) {
        struct npu_result npu = {TW_ERROR_NONE, 0};
        times->start = now;
        if (TW_HAS_NPU && step->kind == TW_STEP_NPU) {
            npu = npu_run(step->npu.commands);
            stale_cache = true;
        } else {
            if (stale_cache) {
                data_cache_invalidate();
                stale_cache = false;
            }
            if (!run_on_cpu(step)) {
                result.status = TW_EXIT_BAD_PROGRAM;
                return result;
            }
        }
        now = cycles();
        times->end = now;
        times->sleep = npu.asleep;
        if (npu.error != TW_ERROR_NONE) {
            result.status = TW_EXIT_NPU_ERROR;
            result.npu_error = npu.error;
            return result;
        }
    }
    total[1] = cycles();
    return result;
}
