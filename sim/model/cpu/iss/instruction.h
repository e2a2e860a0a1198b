/* Instructions as the pipeline takes them: fields, and what each stage asks
 * about them. */
#ifndef INSTRUCTION_H
#define INSTRUCTION_H

#include <stdbool.h>
#include <stdint.h>

enum {
    READS_1 = 1 << 0,
    READS_2 = 1 << 1,
    WRITES = 1 << 2,
    /* Its result can't be taken from the stage execute, or memory. */
    LATE_IN_EXECUTE = 1 << 3,
    LATE_IN_MEMORY = 1 << 4,
    LOAD = 1 << 5,
    STORE = 1 << 6,
    MULTIPLY = 1 << 7,
    DIVIDE = 1 << 8,
    SHIFT = 1 << 9,
    CSR = 1 << 10,
    WAIT = 1 << 11,       /* wfi */
    RETURN = 1 << 12,     /* mret */
    EMPTY_DATA = 1 << 13, /* 0x500F */
    EMPTY_CODE = 1 << 14, /* fence.i */
    GOES_BACK = 1 << 15,  /* predicted as taken */
    ILLEGAL = 1 << 16,
    SHORT = 1 << 17, /* 16 bits */
};

enum { ACCESS = LOAD | STORE };

typedef enum {
    LUI,
    AUIPC,
    JAL,
    JALR,
    BEQ,
    BNE,
    BLT,
    BGE,
    BLTU,
    BGEU,
    LB,
    LH,
    LW,
    LBU,
    LHU,
    SB,
    SH,
    SW,
    ADDI,
    SLTI,
    SLTIU,
    XORI,
    ORI,
    ANDI,
    SLLI,
    SRLI,
    SRAI,
    ADD,
    SUB,
    SLL,
    SLT,
    SLTU,
    XOR,
    SRL,
    SRA,
    OR,
    AND,
    MUL,
    MULH,
    MULHSU,
    MULHU,
    DIV,
    DIVU,
    REM,
    REMU,
    CSRRW,
    CSRRS,
    CSRRC,
    NOTHING,
} Operation;

typedef struct {
    uint8_t operation, rd, rs1, rs2;
    uint32_t flags;
    int32_t immediate; /* of a CSR instruction: the CSR */
    bool csr_immediate;
} Instruction;

/* What differs from build to build in the decoder. */
typedef struct {
    bool iterative; /* multiplies a bit a cycle, shifts a place a cycle */
    bool multiplies;
    bool compressed; /* takes instructions of 16 bits */
} Decoder;

static inline int32_t bits(uint32_t word, int lsb, int width) {
    return (int32_t)(word << (32 - lsb - width)) >> (32 - width);
}

static inline uint32_t field(uint32_t word, int lsb, int width) {
    return word >> lsb & ((1u << width) - 1);
}

static inline int32_t store_offset(uint32_t word) {
    return bits(word, 25, 7) * 32 | (int32_t)field(word, 7, 5);
}

static inline int32_t branch_offset(uint32_t word) {
    return bits(word, 31, 1) * 4096 | (int32_t)(field(word, 7, 1) << 11) |
           (int32_t)(field(word, 25, 6) << 5) | (int32_t)(field(word, 8, 4) << 1);
}

static inline int32_t jump_offset(uint32_t word) {
    return bits(word, 31, 1) * (1 << 20) | (int32_t)(field(word, 12, 8) << 12) |
           (int32_t)(field(word, 20, 1) << 11) | (int32_t)(field(word, 21, 10) << 1);
}

static inline void decode_immediate_operation(Instruction *i, uint32_t word, Decoder decoder) {
    static const uint8_t OPERATIONS[8] = {ADDI, SLLI, SLTI, SLTIU, XORI, SRLI, ORI, ANDI};
    uint32_t kind = field(word, 12, 3);
    i->operation = OPERATIONS[kind];
    i->flags = READS_1 | WRITES;
    i->immediate = bits(word, 20, 12);
    if (kind == 1 || kind == 5) {
        uint32_t upper = field(word, 25, 7);
        i->flags |= SHIFT | (decoder.iterative ? 0 : LATE_IN_EXECUTE);
        i->immediate &= 31;
        if (kind == 5 && upper == 0x20)
            i->operation = SRAI;
        else if (upper)
            i->flags = ILLEGAL;
    }
}

static inline void decode_register_operation(Instruction *i, uint32_t word, Decoder decoder) {
    static const uint8_t OPERATIONS[8] = {ADD, SLL, SLT, SLTU, XOR, SRL, OR, AND};
    uint32_t kind = field(word, 12, 3), upper = field(word, 25, 7);
    i->flags = READS_1 | READS_2 | WRITES;
    if (upper == 1 && decoder.multiplies) {
        i->operation = (uint8_t)(MUL + kind);
        i->flags |= kind < 4 ? MULTIPLY : DIVIDE;
        i->flags |= LATE_IN_EXECUTE;
        i->flags |= kind < 4 && !decoder.iterative ? LATE_IN_MEMORY : 0;
        return;
    }
    i->operation = OPERATIONS[kind];
    if (upper == 0x20 && (kind == 0 || kind == 5))
        i->operation = kind ? SRA : SUB;
    else if (upper)
        i->flags = ILLEGAL;
    if (kind == 1 || kind == 5)
        i->flags |= SHIFT | (decoder.iterative ? 0 : LATE_IN_EXECUTE);
}

static inline void decode_system(Instruction *i, uint32_t word) {
    uint32_t kind = field(word, 12, 3);
    if (word == 0x10500073) {
        i->flags = WAIT;
    } else if (word == 0x30200073) {
        i->flags = RETURN;
    } else if (kind & 3) {
        i->operation = (uint8_t)(CSRRW + (kind & 3) - 1);
        i->flags = CSR | WRITES | LATE_IN_EXECUTE | (kind & 4 ? 0 : READS_1);
        i->immediate = (int32_t)field(word, 20, 12);
        i->csr_immediate = kind & 4;
    } else {
        i->flags = ILLEGAL; /* ecall and ebreak: firmware has none */
    }
}

static inline void decode_jump(Instruction *i, uint32_t word, Decoder decoder) {
    /* The decoder's equations leave it open whether a link can be taken from the
     * stage memory. */
    uint32_t link = WRITES | (decoder.iterative ? LATE_IN_MEMORY : 0);
    bool indirect = field(word, 2, 5) == 0x19;
    i->operation = indirect ? JALR : JAL;
    i->flags = indirect ? link | READS_1 : link | GOES_BACK;
    i->immediate = indirect ? bits(word, 20, 12) : jump_offset(word);
}

static inline void decode_branch(Instruction *i, uint32_t word) {
    static const uint8_t OPERATIONS[8] = {BEQ, BNE, NOTHING, NOTHING, BLT, BGE, BLTU, BGEU};
    i->operation = OPERATIONS[field(word, 12, 3)];
    i->immediate = branch_offset(word);
    i->flags = READS_1 | READS_2 | (i->immediate < 0 ? GOES_BACK : 0);
    if (i->operation == NOTHING)
        i->flags = ILLEGAL;
}

static inline void decode_access(Instruction *i, uint32_t word) {
    static const uint8_t LOADS[8] = {LB, LH, LW, NOTHING, LBU, LHU, NOTHING, NOTHING};
    uint32_t kind = field(word, 12, 3);
    if (field(word, 5, 1)) {
        i->operation = (uint8_t)(SB + kind);
        i->flags = kind < 3 ? STORE | READS_1 | READS_2 : ILLEGAL;
        i->immediate = store_offset(word);
    } else {
        i->operation = LOADS[kind];
        i->flags = LOAD | READS_1 | WRITES | LATE_IN_EXECUTE | LATE_IN_MEMORY;
        i->immediate = bits(word, 20, 12);
        if (i->operation == NOTHING)
            i->flags = ILLEGAL;
    }
}

static inline void decode_fence(Instruction *i, uint32_t word) {
    uint32_t kind = field(word, 12, 3);
    i->flags = kind == 5 ? EMPTY_DATA : kind == 1 ? EMPTY_CODE : kind ? ILLEGAL : 0;
}

static inline Instruction decoded(uint32_t word, Decoder decoder) {
    Instruction i = {.operation = NOTHING,
                     .rd = (uint8_t)field(word, 7, 5),
                     .rs1 = (uint8_t)field(word, 15, 5),
                     .rs2 = (uint8_t)field(word, 20, 5),
                     .flags = ILLEGAL};
    switch (word & 0x7f) {
    case 0x37:
    case 0x17:
        i.operation = word & 0x20 ? LUI : AUIPC;
        i.flags = WRITES;
        i.immediate = (int32_t)(word & 0xfffff000);
        break;
    case 0x6f:
    case 0x67:
        decode_jump(&i, word, decoder);
        break;
    case 0x63:
        decode_branch(&i, word);
        break;
    case 0x03:
    case 0x23:
        decode_access(&i, word);
        break;
    case 0x13:
        decode_immediate_operation(&i, word, decoder);
        break;
    case 0x33:
        decode_register_operation(&i, word, decoder);
        break;
    case 0x0f:
        decode_fence(&i, word);
        break;
    case 0x73:
        decode_system(&i, word);
        break;
    default:
        break;
    }
    if (decoder.compressed && (word & 3) != 3)
        i.flags = SHORT;
    if (i.rd == 0)
        i.flags &= ~(uint32_t)WRITES;
    return i;
}

#endif
