#include "cold.h"

#include "report.h"

#include "pointer.h"
#include "uart.h"

static void field(const char *name, uint32_t value) {
    uart_text(name);
    uart_decimal(value);
}

static uint32_t report_misfit(const char *what, const uint32_t *details, const char *must,
                              uint32_t status) {
    uart_text(what);
    uart_text(" is ");
    uart_hexadecimal(details[1]);
    uart_text(must);
    uart_hexadecimal(details[2]);
    uart_text("\n");
    return status;
}

static uint32_t report_step(const struct tw_program *program, const struct tw_fault *fault) {
    const struct tw_step *step = at(program->steps_address);
    const uint32_t *details = fault->details;
    field("step ", details[0]);
    field(", layer ", step[details[0]].layer);
    if (fault->code == TW_FAULT_NPU) {
        field(": NPU error ", details[1]);
        uart_text(", commands at ");
        uart_hexadecimal(details[2]);
    } else {
        field(": cannot run kind ", details[2]);
    }
    uart_text("\n");
    return fault->code == TW_FAULT_NPU ? TW_EXIT_NPU_ERROR : TW_EXIT_BAD_PROGRAM;
}

uint32_t report_fault(const struct tw_program *program, const struct tw_fault *fault) {
    static const char *const HEADER[] = {
        "program magic",         "program version",       "program NPU configuration",
        "program step count",    "program steps address", "program profile address",
        "program times address", "program total address"};
    static const char BE[] = ", must be ", LIE[] = ", must lie in its part behind ";
    const uint32_t *details = fault->details;
    switch (fault->code) {
    case TW_FAULT_HARDWARE:
        return report_misfit("NPU identifier", details, BE, TW_EXIT_BAD_HARDWARE);
    case TW_FAULT_DAMAGED:
        return report_misfit("program CRC", details, BE, TW_EXIT_DAMAGED_PROGRAM);
    case TW_FAULT_OLD:
        field("program release is ", details[0]);
        field(", must be at least ", details[1]);
        uart_text("\n");
        return TW_EXIT_OLD_PROGRAM;
    case TW_FAULT_PROGRAM:
        return report_misfit(HEADER[details[0]], details, details[0] < 3 ? BE : LIE,
                             TW_EXIT_BAD_PROGRAM);
    default:
        return report_step(program, fault);
    }
}

void report_times(const struct tw_program *program) {
    const struct tw_step *step = at(program->steps_address);
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
