#include "npu.h"

#include "cpu.h"

void npu_set_profile(uint32_t address) {
    TW_NPU->PROFILE_ADDRESS = address;
}

/* The interrupt line is armed before the start and disarmed by the trap vector. Interrupts are
 * disabled until wfi is over, so that the vector cannot run just ahead of it: wfi falls through
 * when the line is up already. */
static uint32_t sleep_until_done(void) {
    uint32_t asleep = 0;
#if TW_WFI_SLEEPS
    uint32_t before = cycles();
    wait_for_interrupt();
    asleep = cycles() - before;
#endif
    interrupts_enable();
    while (armed_lines()) {
    }
    interrupts_disable();
    return asleep;
}

struct npu_result npu_run(uint32_t commands) {
    struct npu_result result;
    TW_NPU->COMMAND_ADDRESS = commands;
    arm_line(TW_INTERRUPT_NPU);
    TW_NPU->CONTROL = TW_NPU_CONTROL_START_MASK;
    result.asleep = sleep_until_done();
    result.error = (TW_NPU->STATUS & TW_NPU_STATUS_ERROR_MASK) >> TW_NPU_STATUS_ERROR_LSB;
    TW_NPU->CONTROL = TW_NPU_CONTROL_ACKNOWLEDGE_MASK;
    return result;
}
