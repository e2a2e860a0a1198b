/* The model's memory alone, for tests. */
#include "memory.h"

Memory *memory_new(const int64_t *settings) {
    Memory *m = malloc(sizeof *m);
    begin_memory(m, settings);
    return m;
}

void memory_delete(Memory *m) {
    end_memory(m);
    free(m);
}

int64_t ask(Memory *m, int64_t now, int64_t offset, int64_t writes) {
    return memory_answer(m, now, offset, writes);
}

int64_t events(Memory *m, int64_t now, const int64_t **found) {
    return memory_events(m, now, found);
}
