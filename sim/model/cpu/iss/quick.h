/* Stretches in which nothing waits for a bus but loads that miss: instruction
 * by instruction, with the cycles that the stages of pipeline.h would need.
 * What is not understood here ends the stretch, and `cycle` takes over with the
 * same state. For cores with a data cache. */
#ifndef QUICK_H
#define QUICK_H

#include "pipeline.h"

enum {
    SPECIAL = CSR | WAIT | RETURN | EMPTY_DATA | EMPTY_CODE | ILLEGAL | SHORT | DIVIDE,
    /* Cycles from decode of a load that misses to the one in which it would have
     * left decode if its line had been there, beside the memory's latency. */
    MISS = 13,
    LOOKED_AT = 6, /* instructions behind the one in decode that matter to it */
    FLOWING = 4,   /* instructions that are still in a stage or in the bus's register */
};

/* An instruction that has left decode in the cycle `fires`. */
typedef struct {
    const Instruction *instruction;
    Executed done;
    uint64_t number;
    int64_t fires, answered_before;
    int master_before;
} Issued;

typedef struct {
    Core *core;
    int64_t arrival;   /* of the instruction in decode */
    int64_t ready[32]; /* first cycle in which a register can be read */
    Issued issued[FLOWING];
    unsigned count;
} Quick;

static inline bool code_is_there(const Core *c, uint32_t pc) {
    return cached_line(&c->code_cache, pc);
}

static inline int64_t needs(const Quick *q, const Instruction *i) {
    int64_t first = i->flags & READS_1 ? q->ready[i->rs1] : 0;
    int64_t second = i->flags & READS_2 ? q->ready[i->rs2] : 0;
    return first > second ? first : second;
}

static inline void note_result(Quick *q, const Instruction *i, int64_t fires) {
    if (!(i->flags & WRITES))
        return;
    int64_t ready =
        fires + 1 + (i->flags & LATE_IN_EXECUTE ? 1 : 0) + (i->flags & LATE_IN_MEMORY ? 1 : 0);
    if (ready > q->ready[i->rd])
        q->ready[i->rd] = ready;
}

static inline bool store_has_room(const Core *c, int64_t fires) {
    return c->data.answered[c->data.posted] < fires + FLOWING;
}

static inline void issue(Quick *q, Issued issued) {
    Core *c = q->core;
    Bridge *data = &c->data;
    if (issued.instruction->flags & STORE) {
        issued.answered_before = data->answered[data->posted];
        issued.master_before = c->last_master;
        data->answered[data->posted] = issued.fires + FLOWING + c->latency;
        data->posted = (data->posted + 1) % (int)MOST_POSTED;
        c->last_master = DATA_MASTER;
    }
    q->issued[q->count++ % FLOWING] = issued;
    note_result(q, issued.instruction, issued.fires);
}

/* Nothing moves but instructions from stage to stage. */
static inline bool is_calm(const Core *c) {
    const Fetch *f = &c->fetch;
    bool fetches = f->second_valid && f->first_valid && f->increments && f->pc == f->second_pc + 4;
    bool waits = f->loading || f->arrives || f->emptying || f->faulty || f->half_kept ||
                 f->half_used || c->front.full || c->skid.full || c->data.holding;
    bool loads = c->data_loading || c->data_loading_before || c->data_arrives || c->sent;
    bool interrupts = c->mask || c->line_before || c->pending || c->wakes || c->interrupt;
    bool empties = c->empty_waits || c->empty_starts || !(c->emptied & MOST_LINES);
    bool there = c->single_fetch || f->second_hit;
    /* Room for a store of each stage. */
    bool room = c->data.answered[(c->data.posted + 2) % (int)MOST_POSTED] < c->now;
    return fetches && there && room && !waits && !loads && !interrupts && !empties && !c->astray &&
           !c->memory_left && c->taken == c->executed && c->pc == f->second_pc;
}

/* A stage whose instruction leaves it after a cycle. `looked_up`: its line has
 * been. */
static inline bool flows(const Core *c, const Stage *s, bool looked_up) {
    if (!s->valid)
        return true;
    if (s->flags & SPECIAL || s->jumps)
        return false;
    if (!(s->flags & ACCESS))
        return true;
    if (uncached(s->address))
        return false;
    if (s->flags & STORE || !looked_up)
        return cached_line(&c->data_cache_lines, s->address);
    return s->hit && !s->clashes;
}

static inline bool begin(Quick *q, Core *c) {
    const Stage *stages[3] = {&c->write_back, &c->memory_stage, &c->execute};
    bool stores = false, loads = false;
    if (!is_calm(c))
        return false;
    for (int i = 0; i < 3; i++) {
        if (!flows(c, stages[i], i < 2))
            return false;
        stores |= stages[i]->valid && stages[i]->flags & STORE;
        loads |= i && stages[i]->valid && stages[i]->flags & LOAD;
    }
    /* Where an access takes its time, `cycle` goes through it. */
    if (stores && (loads || c->timed))
        return false;
    q->core = c;
    q->arrival = c->now;
    q->count = 0;
    for (int i = 0; i < 32; i++)
        q->ready[i] = 0;
    for (int i = 0; i < 3; i++) {
        const Stage *s = stages[i];
        if (!s->valid)
            continue;
        Issued issued = {.instruction = s->instruction, .number = s->number};
        issued.fires = c->now - 3 + i;
        issued.done = (Executed){.pc = s->pc, .address = s->address, .next = s->next};
        issue(q, issued);
    }
    return true;
}

static inline void fill_stage(Stage *s, const Issued *issued, const Core *c) {
    const Instruction *i = issued->instruction;
    *s = (Stage){.valid = true, .executed = true, .instruction = i, .flags = i->flags};
    s->rd = i->rd;
    s->pc = issued->done.pc;
    s->address = issued->done.address;
    s->next = issued->done.next;
    s->number = issued->number;
    s->hit = i->flags & ACCESS && cached_line(&c->data_cache_lines, s->address);
}

/* The state of the pipeline in the cycle in which the instruction at `pc`
 * arrives in decode. */
static inline void end(Quick *q) {
    Core *c = q->core;
    Stage *stages[3] = {&c->execute, &c->memory_stage, &c->write_back};
    for (int i = 0; i < 3; i++)
        stages[i]->valid = false;
    for (unsigned back = 1; back <= FLOWING && back <= q->count; back++) {
        const Issued *issued = &q->issued[(q->count - back) % FLOWING];
        int64_t age = q->arrival - issued->fires;
        if (age > FLOWING)
            break;
        bool store = issued->instruction->flags & STORE;
        if (store) {
            c->data.posted = (c->data.posted + (int)MOST_POSTED - 1) % (int)MOST_POSTED;
            c->data.answered[c->data.posted] = issued->answered_before;
            c->last_master = issued->master_before;
        }
        if (age < FLOWING)
            fill_stage(stages[age - 1], issued, c);
        else if (store)
            c->front = (Request){true, true, false, issued->done.address, issued->done.next};
    }
    Fetch *f = &c->fetch;
    f->second_pc = c->pc;
    f->second = instruction_at(c, c->pc);
    f->second_hit = code_is_there(c, c->pc);
    f->pc = c->pc + 4;
    f->first_hit = code_is_there(c, f->pc);
    f->first_valid = f->second_valid = f->increments = true;
    c->taken = c->executed;
    c->now = q->arrival;
}

/* A store that is on its way writes what the load reads. */
static inline bool clashes(const Quick *q, const Instruction *load, uint32_t address,
                           int64_t fires) {
    for (unsigned back = 1; back <= 2 && back <= q->count; back++) {
        const Issued *issued = &q->issued[(q->count - back) % FLOWING];
        bool store = issued->instruction->flags & STORE && issued->fires >= fires - 2;
        /* Bytes of a word are not told apart: `cycle` does. */
        if (store && load->flags & LOAD && !((issued->done.address ^ address) & ~3u))
            return true;
    }
    return false;
}

/* What follows a load that misses is fetched twice, and none of it has to be
 * loaded. */
static inline bool misses_plainly(const Core *c, const Instruction *i, uint32_t pc) {
    if (!code_is_there(c, pc + 20))
        return false;
    for (uint32_t k = 1; k <= 3; k++) {
        if (i[k].flags & SPECIAL)
            return false;
        uint32_t target = pc + 4 * k + (uint32_t)i[k].immediate;
        if (i[k].flags & GOES_BACK && !(code_is_there(c, target) && code_is_there(c, target + 8)))
            return false;
    }
    return true;
}

/* Where a jump leads, and the cycle in which that arrives in decode; 0: not
 * known here. */
static inline int64_t predicted_arrival(const Core *c, const Instruction *i, uint32_t pc,
                                        int64_t fires, bool taken) {
    uint32_t target = pc + (uint32_t)i->immediate;
    uint32_t word = (target - MEMORY_BASE) / 4;
    if (word + LOOKED_AT > c->code_words || c->code[word].flags & SPECIAL)
        return 0;
    /* Halves of the word behind the jump hold fetch up. */
    if (i[1].flags & SHORT)
        return 0;
    if (!code_is_there(c, target) || !code_is_there(c, target + 4))
        return 0;
    return fires + (taken ? 2 : 4);
}

static inline int64_t corrected_arrival(const Quick *q, const Instruction *i, uint32_t pc,
                                        int64_t fires, uint32_t target) {
    const Core *c = q->core;
    if ((i[1].flags | i[2].flags | i[3].flags) & SPECIAL || !code_is_there(c, pc + 12))
        return 0;
    if (!code_is_there(c, target) || !code_is_there(c, target + 4))
        return 0;
    /* What was fetched behind the jump may hold decode up when the correction
     * comes. */
    bool stuck;
    if (fires + 1 < needs(q, i + 1)) {
        stuck = fires + 2 < needs(q, i + 1);
    } else if (i[1].flags & GOES_BACK) {
        stuck = false;
    } else {
        const Stage first = {.valid = true, .flags = i[1].flags, .rd = i[1].rd};
        stuck = fires + 2 < needs(q, i + 2) || reads_late(i + 2, &first, LATE_IN_EXECUTE);
    }
    return fires + 4 + stuck;
}

static inline int64_t jump_arrival(const Quick *q, const Instruction *i, int64_t fires) {
    const Core *c = q->core;
    const uint32_t *x = c->registers;
    uint32_t pc = c->pc;
    if (i->operation == JALR)
        return corrected_arrival(q, i, pc, fires, (x[i->rs1] + (uint32_t)i->immediate) & ~1u);
    bool taken = i->operation == JAL || branches(i->operation, x[i->rs1], x[i->rs2]);
    if (i->flags & GOES_BACK)
        return predicted_arrival(c, i, pc, fires, taken);
    if (taken)
        return corrected_arrival(q, i, pc, fires, pc + (uint32_t)i->immediate);
    return fires + 1;
}

/* One instruction; false where it is not understood, and nothing has been done.
 */
static inline bool step_quickly(Quick *q) {
    Core *c = q->core;
    uint32_t pc = c->pc, word = (pc - MEMORY_BASE) / 4;
    if (word + LOOKED_AT > c->code_words)
        return false;
    const Instruction *i = &c->code[word];
    if (i->flags & SPECIAL || ((pc & 31) == 28 && !code_is_there(c, pc + 4)))
        return false;
    int64_t fires = needs(q, i), arrival;
    fires = fires > q->arrival ? fires : q->arrival;
    arrival = fires + 1;
    bool hit = true;
    if (i->flags & ACCESS) {
        uint32_t address = c->registers[i->rs1] + (uint32_t)i->immediate;
        if (uncached(address) || clashes(q, i, address, fires))
            return false;
        hit = cached_line(&c->data_cache_lines, address);
        if (c->timed && (i->flags & STORE || !hit))
            return false;
        if (i->flags & STORE ? !store_has_room(c, fires) : !hit && !misses_plainly(c, i, pc))
            return false;
        if (i->flags & LOAD && !hit) {
            take_line(&c->data_cache_lines, address);
            c->last_master = DATA_MASTER;
            fires += c->latency + MISS;
            arrival = fires + 1;
        }
    } else if (i->operation >= JAL && i->operation <= BGEU) {
        arrival = jump_arrival(q, i, fires);
        if (!arrival)
            return false;
    }
    Issued issued = {.instruction = i, .number = c->executed, .fires = fires};
    issued.done = *execute(c, i);
    issue(q, issued);
    q->arrival = arrival;
    return true;
}

/* Cycles near the limit are left to `cycle`. */
static inline void run_quickly(Core *c, int64_t limit) {
    Quick q;
    if (c->check_left || c->now >= limit - MOST_LINES || !begin(&q, c))
        return;
    while (!c->event && q.arrival < limit - MOST_LINES && step_quickly(&q))
        ;
    end(&q);
}

#endif
