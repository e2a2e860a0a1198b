/* The stages behind decode, one by one: what halts each, and what enters and
 * leaves it. */
#ifndef STAGES_H
#define STAGES_H

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

#endif
