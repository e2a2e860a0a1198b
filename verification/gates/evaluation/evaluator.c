// Evaluates a netlist for BLOCK cycles at a time: bit i of a net's word is its value in cycle i, so
// that one machine instruction works for 64 cycles. All that is no function of the same cycle's
// nets is recorded: registers, what memories read, and the chip's inputs. What registers take is
// compared with what they were seen to hold in the next cycle.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h" // BLOCK, and the kinds of operations

#define WORDS (BLOCK / 64)

typedef struct {
    int32_t kind, out, a, b;
} Operation;

typedef struct {
    int32_t slot, byte, bit, inverted;
} Recorded;

// What a register takes where `active` is one, and where it is seen.
typedef struct {
    int32_t data, active, seen, pulsed;
} Register;

typedef struct {
    int64_t slots, operations, recorded, registers, row_bytes;
    const Operation *operation;
    const Recorded *record;
    const Register *reg;
    uint64_t (*word)[WORDS];
    uint8_t *last;     // of each slot, its value in the cycle before the block
    uint8_t *expected; // of each register, what it must hold in the block's first cycle
    int64_t cycles;    // of the last block
    int64_t blocks;
} Evaluator;

Evaluator *evaluator_new(int64_t slots, int64_t operations, const Operation *operation,
                         int64_t recorded, const Recorded *record, int64_t registers,
                         const Register *reg, int64_t row_bytes) {
    Evaluator *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    *e = (Evaluator){slots, operations, recorded, registers, row_bytes, operation, record, reg};
    e->word = calloc((size_t)slots, sizeof *e->word);
    e->last = calloc((size_t)slots, 1);
    e->expected = calloc((size_t)registers + 1, 1);
    return e;
}

void evaluator_free(Evaluator *e) {
    free(e->word);
    free(e->last);
    free(e->expected);
    free(e);
}

static unsigned bit_of(const uint64_t *word, int64_t cycle) {
    return word[cycle / 64] >> (cycle % 64) & 1;
}

// Rows of recorded bytes to words. Eight cycles of a byte are a matrix of bits that is turned.
static void take_rows(Evaluator *e, const uint8_t *rows) {
    for (int64_t i = 0; i < e->recorded; i++)
        memset(e->word[e->record[i].slot], 0, sizeof e->word[0]);
    for (int64_t first = 0; first < e->cycles; first += 8) {
        int64_t count = e->cycles - first < 8 ? e->cycles - first : 8;
        const uint8_t *row = rows + first * e->row_bytes;
        int32_t byte = -1;
        uint64_t turned = 0;
        for (int64_t i = 0; i < e->recorded; i++) {
            const Recorded *r = &e->record[i];
            if (r->byte != byte) {
                byte = r->byte;
                turned = 0;
                for (int64_t k = 0; k < count; k++)
                    turned |= (uint64_t)row[k * e->row_bytes + byte] << (8 * k);
                uint64_t swap = (turned ^ turned >> 7) & 0x00AA00AA00AA00AA;
                turned ^= swap ^ swap << 7;
                swap = (turned ^ turned >> 14) & 0x0000CCCC0000CCCC;
                turned ^= swap ^ swap << 14;
                swap = (turned ^ turned >> 28) & 0x00000000F0F0F0F0;
                turned ^= swap ^ swap << 28;
            }
            uint64_t eight = turned >> (8 * r->bit) & 0xFF;
            if (r->inverted)
                eight ^= 0xFF;
            e->word[r->slot][first / 64] |= eight << (first % 64);
        }
    }
}

static void operate(Evaluator *e) {
    for (int64_t i = 0; i < e->operations; i++) {
        const Operation *o = &e->operation[i];
        uint64_t *out = e->word[o->out];
        const uint64_t *a = e->word[o->a], *b = e->word[o->b];
        uint64_t not_a = o->kind & NOT_A ? ~UINT64_C(0) : 0;
        uint64_t not_b = o->kind & NOT_B ? ~UINT64_C(0) : 0;
        uint64_t not_out = o->kind & NOT_OUT ? ~UINT64_C(0) : 0;
        switch (o->kind & KINDS) {
        case AND:
            for (int w = 0; w < WORDS; w++)
                out[w] = ((a[w] ^ not_a) & (b[w] ^ not_b)) ^ not_out;
            break;
        case XOR:
            for (int w = 0; w < WORDS; w++)
                out[w] = a[w] ^ b[w] ^ not_out;
            break;
        case LATER: { // what a was in the cycle before
            uint64_t carry = e->last[o->a];
            for (int w = 0; w < WORDS; w++) {
                uint64_t word = a[w];
                out[w] = word << 1 | carry;
                carry = word >> 63;
            }
            break;
        }
        default: { // HOLD: a of the last cycle before this one in which b was one
            unsigned value = e->last[o->b] ? e->last[o->a] : e->last[o->out];
            memset(out, 0, sizeof e->word[0]);
            for (int64_t cycle = 0; cycle < e->cycles; cycle++) {
                out[cycle / 64] |= (uint64_t)value << (cycle % 64);
                if (bit_of(b, cycle))
                    value = bit_of(a, cycle);
            }
        }
        }
    }
}

// The first register that differs from what it took, in cycle begin or later, or -1; where is the
// cycle in the block.
static int64_t check(Evaluator *e, int64_t begin, int64_t *where) {
    for (int64_t i = 0; i < e->registers; i++) {
        const Register *r = &e->reg[i];
        const uint64_t *data = e->word[r->data], *active = e->word[r->active];
        const uint64_t *seen = e->word[r->seen];
        uint64_t carry = e->blocks ? e->expected[i] : seen[0] & 1;
        for (int w = 0; w < WORDS; w++) {
            uint64_t next = (active[w] & data[w]) | (~active[w] & seen[w]);
            uint64_t wrong = (next << 1 | carry) ^ seen[w];
            int64_t left = e->cycles - 64 * w;
            if (left < 64)
                wrong &= left > 0 ? (UINT64_C(1) << left) - 1 : 0;
            int64_t early = begin - 64 * w;
            if (early > 0)
                wrong &= early < 64 ? ~UINT64_C(0) << early : 0;
            if (wrong) {
                *where = 64 * w;
                while (!(wrong & 1)) {
                    wrong >>= 1;
                    ++*where;
                }
                return i;
            }
            carry = next >> 63;
        }
        int64_t cycle = e->cycles - 1;
        e->expected[i] = bit_of(active, cycle) ? bit_of(data, cycle) : bit_of(seen, cycle);
    }
    return -1;
}

int64_t evaluator_run(Evaluator *e, const uint8_t *rows, int64_t cycles, int64_t begin,
                      int64_t *where) {
    for (int64_t i = 0; e->blocks && i < e->slots; i++)
        e->last[i] = (uint8_t)bit_of(e->word[i], e->cycles - 1);
    e->cycles = cycles;
    memset(e->word[0], 0, sizeof e->word[0]);
    memset(e->word[1], 0xFF, sizeof e->word[1]);
    take_rows(e, rows);
    operate(e);
    // Nothing changes in the first cycle that is known.
    for (int64_t i = 0; !e->blocks && i < e->slots; i++)
        e->last[i] = e->word[i][0] & 1;
    int64_t wrong = check(e, begin, where);
    e->blocks++;
    return wrong;
}

static uint64_t ones(const uint64_t *word, const uint64_t *mask) {
    uint64_t sum = 0;
    for (int w = 0; w < WORDS; w++) {
        uint64_t x = word[w] & mask[w];
        x -= x >> 1 & 0x5555555555555555;
        x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
        sum += (x + (x >> 4)) & 0x0F0F0F0F0F0F0F0F;
    }
    // Each byte has counted up to 8 * WORDS.
    sum = (sum & 0x00FF00FF00FF00FF) + (sum >> 8 & 0x00FF00FF00FF00FF);
    return (sum * 0x0001000100010001) >> 48;
}

// Adds what happened in the cycles [first, last) of the block. Of each slot: transitions at the
// begin of a cycle, and cycles in which it is one. Of each register, cycles by data and state, in
// which it is pulsed at the end (0 to 3: neither, state alone, data alone, both), and in which it
// was pulsed at the begin (4 to 7).
void evaluator_count(const Evaluator *e, int64_t first, int64_t last, int64_t slots,
                     uint64_t *transitions, uint64_t *high, uint64_t *pulses) {
    uint64_t mask[WORDS], word[WORDS];
    for (int64_t w = 0; w < WORDS; w++) {
        int64_t low = first - 64 * w, top = last - 64 * w;
        uint64_t below = low <= 0 ? 0 : low >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << low) - 1;
        uint64_t up_to = top <= 0 ? 0 : top >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << top) - 1;
        mask[w] = up_to & ~below;
    }
    for (int64_t i = 0; i < slots; i++) {
        const uint64_t *value = e->word[i];
        uint64_t carry = e->last[i];
        for (int w = 0; w < WORDS; w++) {
            word[w] = value[w] ^ (value[w] << 1 | carry);
            carry = value[w] >> 63;
        }
        transitions[i] += ones(word, mask);
        high[i] += ones(value, mask);
    }
    for (int64_t i = 0; i < e->registers; i++) {
        const Register *r = &e->reg[i];
        const uint64_t *data = e->word[r->data], *seen = e->word[r->seen];
        for (int half = 0; half < 2; half++) {
            const uint64_t *clock = e->word[half ? r->pulsed : r->active];
            for (int w = 0; w < WORDS; w++)
                word[w] = clock[w] & mask[w];
            uint64_t all = ones(clock, mask), d = ones(data, word), q = ones(seen, word);
            for (int w = 0; w < WORDS; w++)
                word[w] &= data[w];
            uint64_t both = ones(seen, word);
            uint64_t *count = pulses + 8 * i + 4 * half;
            count[0] += all + both - d - q;
            count[1] += q - both;
            count[2] += d - both;
            count[3] += both;
        }
    }
}
