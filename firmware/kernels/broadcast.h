/* Runs of elements of two operands, either of which may be repeated along some axes of the result:
 * see hw/spec/steps/broadcast.py. Steps and strides are in bytes. */
#ifndef BROADCAST_H
#define BROADCAST_H

#include <stdint.h>

/* Computes one run; `step` is the step that the operands belong to. */
typedef void (*run_function)(const void *step, const int8_t *a, const int8_t *b, int8_t *output);

/* An axis around the runs, in the table that a step points at. */
struct loop {
    int32_t count;
    int32_t a_stride, b_stride;
};

struct operands {
    const int8_t *a, *b;
    int8_t *output;
    const struct loop *loops; /* innermost first */
    int32_t runs;
    int32_t run_bytes; /* of the output */
};

void for_each_run(run_function run, const void *step, struct operands o);

/* The operands of a step `s` whose results have `bytes` each. */
#define OPERANDS(s, bytes)                                                                         \
    ((struct operands){.a = at((s)->a),                                                            \
                       .b = at((s)->b),                                                            \
                       .output = at((s)->output),                                                  \
                       .loops = at((s)->loops),                                                    \
                       .runs = (s)->runs,                                                          \
                       .run_bytes = (s)->count * (bytes)})

#endif
