/* The operators that the CPU runs: one function for each step of the Program but the NPU's.
 *
 * Tensors are int8, NHWC, dense; results are TensorFlow Lite Micro's bit for bit. Inputs and
 * outputs do not overlap. The parameters are those of hw/spec/program.py.
 */
#ifndef KERNELS_H
#define KERNELS_H

#include "tilewright.h"

void conv_2d(const struct tw_step_conv_2d *s);
void depthwise_conv_2d(const struct tw_step_depthwise_conv_2d *s);
void fully_connected(const struct tw_step_fully_connected *s);
void add(const struct tw_step_add *s);
void average_pool_2d(const struct tw_step_average_pool_2d *s);
void max_pool_2d(const struct tw_step_max_pool_2d *s);
void requantise(const struct tw_step_requantise *s);
void pad(const struct tw_step_pad *s);
void softmax(const struct tw_step_softmax *s);
void copy(const struct tw_step_copy *s);
void mean(const struct tw_step_mean *s);

#endif
