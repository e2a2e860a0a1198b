/* Checks that Program and hardware fit, runs the inference, reports over the UART. */
#include "cpu.h"
#include "inference.h"
#include "npu.h"
#include "pointer.h"
#include "uart.h"

int main(void);

static void field(const char *name, uint32_t value) {
    uart_text(name);
    uart_decimal(value);
}

static _Noreturn void refuse(uint32_t status, const char *what, uint32_t found, uint32_t wanted) {
    uart_text(what);
    uart_text(" is ");
    uart_hexadecimal(found);
    uart_text(", must be ");
    uart_hexadecimal(wanted);
    uart_text("\n");
    finish(status);
}

static void check(uint32_t status, const char *what, uint32_t found, uint32_t wanted) {
    if (found != wanted) {
        refuse(status, what, found, wanted);
    }
}

static void check_program(const struct tw_program *program) {
    check(TW_EXIT_BAD_PROGRAM, "program magic", program->magic, TW_PROGRAM_MAGIC);
    check(TW_EXIT_BAD_PROGRAM, "program version", program->version, TW_PROGRAM_VERSION);
    uint32_t hardware = 0;
#if TW_HAS_NPU
    check(TW_EXIT_BAD_HARDWARE, "NPU identifier", TW_NPU->ID, TW_NPU_IDENTIFIER);
    hardware = TW_NPU->CONFIG;
#endif
    if (program->npu_config != 0) {
        check(TW_EXIT_BAD_PROGRAM, "program NPU configuration", program->npu_config, hardware);
    }
}

static void report_failure(const struct tw_step *step, struct inference_result result) {
    field("step ", result.step);
    field(", layer ", step->layer);
    if (result.status == TW_EXIT_NPU_ERROR) {
        field(": NPU error ", result.npu_error);
        uart_text(", commands at ");
        uart_hexadecimal(step->npu.commands);
    } else {
        field(": cannot run kind ", step->kind);
    }
    uart_text("\n");
}

static void report_times(const struct tw_program *program, const struct tw_step *step) {
    const struct tw_step_times *times = at(program->times_address);
    const uint32_t *total = at(program->total_address);
    for (uint32_t i = 0; i < program->step_count; i++, step++, times++) {
        field("step ", i);
        field(step->kind == TW_STEP_NPU ? " npu, layer " : " cpu, layer ", step->layer);
        field(": ", times->end - times->start);
        uart_text("\n");
    }
    field("total: ", total[1] - total[0]);
    uart_text(" cycles\n");
}

int main(void) {
    const struct tw_program *program = at(TW_PROGRAM_BASE);
    uart_text("Tilewright\n");
    check_program(program);
#if TW_HAS_NPU
    npu_set_profile(program->profile_address);
#endif
    struct inference_result result = run_inference(program);
    const struct tw_step *steps = at(program->steps_address);
    if (result.status != TW_EXIT_SUCCESS) {
        report_failure(steps + result.step, result);
    } else {
        report_times(program, steps);
    }
    return (int)result.status;
}
