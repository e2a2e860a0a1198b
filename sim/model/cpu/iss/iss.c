/* Runs machine code on a VexRiscv core with its caches and bus, cycle by cycle, and tells the cycle
 * in which something happens that others have to answer. `sim.model.cpu.simulator` calls it. */
#include "quick.h"
#include "waits.h"

#include <stdlib.h>
#include <string.h>

static void set_code(Core *c, uint32_t words) {
    c->code_words = words;
    c->code = malloc(words * sizeof *c->code);
    for (uint32_t i = 0; i < words; i++)
        c->code[i] = decoded(load_word(c, 4 * i), c->decoder);
}

/* After a reset. `constants`: pairs of a peripheral's address and what is read there. */
Core *iss_new(const int64_t *settings, uint8_t *memory, const uint32_t (*constants)[2]) {
    Core *c = calloc(1, sizeof *c);
    c->memory = memory;
    c->memory_bytes = (uint32_t)settings[S_MEMORY_BYTES];
    c->latency = (int)settings[S_MEMORY_LATENCY];
    c->end_address = (uint32_t)settings[S_END_ADDRESS];
    c->data_cache = settings[S_DATA_CACHE];
    c->single_fetch = settings[S_SINGLE_FETCH];
    c->sleeps = settings[S_SLEEPS];
    c->decoder = (Decoder){settings[S_ITERATIVE], settings[S_MULTIPLIES], settings[S_SINGLE_FETCH]};
    c->code_cache.mask = (uint32_t)settings[S_CODE_LINES] - 1;
    c->data_cache_lines.mask = MOST_LINES - 1;
    while (4 << c->lane_bits < settings[S_BUS_BYTES])
        c->lane_bits++;
    c->every_cycle = settings[S_EVERY_CYCLE];
    c->constant_count = (int)settings[S_CONSTANTS];
    memcpy(c->constants, constants, (size_t)c->constant_count * sizeof *constants);
    set_code(c, (uint32_t)settings[S_CODE_WORDS]);

    c->now = 1;
    c->pc = c->fetch.pc = MEMORY_BASE;
    c->mstatus = 0x1800;
    c->fetch.emptying = c->fetch.empties_next = true;
    c->fetch.second = c->code;
    c->empty_starts = true;
    c->raised = NEVER;
    for (uint32_t i = 0; i < MOST_POSTED; i++)
        c->data.answered[i] = -1;
    return c;
}

void iss_delete(Core *c) {
    free(c->code);
    free(c);
}

static inline void run(Core *c, int64_t limit, const Build build) {
    while (!c->event && c->now < limit) {
        uint64_t polls = c->polls;
        if (build.data_cache && !c->every_cycle)
            run_quickly(c, limit);
        if (c->event || c->now >= limit)
            break;
        cycle(c, build);
        if (!c->every_cycle && (c->memory_stage.valid || c->execute_left > 2))
            skip_waits(c, limit, build);
        if (c->execute.flags & WAIT && c->execute.valid && c->sleeps)
            sleep(c, limit);
        if (c->polls != polls)
            poll(c, limit);
    }
}

/* Runs until something happens, and no further than the cycle `limit`. Returns EVENT_*. */
int64_t iss_run(Core *c, int64_t limit) {
    c->event = EVENT_NONE;
    if (!c->data_cache)
        run(c, limit, (Build){false, false, true});
    else if (c->single_fetch)
        run(c, limit, (Build){true, true, false});
    else
        run(c, limit, (Build){true, false, false});
    return c->event;
}

/* The accelerator asks for commands from its stream's start on, `beats` at once. */
void iss_commands(Core *c, int64_t beats) {
    c->npu_asks = c->stream_start + NPU_FIRST_REQUEST;
    c->npu_asks_up_to = c->npu_asks + beats;
}

/* The accelerator's interrupt rises. */
void iss_interrupt(Core *c, int64_t cycle) {
    c->raised = cycle;
}

/* Values of the places R_*. */
void iss_read(const Core *c, int64_t *values) {
    values[R_NOW] = c->now;
    values[R_VALUE] = c->event_value;
    values[R_STREAM_START] = c->stream_start;
    values[R_BEATS] = (int64_t)c->beats;
    values[R_INSTRUCTIONS] = (int64_t)c->instructions_run;
    values[R_PC] = c->pc;
    for (int i = 0; i < 32; i++)
        values[R_REGISTERS + i] = c->registers[i];
}
