/* Runs the Program: the one that lies in memory at reset, or as often as a host asks for it. */
#include <stdbool.h>

#include "admission.h"
#include "cpu.h"
#include "inference.h"
#include "monitor/monitor.h"
#include "npu.h"
#include "pointer.h"
#include "report.h"
#include "uart.h"

int main(void);

static bool differs(struct tw_fault *fault, uint32_t code, uint32_t word, uint32_t found,
                    uint32_t wanted) {
    *fault = (struct tw_fault){found == wanted ? TW_FAULT_NONE : code, {word, found, wanted}};
    return found != wanted;
}

/* Whether Program and hardware fit; the fault says why not. */
static bool fits(const struct tw_program *program, struct tw_fault *fault) {
    uint32_t hardware = 0;
#if TW_HAS_NPU
    if (differs(fault, TW_FAULT_HARDWARE, 0, TW_NPU->ID, TW_NPU_IDENTIFIER)) {
        return false;
    }
    hardware = TW_NPU->CONFIG;
#endif
    return !differs(fault, TW_FAULT_PROGRAM, 0, program->magic, TW_PROGRAM_MAGIC) &&
           !differs(fault, TW_FAULT_PROGRAM, 1, program->version, TW_PROGRAM_VERSION) &&
           (program->npu_config == 0 ||
            !differs(fault, TW_FAULT_PROGRAM, 2, program->npu_config, hardware));
}

static void run(const struct tw_program *program, struct tw_fault *fault) {
    if (!fits(program, fault) || !admitted(program, fault)) {
        return;
    }
#if TW_HAS_NPU
    npu_set_profile(program->profile_address);
#endif
    struct inference_result result = run_inference(program);
    const struct tw_step *step = (const struct tw_step *)at(program->steps_address) + result.step;
    if (result.status == TW_EXIT_NPU_ERROR) {
        *fault =
            (struct tw_fault){TW_FAULT_NPU, {result.step, result.npu_error, step->npu.commands}};
    } else if (result.status != TW_EXIT_SUCCESS) {
        *fault = (struct tw_fault){TW_FAULT_STEP, {result.step, step->layer, step->kind}};
    }
}

int main(void) {
    const struct tw_program *program = at(TW_PROGRAM_BASE);
    struct tw_fault fault = {TW_FAULT_NONE, {0, 0, 0}};
    if (TW_SYSTEM->BOOT & TW_SYSTEM_BOOT_PRELOADED_MASK) {
        uart_text("Tilewright\n");
        run(program, &fault);
        if (fault.code != TW_FAULT_NONE) {
            return (int)report_fault(program, &fault);
        }
        report_times(program);
        return TW_EXIT_SUCCESS;
    }
    const struct monitor *monitor = monitor_start();
    for (;;) {
        monitor_serve(monitor);
        /* The run finds the caches as after a reset. */
        data_cache_invalidate();
        code_cache_invalidate();
        run(program, &fault);
        monitor_answer(&fault);
    }
}
