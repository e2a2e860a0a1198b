/* Included first by what runs outside of the measured time: the linker puts it behind all else, so
 * that the place of the timed code in the instruction cache, and its cycles, stay as they are. The
 * boot stage times nothing. */
#if !TW_BOOT_STAGE
#pragma clang section text = ".cold.text" rodata = ".cold.rodata"
#endif
