/* The accelerator's bus: whose request goes to memory next, and when it is answered
 * (hw.npu.memory.bus_multiplexer, hw.soc.arbiter).
 */
#ifndef BUS_H
#define BUS_H

#include "state.h"
#include "transfers.h"

/* The client that asks and is granted the bus, or CLIENTS. */
static inline int granted_client(Npu *n) {
    bool asks[CLIENTS] = {
        [FETCH] = n->fetch.enabled && n->fetch.room,
        [RECORD] = n->profile.full,
        [TRANSFERS] = transfers_ask(n),
        [WEIGHTS] = n->dma.active && n->dma.may_request,
    };
    if (n->spare.client)
        return CLIENTS;
    int chosen = n->turn;
    if (!asks[chosen])
        for (chosen = 0; chosen < CLIENTS && !asks[chosen]; chosen++)
            ;
    return chosen;
}

enum { WRITES = 0x80 }; /* of a request: what it does */

/* A cycle of the bus beside the chip's other masters, and of the CPU; when what is asked for is
 * answered, or 0. */
static int64_t chip_tick(Npu *n) {
    const Chip *chip = n->chip;
    bool asks = n->strobe.client, writes = n->strobe.client & WRITES;
    int64_t offset = asks ? ((int64_t)n->strobe.word << n->bus_shift) - MEMORY_START : -1;
    if (n->cpu_awake) {
        int64_t answer = chip->cycle(chip->core, offset, writes);
        if (answer != ALONE)
            return answer;
        n->cpu_awake = false;
    }
    return asks ? memory_answer(chip->memory, chip->start + n->now, offset, writes) : 0;
}

/* What stands at the bus's register goes to memory, in turns with the CPU's requests. Returns
 * whether it has to wait. */
static inline bool bus_tick(Npu *n) {
    int64_t answer = 0;
    bool waits = n->cpu_requests && n->npu_last;
    if (n->chip)
        answer = chip_tick(n) - n->chip->start;
    else if (n->strobe.client && !waits)
        answer = n->now + n->latency;
    if (n->strobe.client && answer > 0) {
        n->answers[(answer + 1) % ANSWERS] = (uint8_t)n->strobe.client;
        n->npu_last = true;
        n->on_their_way++;
        return false;
    }
    if (n->cpu_requests && n->now > FIRST_FETCH) {
        n->cpu_requests--;
        n->npu_last = false;
    }
    return n->strobe.client;
}

/* The word of main memory that a client asks for. */
static inline uint32_t wanted_word(const Npu *n, int client) {
    switch (client) {
    case FETCH:
        return n->fetch.address;
    case RECORD:
        return n->profile.word;
    case TRANSFERS:
        return front(&n->transfers.whole)->word;
    default:
        return n->dma.word;
    }
}

/* What is granted goes to the bus's register, or while that waits behind it. */
static inline void request(Npu *n, int client, bool waits) {
    BusRequest following = {0};
    if (client != CLIENTS) {
        bool writes =
            client == RECORD || (client == TRANSFERS && front(&n->transfers.whole)->store);
        following.client = (client + 1) | (writes ? WRITES : 0);
        following.word = wanted_word(n, client);
        n->turn = (n->turn + 1) % CLIENTS;
    }
    if (waits) {
        if (following.client)
            n->spare = following;
        return;
    }
    n->strobe = n->spare.client ? n->spare : following;
    n->spare.client = 0;
}

#endif
