/* Driver of the accelerator. */
#ifndef NPU_H
#define NPU_H

#include <stdint.h>

struct npu_result {
    uint32_t error;  /* TW_ERROR_* */
    uint32_t asleep; /* cycles in wfi; 0 where the CPU cannot sleep */
};

/* Sets the main memory address of the next profile record; no records are read back here. */
void npu_set_profile(uint32_t address);

/* Runs the command stream at a main memory address and sleeps until it has ended. What the data
 * cache holds of main memory is stale afterwards. */
struct npu_result npu_run(uint32_t commands);

#endif
