/* The operators that the CPU runs: one function for each step of the Program but the NPU's.
 *
 * Tensors are int8, NHWC, dense; results are TensorFlow Lite Micro's bit for bit. Inputs and
 * outputs do not overlap. The parameters are those of hw/spec/steps.
 */
#ifndef KERNELS_H
#define KERNELS_H

#include "tilewright.h"

#define DECLARE(NAME, name) void name(const struct tw_step_##name *s);

TW_CPU_STEPS(DECLARE)

#undef DECLARE

#endif
