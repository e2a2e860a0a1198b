/* Walks through the Program. */
#ifndef INFERENCE_H
#define INFERENCE_H

#include "tilewright.h"

struct inference_result {
    uint32_t status;    /* TW_EXIT_* */
    uint32_t step;      /* where it stopped, when not TW_EXIT_SUCCESS */
    uint32_t npu_error; /* TW_ERROR_* */
};

/* Runs all steps, and leaves the time stamps where the Program asks for them. */
struct inference_result run_inference(const struct tw_program *program);

#endif
