/* What a run has to say as text, for people. */
#ifndef REPORT_H
#define REPORT_H

#include "tilewright.h"

/* Why the Program was not run, or not to its end. Returns TW_EXIT_*. */
uint32_t report_fault(const struct tw_program *program, const struct tw_fault *fault);

/* Cycles of each step. */
void report_times(const struct tw_program *program);

#endif
