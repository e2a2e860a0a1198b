/* Serves a host over the serial port: see hw/spec/monitor.py. */
#ifndef MONITOR_H
#define MONITOR_H

#include <stddef.h>
#include <stdint.h>

#include "tilewright.h"

/* Who serves. */
struct monitor {
    uint32_t stage;        /* TW_STAGE_* */
    uint32_t leave;        /* the request that this stage leaves the monitor for */
    uint32_t writable;     /* what the host may overwrite: first address, */
    uint32_t writable_end; /* and the one behind the last */
    uint32_t self_test;    /* TW_SELF_TEST_* that failed */
    /* What not every stage has room for, or 0: see frame.h and memory_test.h. */
    uint32_t (*check)(const uint8_t *memory, size_t bytes);
    void (*test)(uint32_t address, uint32_t bytes, struct tw_fault *fault);
};

/* Answers requests until one asks to leave. START is answered, and its address returned. */
uint32_t monitor_serve(const struct monitor *monitor);

/* Answers RUN, which monitor_serve returned for: done, or what went wrong. */
void monitor_answer(const struct tw_fault *fault);

/* Says over the serial port who is there, tests the chip, and tells a host of the trap that the
 * last run ended in. Returns the whole firmware's monitor. */
const struct monitor *monitor_start(void);

#endif
