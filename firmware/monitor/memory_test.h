#ifndef MEMORY_TEST_H
#define MEMORY_TEST_H

#include <stdint.h>

#include "tilewright.h"

/* Fills main memory with its addresses, then with their complement, and reads each back; address
 * and bytes are multiples of 4. The fault is TW_FAULT_NONE, or the first word that differs. */
void memory_test(uint32_t address, uint32_t bytes, struct tw_fault *fault);

/* Whether each address line and each data line of main memory from an address on works, tried at a
 * word for each power of two; what was there is there again. */
int memory_lines_work(uint32_t address, uint32_t end);

#endif
