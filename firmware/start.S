/* Reset, stack, bss and the trap vector. The CPU starts at the firmware's first byte. */

#define CSR_EXTERNAL_MASK 0xBC0
#define MSTATUS_MIE 8
#define MIE_MEIE 0x800

    .section .text.start, "ax"
    .globl start
start:
    csrci mstatus, MSTATUS_MIE
    csrw CSR_EXTERNAL_MASK, zero
    li t0, MIE_MEIE
    csrw mie, t0
    la t0, trap
    csrw mtvec, t0
    la sp, stack_top
    la t0, bss_start
    la t1, bss_end
1:  bgeu t0, t1, 2f
    sw zero, 0(t0)
    addi t0, t0, 4
    j 1b
2:  call main
    tail finish

/* An interrupt says no more than that the NPU's stream has ended: masking all lines tells the
   driver, which armed the only one. An exception ends the run. */
    .section .text.trap, "ax"
    .balign 4
trap:
    addi sp, sp, -16
    sw t0, 0(sp)
    csrr t0, mcause
    bgez t0, 1f
    csrw CSR_EXTERNAL_MASK, zero
    lw t0, 0(sp)
    addi sp, sp, 16
    mret
1:  la sp, stack_top
    tail finish_trap
