/* Decode to write-back: what halts each stage, what flushes it, and what moves on. */
#ifndef PIPELINE_H
#define PIPELINE_H

#include "bus.h"
#include "execute.h"
#include "fetch.h"

/* What differs from build to build in the pipeline. */
typedef struct {
    bool data_cache, single_fetch, iterative;
} Build;

enum { DIVIDE_HALTS = 33, MULTIPLY_HALTS = 32 };

/* The data cache's part of write-back. */
typedef struct {
    bool halts, redoes, sends, loads;
    Request request;
} WriteBack;

static inline bool is_access(const Stage *s) {
    return s->valid && s->flags & ACCESS;
}

static inline WriteBack write_back(const Core *c, bool data_arrives) {
    const Stage *w = &c->write_back;
    WriteBack result = {0};
    if (!is_access(w))
        return result;
    bool ready = !c->skid.full, store = w->flags & STORE;
    result.request = (Request){.full = true, .store = store, .address = w->address};
    result.request.value = w->next;
    if (uncached(w->address)) {
        result.sends = !c->sent;
        result.halts = store ? !ready : !data_arrives;
    } else if (store) {
        result.sends = true;
        result.halts = !ready;
    } else if (w->hit) {
        result.redoes = w->clashes;
    } else {
        result.request.line = true;
        result.request.address &= ~31u;
        result.sends = !c->sent;
        result.halts = true;
        result.loads = ready;
        result.redoes = c->data_loading && !c->data_loading_before;
    }
    return result;
}

/* A store that hits writes the word that this load reads. */
static inline bool clash(const Stage *store, const Stage *load) {
    if (!(store->valid && store->flags & STORE && store->hit))
        return false;
    if ((store->address ^ load->address) & ~3u || !(load->flags & LOAD))
        return false;
    static const uint8_t MASKS[4] = {1, 3, 15, 15};
    int of_store = MASKS[(store->instruction->operation - SB) & 3];
    int kind = load->instruction->operation;
    int of_load = kind == LW ? 15 : kind == LH || kind == LHU ? 3 : 1;
    return (of_store << (store->address & 3)) & (of_load << (load->address & 3));
}

/* The two registers between the data cache and the bus. */
static inline void send(Core *c, const WriteBack *w) {
    bool front_free = !c->front.full;
    bool has_skid = c->skid.full;
    if (front_free) {
        if (has_skid)
            c->front = c->skid;
        else if (w->sends)
            c->front = w->request;
        c->skid.full = false;
    } else if (w->sends && !has_skid) {
        c->skid = w->request;
    }
}

static inline void data_word_arrives(Core *c) {
    if (c->data_loading && ++c->data_words == LINE_WORDS) {
        take_line(&c->data_cache_lines, c->data_line);
        c->data_loading = false;
        c->data_words = 0;
    }
}

static inline bool reads_late(const Instruction *i, const Stage *stage, uint32_t late) {
    if (!stage->valid || (stage->flags & (WRITES | late)) != (WRITES | late))
        return false;
    return (i->flags & READS_1 && i->rs1 == stage->rd) ||
           (i->flags & READS_2 && i->rs2 == stage->rd);
}

static inline bool execute_halts(const Core *c, const Build build, bool front_full) {
    const Stage *e = &c->execute;
    if (build.data_cache && !(c->emptied & MOST_LINES))
        return true;
    if (!e->valid)
        return false;
    if (build.data_cache && c->data_loading)
        return true;
    if (!build.data_cache && e->flags & ACCESS && front_full)
        return true;
    if (build.iterative && c->execute_left > 1)
        return true;
    if (e->flags & (CSR | WAIT | EMPTY_DATA)) {
        if (e->flags & CSR)
            return c->memory_stage.valid || c->write_back.valid;
        if (e->flags & WAIT)
            return c->sleeps && !c->wakes;
        return build.data_cache && !(c->empty_waits && c->emptied & MOST_LINES);
    }
    return false;
}

static inline bool memory_halts(const Core *c, const Build build, bool data_arrives) {
    const Stage *m = &c->memory_stage;
    if (!m->valid)
        return false;
    if (c->memory_left)
        return true;
    return !build.data_cache && m->flags & LOAD && !data_arrives;
}

/* How emptying the data cache goes on. */
static inline void empty_data_cache(Core *c, bool asked, bool redoes) {
    bool quiet = !is_access(&c->execute) && !is_access(&c->memory_stage) &&
                 !is_access(&c->write_back) && !redoes;
    bool ready = c->empty_waits && c->emptied & MOST_LINES;
    bool starts = !c->empty_waits && !c->empty_starts && asked && quiet;
    if (ready)
        c->empty_waits = false;
    if (!(c->emptied & MOST_LINES))
        c->emptied++;
    if (c->empty_starts) {
        c->empty_waits = true;
        c->emptied = 0;
        for (int i = 0; i < MOST_LINES; i++)
            c->data_cache_lines.tag[i] = 0;
    }
    c->empty_starts = starts;
}

/* The instruction that leaves decode. */
static inline void enter_execute(Core *c, const Instruction *i, uint32_t pc) {
    Stage *e = &c->execute;
    e->valid = true;
    e->instruction = i;
    e->flags = i->flags;
    e->rd = i->rd;
    e->pc = pc;
    e->executed = !c->astray;
    e->jumps = false;
    if (c->astray) {
        e->address = 0;
        uint32_t places = i->flags & READS_2 ? c->registers[i->rs2] & 31 : (uint32_t)i->immediate;
        c->execute_left = i->flags & SHIFT ? (int)places : 0;
        return;
    }
    if (c->taken == c->executed) {
        if (pc != c->pc)
            raise_event(c, EVENT_LOST, pc);
        if (i->flags & SHORT)
            raise_event(c, EVENT_ILLEGAL, pc);
        execute(c, i);
    }
    e->number = c->taken++;
    const Executed *done = &c->kept[e->number % KEPT];
    e->address = done->address;
    e->next = done->next;
    e->jumps = c->astray = done->jumps;
    c->execute_left = i->flags & SHIFT ? done->places : 0;
}

/* Interrupts on their way through the CPU's registers. */
static inline void interrupts(Core *c) {
    bool rises = c->now >= c->raised;
    bool enabled = c->pending && c->mie & 0x800;
    c->wakes = enabled;
    c->interrupt = enabled && c->mstatus & 8;
    c->pending = c->line_before && c->mask & 1u << INTERRUPT_LINE;
    c->line_before = rises;
}

static inline void take_interrupt(Core *c, uint32_t pc) {
    if (c->taken != c->executed)
        raise_event(c, EVENT_LOST, pc);
    c->mepc = c->pc;
    c->mcause = 0x8000000b;
    c->mstatus = (c->mstatus & ~0x88u) | (c->mstatus & 8) << 4;
    c->pc = c->mtvec;
    c->interrupt = false;
}

static inline void return_from_interrupt(Core *c) {
    c->mstatus = (c->mstatus & ~8u) | (c->mstatus >> 4 & 8) | 0x80;
}

/* A load from a register of a peripheral is over. */
static inline void late_value(Core *c, const Stage *s) {
    if (s->flags & LOAD && in_registers(s->address))
        set_register(c, s->rd, c->peripheral_value);
}

static inline void cycle(Core *c, const Build build) {
    Stage *e = &c->execute, *m = &c->memory_stage, *w = &c->write_back;
    Fetch *f = &c->fetch;

    bool code_arrives = f->arrives, front_full = c->front.full, data_arrives = c->data_arrives;
    f->arrives = false;
    Answer answer = {false, false};
    if (front_full || c->data.holding || f->loading)
        answer = bus(c);
    if (!build.data_cache)
        data_arrives = answer.word;
    c->data_arrives = answer.word;

    WriteBack result = {0};
    if (build.data_cache)
        result = write_back(c, data_arrives);
    bool write_stuck = result.halts;
    bool interrupt_jumps = c->interrupt && c->drained[2];
    bool returns = w->valid && w->flags & RETURN;
    bool write_flushes = result.redoes || interrupt_jumps || returns;

    bool memory_halt = memory_halts(c, build, data_arrives);
    bool memory_stuck = memory_halt || write_stuck;
    bool branch = m->valid && m->jumps;
    bool execute_stuck = execute_halts(c, build, front_full) || memory_stuck;

    bool valid = f->second_valid && (build.single_fetch || f->second_hit);
    const Instruction *i = f->second;
    bool halt = false, predicted = false, illegal = false;
    if (valid) {
        halt =
            reads_late(i, e, LATE_IN_EXECUTE) || reads_late(i, m, LATE_IN_MEMORY) || c->interrupt;
        predicted = i->flags & GOES_BACK;
        illegal = i->flags & ILLEGAL;
    }
    halt |= (e->valid && e->flags & RETURN) || (m->valid && m->flags & RETURN) || returns;
    bool flushed = write_flushes || branch;
    f->faulty |= illegal && !flushed;
    if (f->faulty && !flushed && !c->astray && !e->valid && !m->valid && !w->valid)
        raise_event(c, EVENT_ILLEGAL, c->pc);
    Redirection r = {
        .stuck = halt || execute_stuck,
        .removed = flushed || illegal,
        .flushes = predicted || illegal,
        .flushed = flushed || predicted || illegal,
        .halted = interrupt_jumps || returns || f->faulty,
        .jumps = flushed || predicted,
        .empties = valid && i->flags & EMPTY_CODE,
    };
    if (result.redoes)
        r.target = w->pc;
    else if (interrupt_jumps)
        r.target = c->mtvec;
    else if (returns)
        r.target = c->mepc;
    else if (branch)
        r.target = m->next;
    else if (predicted)
        r.target = f->second_pc + (uint32_t)i->immediate;
    bool fires = valid && !r.stuck && !r.removed;
    uint32_t pc = f->second_pc;

    if (f->emptying || r.empties) {
        empty_code_cache(c, f->first_valid, f->loading);
        if (r.empties)
            f->emptying = f->empties_next = true;
    }
    if (build.single_fetch)
        fetch_once(c, &r);
    else
        fetch_twice(c, &r);
    if (code_arrives)
        code_word_arrives(c);
    if (flushed)
        f->faulty = false;

    /* What the caches and the bus's registers take. */
    if (build.data_cache) {
        bool ready = !c->skid.full;
        c->sent = write_stuck && (c->sent || (result.sends && ready));
        bool loading = c->data_loading;
        if (result.loads) {
            c->data_loading = true;
            c->data_line = w->address & ~31u;
        }
        c->data_loading_before = loading;
        if (data_arrives && loading)
            data_word_arrives(c);
        if (result.sends || c->skid.full)
            send(c, &result);
        bool asked = e->valid && e->flags & EMPTY_DATA;
        if (asked || c->empty_waits || c->empty_starts)
            empty_data_cache(c, asked, result.redoes);
    } else if (is_access(e) && !memory_stuck && !branch && !write_flushes && !front_full) {
        c->front = (Request){.full = true, .store = e->flags & STORE, .address = e->address};
        c->front.value = e->next;
    }

    bool active = c->interrupt && valid && !r.removed;
    if (c->mask || c->line_before || c->pending || c->wakes || c->interrupt)
        interrupts(c);

    /* Values that are known only now. */
    if (build.data_cache && is_access(w) && !write_stuck)
        late_value(c, w);
    if (!build.data_cache && is_access(m) && !memory_stuck)
        late_value(c, m);
    if (e->valid && e->flags & CSR && !execute_stuck && !flushed && e->executed)
        execute_csr(c, e->instruction);
    if (returns)
        return_from_interrupt(c);
    if (interrupt_jumps)
        take_interrupt(c, pc);

    /* The stages move. */
    if (active) {
        c->drained[2] = write_stuck ? c->drained[2] : c->drained[1];
        c->drained[1] = memory_stuck ? c->drained[1] : c->drained[0];
        c->drained[0] = execute_stuck ? c->drained[0] : true;
    } else {
        c->drained[0] = c->drained[1] = c->drained[2] = false;
    }
    if (build.iterative && e->valid && !memory_stuck && c->execute_left > 1)
        c->execute_left--;
    if (m->valid && c->memory_left)
        c->memory_left--;
    if (build.data_cache && !memory_stuck) {
        if (is_access(m))
            m->clashes |= clash(w, m);
        if (is_access(e)) {
            e->hit = !uncached(e->address) && cached_line(&c->data_cache_lines, e->address);
            e->clashes = clash(w, e);
        }
    }
    uint64_t redone = w->number;
    if (!memory_stuck && !write_flushes)
        *w = *m;
    else if (!write_stuck || result.redoes)
        w->valid = false;
    if (!execute_stuck && !flushed) {
        *m = *e;
        c->memory_left = 0;
        if (m->valid && m->flags & (DIVIDE | MULTIPLY))
            c->memory_left = m->flags & DIVIDE ? DIVIDE_HALTS
                             : build.iterative ? MULTIPLY_HALTS
                                               : 0;
    } else if (!memory_stuck || write_flushes) {
        m->valid = false;
        c->memory_left = 0;
    }
    if (!execute_stuck || flushed)
        e->valid = false;
    if (flushed)
        c->astray = false;
    if (result.redoes)
        c->taken = redone;
    if (fires)
        enter_execute(c, i, pc);
    c->now++;
}

#endif
