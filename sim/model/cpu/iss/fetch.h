/* Fetch: the stages up to decode, and the instruction cache. */
#ifndef FETCH_H
#define FETCH_H

#include "state.h"

static inline const Instruction *instruction_at(Core *c, uint32_t pc) {
    uint32_t offset = pc - MEMORY_BASE, word = offset / 4;
    if (word < c->code_words)
        return &c->code[word];
    Instruction *stray = &c->strays[c->stray++ % KEPT];
    bool inside = offset < c->memory_bytes;
    *stray = decoded(inside ? load_word(c, offset & ~3u) : 0, c->decoder);
    return stray;
}

/* The cache takes no address in this cycle. */
static inline bool prefetch_halts(const Fetch *f, const Redirection *r) {
    return f->loading || f->emptying || r->empties;
}

/* Where fetch goes on. */
static inline uint32_t next_fetch(const Fetch *f, const Redirection *r, bool misses,
                                  uint32_t missed) {
    return r->jumps ? r->target : misses ? missed : f->pc + (f->increments ? 4 : 0);
}

/* The register behind the program counter's adder. `ready`: the first stage
 * moves on. */
static inline void fetch_pc(Core *c, const Redirection *r, uint32_t pc, bool ready, bool corrects) {
    Fetch *f = &c->fetch;
    bool valid = f->booted && !r->halted, halts = prefetch_halts(f, r);
    if (ready) {
        f->first_valid = valid && !halts;
        f->first_hit = cached_line(&c->code_cache, pc);
    }
    f->increments = ready ? valid && !halts : f->increments && !corrects;
    if (f->booted && (ready || corrects))
        f->pc = pc;
    f->booted = true;
}

static inline void load_line(Fetch *f, uint32_t address) {
    f->loading = f->asks = true;
    f->words = 0;
    f->line = address & ~31u;
}

/* Two stages: the cache's answer is looked at in decode's own cycle. */
static inline void fetch_twice(Core *c, const Redirection *r) {
    Fetch *f = &c->fetch;
    bool misses = f->second_valid && !f->second_hit;
    bool ready = !r->stuck && !misses;
    uint32_t pc = next_fetch(f, r, misses, f->second_pc) & ~3u;
    bool flush = r->removed || (r->flushes && !r->stuck) || misses;
    if (misses)
        load_line(f, f->second_pc);
    if (ready) {
        f->second_valid = f->first_valid && !flush;
        f->second_pc = f->pc;
        f->second_hit = f->first_hit;
        f->second = instruction_at(c, f->pc);
    } else if (flush) {
        f->second_valid = false;
    }
    if (flush)
        f->first_valid = false;
    fetch_pc(c, r, pc, ready, misses || r->jumps);
}

/* Halves of a word that holds, or is behind, an instruction of 16 bits. */
typedef struct {
    bool valid, keeps, uses_first, stays;
    const Instruction *instruction;
} Halves;

static inline Halves split_word(Core *c, const Fetch *f, bool input) {
    uint32_t offset = f->pc - MEMORY_BASE;
    uint32_t word = offset < c->memory_bytes ? load_word(c, offset & ~3u) : 0;
    bool low = (word & 3) != 3, high = (word >> 16 & 3) != 3;
    bool used = f->half_used || f->pc & 2, unaligned = used || f->half_kept;
    uint32_t raw = f->half_kept ? word << 16 | f->half : used ? word >> 16 : word;
    bool is_short = (raw & 3) != 3;
    Instruction *stray = &c->strays[c->stray++ % KEPT];
    *stray = decoded(raw, c->decoder);
    return (Halves){
        .valid = input && !(used && !f->half_kept && !high),
        .keeps =
            (!unaligned && low && !high) || (f->half_kept && !high) || (used && !is_short && !high),
        .uses_first = (!unaligned && low && high) || (f->half_kept && high),
        .stays = (f->half_kept && high) || (!unaligned && low && high),
        .instruction = stray,
    };
}

/* One stage, and one that takes words apart: what builds with compressed code
 * have. */
static inline void fetch_once(Core *c, const Redirection *r) {
    Fetch *f = &c->fetch;
    bool misses = f->first_valid && !f->first_hit, input = f->first_valid && !misses;
    bool takes = !r->stuck;
    Halves halves = {.valid = input, .instruction = instruction_at(c, f->pc & ~3u)};
    if (f->half_kept || f->half_used || f->pc & 2 || halves.instruction->flags & SHORT)
        halves = split_word(c, f, input);
    bool ready = takes && !misses && !(f->first_valid && halves.stays);
    uint32_t missed = f->pc | (f->half_used ? 2 : 0);
    uint32_t pc = next_fetch(f, r, misses, missed) & ~1u;
    if (f->increments && !misses && !r->jumps)
        pc &= ~2u;
    if (misses)
        load_line(f, f->pc);
    if (takes) {
        f->second_valid = halves.valid && !r->flushed;
        f->second_pc = f->pc;
        f->second = halves.instruction;
        if (halves.valid)
            f->half_used = halves.uses_first;
        if (input) {
            f->half_kept = halves.keeps;
            uint32_t offset = (f->pc & ~3u) - MEMORY_BASE;
            if (halves.keeps && offset < c->memory_bytes)
                f->half = (uint16_t)(load_word(c, offset) >> 16);
        }
    } else if (r->removed) {
        f->second_valid = false;
    }
    if (r->flushed)
        f->half_used = f->half_kept = false;
    if (r->flushed || misses)
        f->first_valid = false;
    fetch_pc(c, r, pc, ready, misses || r->jumps);
}

/* A word has arrived for the line that is being loaded. */
static inline void code_word_arrives(Core *c) {
    Fetch *f = &c->fetch;
    if (++f->words == LINE_WORDS) {
        take_line(&c->code_cache, f->line);
        f->loading = false;
    }
}

/* After a reset and a fence.i. `starting`: the fetch's first stage held
 * something. */
static inline void empty_code_cache(Core *c, bool first_valid, bool loading) {
    Fetch *f = &c->fetch;
    uint8_t whole = (uint8_t)(c->code_cache.mask + 1);
    bool emptied = f->emptied & whole;
    if (!emptied)
        f->emptied++;
    if (f->empties_next && !first_valid && !loading) {
        f->empties_next = false;
        f->emptied = 0;
        for (int i = 0; i < MOST_LINES; i++)
            c->code_cache.tag[i] = 0;
    }
    f->emptied_before = emptied;
    f->emptying = f->empties_next || !(f->emptied & whole) || !f->emptied_before;
}

#endif
