#include "pointer.h"

uint8_t *host_memory;
