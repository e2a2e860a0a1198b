/* What the C language does not say: CSRs, caches, sleep, the end of the run.
 *
 * The build states what the CPU has: TW_DATA_CACHE, TW_WFI_SLEEPS (elsewhere wfi does nothing).
 */
#ifndef CPU_H
#define CPU_H

#include <stdint.h>

#include "tilewright.h"

#define MSTATUS_MIE 8u
/* VexRiscv's CSR of the interrupt lines that reach the CPU. */
#define CSR_EXTERNAL_MASK 0xBC0

static inline uint32_t armed_lines(void) {
    uint32_t lines;
    __asm__ volatile("csrr %0, %1" : "=r"(lines) : "i"(CSR_EXTERNAL_MASK) : "memory");
    return lines;
}

static inline void arm_line(uint32_t line) {
    __asm__ volatile("csrw %0, %1" ::"i"(CSR_EXTERNAL_MASK), "r"(1u << line) : "memory");
}

/* The trap vector runs once these are enabled and disarms all lines. */
static inline void interrupts_enable(void) {
    __asm__ volatile("csrsi mstatus, %0" ::"i"(MSTATUS_MIE) : "memory");
}

static inline void interrupts_disable(void) {
    __asm__ volatile("csrci mstatus, %0" ::"i"(MSTATUS_MIE) : "memory");
}

/* Sleeps until an armed interrupt is pending, whether or not interrupts are enabled. */
static inline void wait_for_interrupt(void) {
    __asm__ volatile("wfi" ::: "memory");
}

/* Forgets what the data cache holds. It writes through, so nothing is lost. */
static inline void data_cache_invalidate(void) {
#if TW_DATA_CACHE
    __asm__ volatile(".word 0x500F" ::: "memory");
#endif
}

/* Forgets what the code cache holds of main memory (fence.i). */
static inline void code_cache_invalidate(void) {
    __asm__ volatile(".word 0x100F" ::: "memory");
}

/* Cycles since reset, low 32 bits. */
static inline uint32_t cycles(void) {
    return TW_TIMER->CYCLES;
}

/* Ends the run with one of TW_EXIT_*. */
_Noreturn void finish(uint32_t status);

#endif
