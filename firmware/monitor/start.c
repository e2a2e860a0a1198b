#include "cold.h"

#include "cpu.h"
#include "frame.h"
#include "memory_test.h"
#include "monitor.h"
#include "uart.h"

#define NPU_PATIENCE 10000u /* cycles for a command stream without commands */

static int timer_works(void) {
    uint32_t before = cycles();
    return cycles() != before;
}

#if TW_HAS_NPU
/* Lies in main memory, where the accelerator fetches it. */
static uint32_t no_commands[8] __attribute__((aligned(32)));

static int npu_works(void) {
    const volatile struct tw_system *built = TW_SYSTEM;
    uint32_t config = built->ROWS << TW_NPU_CONFIG_ROWS_LSB |
                      built->COLS << TW_NPU_CONFIG_COLS_LSB |
                      built->PORT_BYTES << TW_NPU_CONFIG_PORT_BYTES_LSB |
                      built->BUS_BYTES << TW_NPU_CONFIG_BUS_BYTES_LSB;
    if (TW_NPU->ID != TW_NPU_IDENTIFIER || TW_NPU->CONFIG != config) {
        return 0;
    }
    no_commands[0] = TW_OPCODE_END << TW_COMMAND_OPCODE_LSB | 1u << TW_COMMAND_LENGTH_LSB;
    TW_NPU->COMMAND_ADDRESS = (uint32_t)(uintptr_t)no_commands;
    TW_NPU->CONTROL = TW_NPU_CONTROL_START_MASK;
    uint32_t began = cycles(), status;
    do {
        status = TW_NPU->STATUS;
    } while (!(status & TW_NPU_STATUS_DONE_MASK) && cycles() - began < NPU_PATIENCE);
    TW_NPU->CONTROL = TW_NPU_CONTROL_ACKNOWLEDGE_MASK;
    return (status & (TW_NPU_STATUS_DONE_MASK | TW_NPU_STATUS_ERROR_MASK)) ==
           TW_NPU_STATUS_DONE_MASK;
}
#else
static int npu_works(void) {
    return 1;
}
#endif

static void introduce(uint32_t failed) {
    const volatile struct tw_system *built = TW_SYSTEM;
    uart_text("\nTilewright monitor ");
    uart_decimal(TW_MONITOR_VERSION);
    if (TW_HAS_NPU) {
        uart_text(", ");
        uart_decimal(built->ROWS);
        uart_text("x");
        uart_decimal(built->COLS);
    }
    uart_text(", ");
    uart_decimal(built->MEMORY_BYTES);
    uart_text(" bytes, ");
    uart_decimal(built->CLOCK_HZ);
    uart_text(" Hz, self-test ");
    uart_text(failed ? "failed: " : "passed\n");
    if (failed) {
        uart_hexadecimal(failed);
        uart_text("\n");
    }
}

const struct monitor *monitor_start(void) {
    static struct monitor monitor;
    uint32_t end = TW_MEMORY_BASE + TW_SYSTEM->MEMORY_BYTES, failed = 0;
    failed |= memory_lines_work(TW_PROGRAM_BASE, end) ? 0 : TW_SELF_TEST_MEMORY;
    failed |= npu_works() ? 0 : TW_SELF_TEST_NPU;
    failed |= timer_works() ? 0 : TW_SELF_TEST_TIMER;
    introduce(failed);
    monitor = (struct monitor){
        .stage = TW_STAGE_FIRMWARE,
        .leave = TW_REQUEST_RUN,
        .writable = TW_PROGRAM_BASE,
        .writable_end = end,
        .self_test = failed,
        .check = crc_of,
        .test = memory_test,
    };
    if (TW_FINISHER->EXIT == TW_EXIT_TRAP) {
        const struct tw_fault trap = {TW_FAULT_TRAP,
                                      {TW_FINISHER->CAUSE, TW_FINISHER->PC, TW_FINISHER->VALUE}};
        frame_send(TW_REPLY_ERROR, 0, &trap, sizeof trap);
    }
    return &monitor;
}
