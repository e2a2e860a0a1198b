/* The end of a run: status and, after a trap, its registers, for the simulation to read. */
#include "cpu.h"

_Noreturn void finish(uint32_t status) {
    TW_FINISHER->EXIT = status;
    for (;;) {
    }
}

/* Called from the trap vector. */
_Noreturn void finish_trap(void);

_Noreturn void finish_trap(void) {
    uint32_t cause, pc, value;
    __asm__ volatile("csrr %0, mcause" : "=r"(cause));
    __asm__ volatile("csrr %0, mepc" : "=r"(pc));
    __asm__ volatile("csrr %0, mtval" : "=r"(value));
    TW_FINISHER->CAUSE = cause;
    TW_FINISHER->PC = pc;
    TW_FINISHER->VALUE = value;
    finish(TW_EXIT_TRAP);
}
