/* Addresses of the Program are offsets into an array that the test owns. */
#ifndef POINTER_H
#define POINTER_H

#include <stdint.h>

extern uint8_t *host_memory;

static inline void *at(uint32_t address) {
    return host_memory + address;
}

#endif
