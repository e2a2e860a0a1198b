/* Both buses of the CPU up to main memory, and its peripherals. */
#ifndef BUS_H
#define BUS_H

#include "state.h"

enum { DATA_MASTER, CODE_MASTER, NPU_MASTER, CHECKER_MASTER, MASTERS };
enum { UART_FRAME_BITS = 10 };

/* What hw/soc/checker.py tells of main memory; where it ends, of what is there. */
static inline uint32_t check_memory(const Core *c, uint32_t place, uint32_t bytes) {
    uint32_t of_byte[256], crc = ~0u;
    for (uint32_t i = 0; i < 256; i++) {
        of_byte[i] = i;
        for (int bit = 0; bit < 8; bit++)
            of_byte[i] = of_byte[i] >> 1 ^ (of_byte[i] & 1 ? 0xedb88320u : 0);
    }
    for (; bytes && place < c->memory_bytes; bytes--, place++)
        crc = crc >> 8 ^ of_byte[(crc ^ c->memory[place]) & 255];
    return ~crc;
}

static inline uint32_t peripheral_load(Core *c, uint32_t address) {
    if (address == TIMER_CYCLES)
        return (uint32_t)c->now;
    if (address == UART_STATUS)
        return c->now >= c->transmits ? UART_READY : 0;
    if (address == CHECKER_BYTES) {
        if (c->check_left)
            return c->check_left << (c->lane_bits + 2);
        c->polls += c->now < c->checked;
        return c->now < c->checked ? (uint32_t)(c->checked - c->now) << (c->lane_bits + 2) : 0;
    }
    if (address == CHECKER_CRC)
        return c->check_crc;
    if (address == NPU_LOCK)
        return c->lock;
    for (int i = 0; i < c->constant_count; i++)
        if (c->constants[i][0] == address)
            return c->constants[i][1];
    raise_event(c, EVENT_BAD_REGISTER, address);
    return 0;
}

static inline void peripheral_store(Core *c, uint32_t address, uint32_t value) {
    if (address == UART_DATA) {
        if (c->now >= c->transmits)
            c->transmits = c->now + 1 + UART_FRAME_BITS * UART_BIT_CYCLES;
    } else if (address == NPU_CONTROL && value & NPU_START) {
        c->stream_start = c->now + STREAM_STARTS;
        raise_event(c, EVENT_STREAM, value);
    } else if (address == NPU_CONTROL) {
        c->raised = NEVER; /* acknowledged */
    } else if (address == FINISHER_EXIT) {
        raise_event(c, EVENT_EXIT, value);
    } else if (address == CHECKER_ADDRESS) {
        c->check_address = value;
    } else if (address == CHECKER_BYTES) {
        c->check_crc = check_memory(c, c->check_address - MEMORY_BASE, value);
        if (c->timed) {
            c->check_left = value >> (c->lane_bits + 2);
            c->check_asks = c->now + 1;
        } else {
            c->checked = c->now + (value >> (c->lane_bits + 2)) + c->latency + 1;
        }
    } else if (address == NPU_LOCK) {
        if (value > c->lock)
            c->lock = value;
    } else if (address != NPU_COMMAND_ADDRESS && address != NPU_PROFILE_ADDRESS &&
               address != NPU_LIMIT && address != CHECKER_RELEASE) {
        raise_event(c, EVENT_BAD_REGISTER, address);
    }
}

/* hw/soc/decoder.py; true when the access is answered. */
static inline bool access_peripheral(Core *c) {
    switch (c->peripheral) {
    case NO_ACCESS:
        if (!c->data.holding)
            c->peripheral = REQUESTED;
        return false;
    case REQUESTED:
        if (c->front.store)
            peripheral_store(c, c->front.address, c->front.value);
        else
            c->peripheral_value = peripheral_load(c, c->front.address & ~3u);
        c->peripheral = ANSWERED;
        return false;
    default:
        c->peripheral = NO_ACCESS;
        return true;
    }
}

static inline bool has_room(const Core *c, const Bridge *bridge) {
    return bridge->answered[bridge->posted] < c->now;
}

static inline void begin_read(const Core *c, Bridge *bridge, bool line, uint32_t address) {
    int lane = (int)(address >> 2) & ((1 << c->lane_bits) - 1);
    bridge->reading = true;
    bridge->address = line ? address & ~(LINE_BYTES - 1) : address;
    bridge->issued = bridge->received = 0;
    bridge->wanted = line ? LINE_WORDS >> c->lane_bits : 1;
    bridge->word = line ? 0 : lane;
    bridge->last_word = line ? LINE_WORDS - 1 : lane;
}

/* A word for the CPU. */
static inline bool read_word(const Core *c, Bridge *bridge) {
    while (bridge->received < bridge->issued && bridge->arrives[bridge->received] < c->now)
        bridge->received++;
    return bridge->word >> c->lane_bits < bridge->received;
}

/* Whether a word has been read is told before this cycle's requests. */
static inline void request_beat(Bridge *bridge, int64_t answer) {
    if (answer)
        bridge->arrives[bridge->issued++] = answer;
}

/* Who asks and comes next behind the last one, or MASTERS. */
static inline int granted(const bool *asks, int last) {
    for (int i = 1; i <= MASTERS; i++)
        if (asks[(last + i) % MASTERS])
            return (last + i) % MASTERS;
    return MASTERS;
}

static inline int64_t beat_offset(const Core *c, const Bridge *bridge) {
    uint32_t address = (bridge->address & ~UNCACHED) - MEMORY_BASE;
    return (uint32_t)(address + ((uint32_t)bridge->issued << (c->lane_bits + 2)));
}

/* When the request of a master is answered; 0: memory does not take it. */
static inline int64_t memory_answers(Core *c, int master, bool stores) {
    if (!c->timed)
        return c->now + c->latency;
    switch (master) {
    case DATA_MASTER:
        return memory_answer(c->timed, c->now, beat_offset(c, &c->data), stores);
    case CODE_MASTER:
        return memory_answer(c->timed, c->now, beat_offset(c, &c->instructions), false);
    case NPU_MASTER:
        return memory_answer(c->timed, c->now, c->npu_offset, c->npu_writes);
    default:
        return memory_answer(c->timed, c->now, c->check_address - MEMORY_BASE, false);
    }
}

/* A beat of the checker's has been taken. */
static inline void check_beat(Core *c, int64_t answer) {
    c->check_address += 4u << c->lane_bits;
    if (--c->check_left == 0)
        c->checked = answer + 1;
}

typedef struct {
    bool answered, word;
} Answer;

/* A cycle of both bridges and the arbiter (hw/soc/arbiter.py). Tells what the
 * data side gets. */
static inline Answer bus(Core *c) {
    Bridge *data = &c->data, *code = &c->instructions;
    Request *front = &c->front;
    Answer answer = {false, false};
    bool reads = false, stores = false, fetches = false, code_word = false;
    bool to_memory = front->full && !in_registers(front->address);

    if (data->reading) {
        reads = data->issued != data->wanted;
        answer.word = read_word(c, data);
        answer.answered = answer.word && data->word == data->last_word;
    } else if (data->holding) {
        stores = true;
    } else if (to_memory && front->store) {
        stores = answer.answered = has_room(c, data);
        data->address = front->address;
        data->issued = 0;
    } else if (to_memory) {
        begin_read(c, data, front->line, front->address);
        reads = true;
    }
    if (front->full && !to_memory) {
        answer.answered = access_peripheral(c);
        answer.word = answer.answered && !front->store;
    }
    if (code->reading) {
        fetches = code->issued != code->wanted;
        code_word = read_word(c, code);
    } else if (c->fetch.asks) {
        begin_read(c, code, true, c->fetch.line);
        c->fetch.asks = false;
        fetches = true;
    }

    bool asks[MASTERS] = {
        [DATA_MASTER] = reads || stores,
        [CODE_MASTER] = fetches,
        [NPU_MASTER] = c->npu_requests || (c->now >= c->npu_asks && c->now < c->npu_asks_up_to),
        [CHECKER_MASTER] = c->check_left && c->now >= c->check_asks,
    };
    int master = granted(asks, c->last_master);
    int64_t taken = master == MASTERS ? 0 : memory_answers(c, master, stores);
    int64_t data_taken = master == DATA_MASTER ? taken : 0;
    int64_t code_taken = master == CODE_MASTER ? taken : 0;
    if (taken)
        c->last_master = master;
    c->beats += data_taken || code_taken;
    if (stores) {
        data->holding = !data_taken;
        if (data_taken) {
            data->answered[data->posted] = data_taken;
            data->posted = (data->posted + 1) % MOST_POSTED;
        }
    } else if (reads) {
        request_beat(data, data_taken);
    }
    if (fetches)
        request_beat(code, code_taken);
    if (master == NPU_MASTER)
        c->npu_answer = taken;
    if (master == CHECKER_MASTER && taken)
        check_beat(c, taken);
    if (answer.word && data->reading) {
        data->reading = data->word != data->last_word;
        data->word++;
    }
    if (code_word) {
        code->reading = code->word != code->last_word;
        code->word++;
    }
    c->fetch.arrives = code_word;
    if (answer.answered)
        front->full = false;
    return answer;
}

#endif
