/* The state of a VexRiscv core with its caches, its two bridges to main memory
 * and what of the peripherals firmware sees. Registers of the hardware have the
 * value that they have in the cycle `now`, which counts from reset. */
#ifndef STATE_H
#define STATE_H

#include "instruction.h"
#include "layout.h"
#include "memory.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    LINE_WORDS = 8,
    LINE_BYTES = 4 * LINE_WORDS,
    LINE_BITS = 5,
    MOST_LINES = 128,
    /* Instructions that were executed and may have to pass the pipeline again. */
    KEPT = 8,
    MOST_CONSTANTS = 16,
};

/* An instruction that was executed: all that the pipeline asks of values. */
typedef struct {
    uint32_t pc, address, next;
    uint8_t places; /* of a shift */
    bool jumps;     /* corrects the prediction */
} Executed;

/* A stage of the pipeline behind decode. `number`: of the executed instruction.
 */
typedef struct {
    bool valid, executed, jumps, hit, clashes;
    uint8_t rd;
    uint32_t flags, pc, address, next;
    uint64_t number;
    const Instruction *instruction;
} Stage;

/* What goes to the bus of the data side. */
typedef struct {
    bool full, store, line;
    uint32_t address;
    uint32_t value;
} Request;

/* Between a bus of the CPU and the one of main memory (hw/soc/line_bridge.py).
 */
typedef struct {
    bool reading, holding;
    int issued, received, wanted, word, last_word;
    uint32_t address; /* of the first beat, or of the store that is held */
    int64_t arrives[LINE_WORDS];
    int64_t answered[MOST_POSTED]; /* the last stores */
    int posted;                    /* stores so far, modulo MOST_POSTED */
} Bridge;

/* One way; `tag` is the line's number + 1, or 0. */
typedef struct {
    uint32_t tag[MOST_LINES];
    uint32_t mask;
} Cache;

typedef struct {
    /* The stages of fetch, as of hw/soc/cpu.py's VexRiscv. */
    bool booted, increments, first_valid, first_hit, second_valid, second_hit;
    uint32_t pc, second_pc;
    const Instruction *second;
    /* Of a fetch unit that takes compressed code: half words that it keeps or has
     * used up. */
    bool half_kept, half_used;
    uint16_t half;
    /* The line that is being loaded. */
    bool loading, asks, arrives;
    int words;
    uint32_t line;
    /* The cache is being emptied. */
    bool emptying, empties_next, emptied_before;
    uint8_t emptied;
    bool faulty; /* an illegal instruction waits for a jump */
} Fetch;

/* What decode tells fetch. */
typedef struct {
    bool stuck, removed, flushes, flushed, halted, jumps, empties;
    uint32_t target;
} Redirection;

typedef struct {
    /* The build. */
    bool data_cache, single_fetch, sleeps, every_cycle;
    Decoder decoder;
    int latency, lane_bits;

    int64_t now;
    uint8_t *memory;
    uint32_t memory_bytes;
    Instruction *code; /* of the firmware's words */
    uint32_t code_words;
    Instruction strays[KEPT]; /* from elsewhere */
    int stray;

    /* What the program sees. */
    uint32_t registers[32];
    uint32_t pc;
    uint32_t mstatus, mie, mtvec, mepc, mcause, mscratch, mask;
    /* Executed instructions: those up to `taken` are in the pipeline. */
    Executed kept[KEPT];
    uint64_t executed, taken;
    bool astray; /* what is in decode lies behind a wrong prediction */

    Fetch fetch;
    Stage execute, memory_stage, write_back;
    Cache code_cache, data_cache_lines;
    int execute_left, memory_left;

    /* The data cache. */
    bool sent, data_loading, data_loading_before, data_arrives;
    int data_words;
    uint32_t data_line;
    bool empty_starts, empty_waits;
    uint8_t emptied;
    Request front, skid;
    uint32_t peripheral_value;
    enum { NO_ACCESS, REQUESTED, ANSWERED } peripheral;

    Bridge data, instructions;
    int last_master;
    /* Where memory does not take an access each cycle: what it does, and the checker's beats. */
    Memory *timed;
    uint32_t check_left;
    int64_t check_asks; /* from this cycle on */
    /* The accelerator's request of this cycle, if there is one, and when it is answered. */
    bool npu_requests, npu_writes;
    int64_t npu_offset, npu_answer;
    bool quiet; /* the CPU asks for nothing before an interrupt */

    /* Interrupts. */
    bool line, line_before, pending, wakes, interrupt;
    bool drained[3];
    int64_t raised;                   /* when the accelerator's line rises */
    int64_t npu_asks, npu_asks_up_to; /* for memory, with commands */

    /* Peripherals. */
    int64_t transmits; /* up to this cycle */
    uint32_t check_address, check_crc, lock;
    int64_t checked; /* the checker has read all by this cycle */
    uint32_t constants[MOST_CONSTANTS][2];
    int constant_count;
    uint32_t end_address; /* the inference is over when this word is written */

    /* What `run` returns with. */
    int event;
    uint32_t event_value;
    int64_t stream_start;
    uint64_t instructions_run, beats;
    /* The last reading of the interrupt mask, by a program that waits for a
     * stream's end. */
    int64_t polled, poll_period;
    uint64_t poll_instructions, polls;
} Core;

static inline uint32_t load_word(const Core *c, uint32_t offset) {
    const uint8_t *p = c->memory + offset;
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline void raise_event(Core *c, int event, uint32_t value) {
    if (!c->event) {
        c->event = event;
        c->event_value = value;
    }
}

static inline bool cached_line(const Cache *cache, uint32_t address) {
    uint32_t line = address >> LINE_BITS;
    return cache->tag[line & cache->mask] == line + 1;
}

static inline void take_line(Cache *cache, uint32_t address) {
    uint32_t line = address >> LINE_BITS;
    cache->tag[line & cache->mask] = line + 1;
}

/* In the register space or past the data cache. */
static inline bool uncached(uint32_t address) {
    return address >> 31;
}

static inline bool in_registers(uint32_t address) {
    return address >> 28 == 0xf;
}

#endif
