/* What instructions do. */
#ifndef EXECUTE_H
#define EXECUTE_H

#include "state.h"

/* Offset in main memory; past its end there is an error. */
static inline uint32_t place(Core *c, uint32_t address, uint32_t size) {
    uint32_t offset = (address & 0x7fffffff) - MEMORY_BASE;
    if (offset >= c->memory_bytes || address % size) {
        raise_event(c, EVENT_BAD_ADDRESS, address);
        return 0;
    }
    return offset;
}

static inline uint32_t loaded(Core *c, int operation, uint32_t address) {
    const uint8_t *m = c->memory;
    uint32_t at;
    switch (operation) {
    case LB:
        return (uint32_t)(int32_t)(int8_t)m[place(c, address, 1)];
    case LBU:
        return m[place(c, address, 1)];
    case LH:
        at = place(c, address, 2);
        return (uint32_t)(int32_t)(int16_t)(m[at] | m[at + 1] << 8);
    case LHU:
        at = place(c, address, 2);
        return (uint32_t)(m[at] | m[at + 1] << 8);
    default:
        return load_word(c, place(c, address, 4));
    }
}

static inline void stored(Core *c, int operation, uint32_t address, uint32_t value) {
    int size = operation == SB ? 1 : operation == SH ? 2 : 4;
    uint32_t at = place(c, address, (uint32_t)size);
    for (int i = 0; i < size; i++)
        c->memory[at + (uint32_t)i] = (uint8_t)(value >> 8 * i);
    if (address == c->end_address)
        raise_event(c, EVENT_END, value);
}

static inline uint32_t divided(int operation, uint32_t a, uint32_t b) {
    bool overflows = a == 0x80000000 && b == 0xffffffff;
    switch (operation) {
    case DIV:
        return !b ? 0xffffffff : overflows ? a : (uint32_t)((int32_t)a / (int32_t)b);
    case DIVU:
        return b ? a / b : 0xffffffff;
    case REM:
        return !b ? a : overflows ? 0 : (uint32_t)((int32_t)a % (int32_t)b);
    default:
        return b ? a % b : a;
    }
}

static inline uint32_t arithmetic(int operation, uint32_t a, uint32_t b) {
    switch (operation) {
    case ADDI:
    case ADD:
        return a + b;
    case SUB:
        return a - b;
    case SLTI:
    case SLT:
        return (int32_t)a < (int32_t)b;
    case SLTIU:
    case SLTU:
        return a < b;
    case XORI:
    case XOR:
        return a ^ b;
    case ORI:
    case OR:
        return a | b;
    case ANDI:
    case AND:
        return a & b;
    case SLLI:
    case SLL:
        return a << (b & 31);
    case SRLI:
    case SRL:
        return a >> (b & 31);
    case SRAI:
    case SRA:
        return (uint32_t)((int32_t)a >> (b & 31));
    case MUL:
        return a * b;
    case MULH:
        return (uint32_t)((int64_t)(int32_t)a * (int32_t)b >> 32);
    case MULHSU:
        return (uint32_t)((int64_t)(int32_t)a * (int64_t)b >> 32);
    case MULHU:
        return (uint32_t)((uint64_t)a * b >> 32);
    default:
        return divided(operation, a, b);
    }
}

static inline bool branches(int operation, uint32_t a, uint32_t b) {
    switch (operation) {
    case BEQ:
        return a == b;
    case BNE:
        return a != b;
    case BLT:
        return (int32_t)a < (int32_t)b;
    case BGE:
        return (int32_t)a >= (int32_t)b;
    case BLTU:
        return a < b;
    default:
        return a >= b;
    }
}

static inline void set_register(Core *c, uint8_t rd, uint32_t value) {
    c->registers[rd] = value;
    c->registers[0] = 0;
}

/* Executes the instruction at `pc`, but what depends on the cycle in which a
 * stage takes it: loads past the cache and CSRs are left to the pipeline. */
static inline Executed *execute(Core *c, const Instruction *i) {
    Executed *done = &c->kept[c->executed++ % KEPT];
    uint32_t a = c->registers[i->rs1], b = c->registers[i->rs2];
    int operation = i->operation;
    uint32_t pc = c->pc, next = pc + 4;
    done->pc = pc;
    done->jumps = false;
    done->address = 0;
    done->places = 0;
    if (operation >= ADDI && operation <= REMU) {
        if (operation <= SRAI)
            b = (uint32_t)i->immediate;
        done->places = b & 31;
        set_register(c, i->rd, arithmetic(operation, a, b));
    } else if (i->flags & LOAD) {
        done->address = a + (uint32_t)i->immediate;
        if (!in_registers(done->address))
            set_register(c, i->rd, loaded(c, operation, done->address));
    } else if (i->flags & STORE) {
        done->address = a + (uint32_t)i->immediate;
        done->next = b; /* what a register of a peripheral takes */
        if (!in_registers(done->address))
            stored(c, operation, done->address, b);
    } else if (operation >= BEQ && operation <= BGEU) {
        bool taken = branches(operation, a, b);
        next = taken ? pc + (uint32_t)i->immediate : next;
        done->jumps = taken != (bool)(i->flags & GOES_BACK);
    } else if (operation == JAL) {
        set_register(c, i->rd, next);
        next = pc + (uint32_t)i->immediate;
    } else if (operation == JALR) {
        set_register(c, i->rd, next);
        next = (a + (uint32_t)i->immediate) & ~1u;
        done->jumps = true;
    } else if (operation == LUI) {
        set_register(c, i->rd, (uint32_t)i->immediate);
    } else if (operation == AUIPC) {
        set_register(c, i->rd, pc + (uint32_t)i->immediate);
    } else if (i->flags & RETURN) {
        next = c->mepc;
    }
    if (!(i->flags & STORE))
        done->next = next;
    c->pc = next;
    c->instructions_run++;
    return done;
}

static inline uint32_t *csr(Core *c, uint32_t number) {
    switch (number) {
    case 0x300:
        return &c->mstatus;
    case 0x304:
        return &c->mie;
    case 0x305:
        return &c->mtvec;
    case 0x340:
        return &c->mscratch;
    case 0x341:
        return &c->mepc;
    case 0x342:
        return &c->mcause;
    case 0xbc0:
        return &c->mask;
    default:
        return 0;
    }
}

/* In the cycle in which the stage execute is done with it. */
static inline void execute_csr(Core *c, const Instruction *i) {
    uint32_t pending = c->line_before ? c->mask & 1u << INTERRUPT_LINE : 0;
    bool shows_pending = (uint32_t)i->immediate == 0xfc0;
    uint32_t *found = shows_pending ? &pending : csr(c, (uint32_t)i->immediate);
    if (!found) {
        raise_event(c, EVENT_BAD_CSR, (uint32_t)i->immediate);
        return;
    }
    uint32_t before = *found;
    c->polls += found == &c->mask && i->operation == CSRRS && before;
    uint32_t operand = i->csr_immediate ? i->rs1 : c->registers[i->rs1];
    if (i->operation == CSRRW)
        *found = operand;
    else if (i->operation == CSRRS)
        *found = before | operand;
    else
        *found = before & ~operand;
    set_register(c, i->rd, before);
}

#endif
