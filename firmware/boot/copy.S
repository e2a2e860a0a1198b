/* The first bytes of main memory at reset: the boot stage copies itself to where the firmware that
   it will receive leaves it alone, and starts there. */
    .section .copy, "ax"
    .globl copy
copy:
    lui a0, %hi(copied)
    addi a0, a0, %lo(copied)
    lui a1, %hi(copied_end)
    addi a1, a1, %lo(copied_end)
    lui a2, %hi(original)
    addi a2, a2, %lo(original)
1:  lw a3, 0(a2)
    sw a3, 0(a0)
    addi a2, a2, 4
    addi a0, a0, 4
    bltu a0, a1, 1b
    lui a0, %hi(start)
    jr %lo(start)(a0)
