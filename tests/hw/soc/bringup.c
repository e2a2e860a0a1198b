/* Exercises the chip without the real firmware. SCENARIO chooses how it ends. */
#include "tilewright.h"

#define CSR_READ(name, to) __asm__ volatile("csrr %0, " #name : "=r"(to))
#define CSR_WRITE(name, value) __asm__ volatile("csrw " #name ", %0" ::"r"(value))
#define TIMER_INTERRUPT 0x80000007u

volatile uint32_t ticks;

static void put(char byte) {
    while (!(TW_UART->STATUS & TW_UART_STATUS_TX_READY_MASK)) {
    }
    TW_UART->DATA = (uint8_t)byte;
}

static void text(const char *string) {
    while (*string) {
        put(*string++);
    }
}

static volatile uint32_t *word(uint32_t address) {
    return (volatile uint32_t *)address;
}

__attribute__((interrupt("machine"), aligned(4))) static void trap(void) {
    uint32_t cause, pc, value;
    CSR_READ(mcause, cause);
    CSR_READ(mepc, pc);
    CSR_READ(mtval, value);
    if (cause == TIMER_INTERRUPT) {
        ticks++;
        TW_TIMER->CONTROL = 0;
        return;
    }
    TW_FINISHER->CAUSE = cause;
    TW_FINISHER->PC = pc;
    TW_FINISHER->VALUE = value;
    TW_FINISHER->EXIT = TW_EXIT_TRAP;
    for (;;) {
    }
}

static void expect(int true_or_not, char name) {
    put(true_or_not ? name : '!');
}

static void self_test(void) {
    uint32_t start = TW_TIMER->CYCLES;
    TW_TIMER->COMPARE = start + 3000;
    TW_TIMER->CONTROL = TW_TIMER_CONTROL_ENABLE_MASK;
    CSR_WRITE(mie, 1u << 7);
    __asm__ volatile("csrsi mstatus, 8");
    while (!ticks) {
        __asm__ volatile("wfi");
    }
    uint32_t slept = TW_TIMER->CYCLES - start;
    expect(ticks == 1 && slept >= 3000 && slept < 3400, 't');

    /* Uncached alias: a store is seen through it, bytes reach their lanes. */
    uint32_t at = TW_PROGRAM_BASE;
    *word(at) = 0x11223344;
    expect(*word(at + TW_UNCACHED) == 0x11223344, 'u');
    *(volatile uint8_t *)(at + 2) = 0xAB;
    *(volatile uint16_t *)(at + TW_UNCACHED + 4) = 0xCDEF;
    expect(*word(at + TW_UNCACHED) == 0x11AB3344 && *word(at) == 0x11AB3344, 'b');
    expect((*word(at + TW_UNCACHED + 4) & 0xFFFF) == 0xCDEF, 'h');

    /* More than a cache, so that lines are refilled and replaced. */
    uint32_t sum = 0;
    for (uint32_t i = 0; i < 4096; i++) {
        *word(at + 4 * i) = i * 2654435761u;
    }
    for (uint32_t i = 0; i < 4096; i++) {
        sum += *word(at + 4 * i) ^ i * 2654435761u;
    }
    expect(sum == 0, 'c');
    volatile int32_t a = -7, b = 3;
    expect(a / b == -2 && a % b == -1 && (int64_t)a * b == -21, 'm');
    put('\n');
}

int main(void) {
    CSR_WRITE(mtvec, trap);
    text("hello\n");
#if SCENARIO == 0
    self_test();
    TW_FINISHER->EXIT = TW_EXIT_SUCCESS;
#elif SCENARIO == 1
    (void)*word(0x10000000);
#elif SCENARIO == 2
    *word(0x10000000) = 1;
#elif SCENARIO == 3
    ((void (*)(void))0x20000000)();
#elif SCENARIO == 4
    (void)TW_NPU->ID;
#endif
    for (;;) {
    }
}

__attribute__((naked, used, section(".text.start"))) void _start(void) {
    __asm__ volatile("li sp, %0\n j main" ::"i"(TW_PROGRAM_BASE));
}
