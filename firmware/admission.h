/* Whether a Program may run. */
#ifndef ADMISSION_H
#define ADMISSION_H

#include <stdbool.h>

#include "tilewright.h"

/* Checks the CRC of the whole image and its release, then keeps the accelerator's writes out of
 * firmware and image and limits its streams. The fault says why a Program is refused. */
bool admitted(const struct tw_program *program, struct tw_fault *fault);

#endif
