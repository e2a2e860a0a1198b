/* A cycle of the core: what halts, what is flushed, what moves on. */
#ifndef PIPELINE_H
#define PIPELINE_H

#include "stages.h"

/* What the stages decide in a cycle. `jumps`: write-back goes somewhere else,
 * to the interrupt's vector or back from it; `branches`: memory corrects a
 * prediction. */
typedef struct {
    WriteBack data;
    bool data_arrives, front_full;
    bool write_stuck, memory_stuck, execute_stuck;
    bool interrupts, returns, write_flushes, branches, flushed;
    /* Decode. */
    const Instruction *instruction;
    uint32_t pc;
    bool valid, predicted, illegal, fires, active;
    Redirection redirection;
} Flow;

static inline bool returns_from_interrupt(const Stage *s) {
    return s->valid && s->flags & RETURN;
}

/* Execute to write-back. */
static inline void decide_behind(const Core *c, const Build build, Flow *flow) {
    const Stage *m = &c->memory_stage;
    if (build.data_cache)
        flow->data = write_back(c, flow->data_arrives);
    flow->write_stuck = flow->data.halts;
    flow->interrupts = c->interrupt && c->drained[2];
    flow->returns = returns_from_interrupt(&c->write_back);
    flow->write_flushes = flow->data.redoes || flow->interrupts || flow->returns;
    flow->memory_stuck = memory_halts(c, build, flow->data_arrives) || flow->write_stuck;
    flow->execute_stuck = execute_halts(c, build, flow->front_full) || flow->memory_stuck;
    flow->branches = m->valid && m->jumps;
    flow->flushed = flow->write_flushes || flow->branches;
}

/* Where fetch goes on: the stage that is furthest comes first. */
static inline uint32_t jump_target(const Core *c, const Flow *flow) {
    if (flow->data.redoes)
        return c->write_back.pc;
    if (flow->interrupts)
        return c->mtvec;
    if (flow->returns)
        return c->mepc;
    if (flow->branches)
        return c->memory_stage.next;
    return flow->predicted ? flow->pc + (uint32_t)flow->instruction->immediate : 0;
}

static inline void decide_decode(Core *c, const Build build, Flow *flow) {
    const Stage *e = &c->execute, *m = &c->memory_stage;
    Fetch *f = &c->fetch;
    const Instruction *i = flow->instruction = f->second;
    flow->pc = f->second_pc;
    flow->valid = f->second_valid && (build.single_fetch || f->second_hit);
    bool halts = returns_from_interrupt(e) || returns_from_interrupt(m) || flow->returns;
    if (flow->valid) {
        halts |=
            reads_late(i, e, LATE_IN_EXECUTE) || reads_late(i, m, LATE_IN_MEMORY) || c->interrupt;
        flow->predicted = i->flags & GOES_BACK;
        flow->illegal = i->flags & ILLEGAL;
    }
    f->faulty |= flow->illegal && !flow->flushed;
    if (f->faulty && !flow->flushed && !c->astray && !e->valid && !m->valid && !c->write_back.valid)
        raise_event(c, EVENT_ILLEGAL, c->pc);
    flow->redirection = (Redirection){
        .stuck = halts || flow->execute_stuck,
        .removed = flow->flushed || flow->illegal,
        .flushes = flow->predicted || flow->illegal,
        .flushed = flow->flushed || flow->predicted || flow->illegal,
        .halted = flow->interrupts || flow->returns || (f->faulty && !flow->flushed),
        .jumps = flow->flushed || flow->predicted,
        .empties = flow->valid && i->flags & EMPTY_CODE,
        .target = jump_target(c, flow),
    };
    bool kept = flow->valid && !flow->redirection.removed;
    flow->fires = kept && !flow->redirection.stuck;
    flow->active = kept && c->interrupt;
}

static inline void fetch(Core *c, const Build build, const Flow *flow, bool word_arrives) {
    Fetch *f = &c->fetch;
    const Redirection *r = &flow->redirection;
    if (f->emptying || r->empties) {
        empty_code_cache(c, f->first_valid, f->loading);
        if (r->empties)
            f->emptying = f->empties_next = true;
    }
    if (build.single_fetch)
        fetch_once(c, r);
    else
        fetch_twice(c, r);
    if (word_arrives)
        code_word_arrives(c);
    if (flow->flushed)
        f->faulty = false;
}

/* What the data cache and the registers before the bus take. */
static inline void move_data(Core *c, const Flow *flow) {
    const WriteBack *data = &flow->data;
    c->sent = flow->write_stuck && (c->sent || (data->sends && !c->skid.full));
    bool loading = c->data_loading;
    if (data->loads) {
        c->data_loading = true;
        c->data_line = c->write_back.address & ~31u;
    }
    c->data_loading_before = loading;
    if (flow->data_arrives && loading)
        data_word_arrives(c);
    if (data->sends || c->skid.full)
        send(c, data);
    bool asked = c->execute.valid && c->execute.flags & EMPTY_DATA;
    if (asked || c->empty_waits || c->empty_starts)
        empty_data_cache(c, asked, data->redoes);
}

/* Without a data cache, execute itself asks for memory. */
static inline void request_data(Core *c, const Flow *flow) {
    const Stage *e = &c->execute;
    if (!is_access(e) || flow->memory_stuck || flow->flushed || flow->front_full)
        return;
    c->front = (Request){.full = true, .store = e->flags & STORE, .address = e->address};
    c->front.value = e->next;
}

/* Values and effects that depend on the cycle. */
static inline void take_effects(Core *c, const Build build, const Flow *flow) {
    const Stage *e = &c->execute;
    const Stage *done = build.data_cache ? &c->write_back : &c->memory_stage;
    bool stuck = build.data_cache ? flow->write_stuck : flow->memory_stuck;
    if (c->mask || c->line_before || c->pending || c->wakes || c->interrupt)
        interrupts(c);
    if (is_access(done) && !stuck && done->flags & LOAD && in_registers(done->address))
        set_register(c, done->rd, c->peripheral_value);
    if (e->valid && e->flags & CSR && !flow->execute_stuck && !flow->flushed && e->executed)
        execute_csr(c, e->instruction);
    if (flow->returns)
        return_from_interrupt(c);
    if (flow->interrupts)
        take_interrupt(c, flow->pc);
}

/* An interrupt waits until what is in the pipeline has left it. */
static inline void drain(Core *c, const Flow *flow) {
    bool *drained = c->drained;
    drained[2] = flow->active && (flow->write_stuck ? drained[2] : drained[1]);
    drained[1] = flow->active && (flow->memory_stuck ? drained[1] : drained[0]);
    drained[0] = flow->active && (flow->execute_stuck ? drained[0] : true);
}

static inline void look_up_data(Core *c) {
    Stage *e = &c->execute, *m = &c->memory_stage;
    const Stage *w = &c->write_back;
    if (is_access(m))
        m->clashes |= clash(w, m);
    if (is_access(e)) {
        e->hit = !uncached(e->address) && cached_line(&c->data_cache_lines, e->address);
        e->clashes = clash(w, e);
    }
}

static inline void move_stages(Core *c, const Build build, const Flow *flow) {
    Stage *e = &c->execute, *m = &c->memory_stage, *w = &c->write_back;
    if (build.iterative && e->valid && !flow->memory_stuck && c->execute_left > 1)
        c->execute_left--;
    if (m->valid && c->memory_left)
        c->memory_left--;
    if (build.data_cache && !flow->memory_stuck)
        look_up_data(c);
    if (flow->data.redoes)
        c->taken = w->number;
    if (!flow->memory_stuck && !flow->write_flushes)
        *w = *m;
    else if (!flow->write_stuck || flow->data.redoes)
        w->valid = false;
    if (!flow->execute_stuck && !flow->flushed) {
        *m = *e;
        bool multiplies = m->flags & MULTIPLY && build.iterative;
        c->memory_left = !m->valid           ? 0
                         : m->flags & DIVIDE ? DIVIDE_HALTS
                         : multiplies        ? MULTIPLY_HALTS
                                             : 0;
    } else if (!flow->memory_stuck || flow->write_flushes) {
        m->valid = false;
        c->memory_left = 0;
    }
    if (!flow->execute_stuck || flow->flushed)
        e->valid = false;
    if (flow->flushed)
        c->astray = false;
    if (flow->fires)
        enter_execute(c, flow->instruction, flow->pc);
}

static inline void cycle(Core *c, const Build build) {
    Flow flow = {.data_arrives = c->data_arrives, .front_full = c->front.full};
    bool code_arrives = c->fetch.arrives;
    Answer answer = {false, false};
    c->fetch.arrives = false;
    if (c->front.full || c->data.holding || c->fetch.loading || c->npu_requests || c->check_left)
        answer = bus(c);
    if (!build.data_cache)
        flow.data_arrives = answer.word;
    c->data_arrives = answer.word;
    decide_behind(c, build, &flow);
    decide_decode(c, build, &flow);
    fetch(c, build, &flow, code_arrives);
    if (build.data_cache)
        move_data(c, &flow);
    else
        request_data(c, &flow);
    take_effects(c, build, &flow);
    drain(c, &flow);
    move_stages(c, build, &flow);
    c->now++;
}

#endif
