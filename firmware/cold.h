/* Included first by what runs outside of the measured time, and by kernels that few networks need:
 * the linker puts them behind all else, so that the place of the other code in the instruction
 * cache, and its cycles, stay as they are. The boot stage times nothing. */
#if !TW_BOOT_STAGE
#pragma clang section text = ".cold.text" rodata = ".cold.rodata"
#endif
