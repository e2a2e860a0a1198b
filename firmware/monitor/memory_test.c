#include "cold.h"

#include "memory_test.h"

#include "cpu.h"
#include "pointer.h"

#define LINES 32

static volatile uint32_t *word(uint32_t address) {
    return at(address);
}

void memory_test(uint32_t address, uint32_t bytes, struct tw_fault *fault) {
    const uint32_t end = address + bytes;
    *fault = (struct tw_fault){TW_FAULT_NONE, {0, 0, 0}};
    for (uint32_t mask = 0, pass = 0; pass < 2; pass++, mask = ~mask) {
        for (uint32_t place = address; place != end; place += 4) {
            *word(place) = place ^ mask;
        }
        data_cache_invalidate();
        for (uint32_t place = address; place != end; place += 4) {
            uint32_t found = *word(place);
            if (found != (place ^ mask)) {
                *fault = (struct tw_fault){TW_FAULT_MEMORY, {place, found, place ^ mask}};
                return;
            }
        }
    }
}

int memory_lines_work(uint32_t address, uint32_t end) {
    uint32_t before[LINES], count = 0;
    int work = 1;
    for (uint32_t offset = 4; offset < end - address; offset *= 2) {
        before[count++] = *word(address + offset);
    }
    for (uint32_t mask = 0, pass = 0; pass < 2; pass++, mask = ~mask) {
        for (uint32_t i = 0; i < count; i++) {
            *word(address + (4u << i)) = mask ^ (1u << i);
        }
        data_cache_invalidate();
        for (uint32_t i = 0; i < count; i++) {
            work &= *word(address + (4u << i)) == (mask ^ (1u << i));
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        *word(address + (4u << i)) = before[i];
    }
    return work;
}
