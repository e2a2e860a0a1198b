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

/* After a reset. `constants`: pairs of a peripheral's address and what is read there. `timing`: a
 * memory's settings, or NULL where it takes an access each cycle and answers after its latency. */
Core *iss_new(const int64_t *settings, uint8_t *memory, const uint32_t (*constants)[2],
              const int64_t *timing) {
    Core *c = calloc(1, sizeof *c);
    c->memory = memory;
    if (timing) {
        c->timed = malloc(sizeof *c->timed);
        begin_memory(c->timed, timing);
    }
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
    if (c->timed)
        end_memory(c->timed);
    free(c->timed);
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
        if (sleeps(c))
            sleep(c, limit);
        if (c->polls != polls)
            poll(c, limit);
    }
}

static const Build WITHOUT_DATA_CACHE = {false, false, true};
static const Build SINGLE_FETCH = {true, true, false};
static const Build WHOLE = {true, false, false};

/* Runs until something happens, and no further than the cycle `limit`. Returns EVENT_*. */
int64_t iss_run(Core *c, int64_t limit) {
    c->event = EVENT_NONE;
    c->quiet = false;
    if (!c->data_cache)
        run(c, limit, WITHOUT_DATA_CACHE);
    else if (c->single_fetch)
        run(c, limit, SINGLE_FETCH);
    else
        run(c, limit, WHOLE);
    return c->event;
}

/* A cycle beside the accelerator, which asks for the byte at `offset` of main memory, or for
 * nothing (-1). Returns the cycle of the answer, 0 where the request is not taken, and ALONE, with
 * nothing done, where the CPU asks for nothing any more before it is interrupted. */
int64_t iss_beside(Core *c, int64_t offset, int64_t writes) {
    if (c->quiet)
        return ALONE;
    uint64_t polls = c->polls;
    c->npu_requests = offset >= 0;
    c->npu_offset = offset;
    c->npu_writes = writes;
    c->npu_answer = 0;
    cycle(c, !c->data_cache ? WITHOUT_DATA_CACHE : c->single_fetch ? SINGLE_FETCH : WHOLE);
    c->npu_requests = false;
    c->quiet = sleeps(c);
    if (c->polls != polls)
        poll(c, c->now);
    return c->npu_answer;
}

Memory *iss_memory(Core *c) {
    return c->timed;
}

/* How many events of memory there were before this cycle, and all of them. */
int64_t iss_events(Core *c, const int64_t **events) {
    if (!c->timed)
        return 0;
    return memory_events(c->timed, c->now, events);
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
