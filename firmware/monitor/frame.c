#include "cold.h"

#include "frame.h"

#include "uart.h"

/* Polls of the receiver before a frame counts as broken off, for each cycle of a bit: more than
 * 10,000 bytes' time. */
#define PATIENCE_POLLS 16384u

/* Of a frame's body and its own CRC behind it. */
#define CRC_RESIDUE 0xdebb20e3u

static const uint32_t CRC_OF_NIBBLE[16] = {
    0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
    0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};

static uint32_t crc_with(uint32_t crc, uint8_t byte) {
    crc ^= byte;
    crc = (crc >> 4) ^ CRC_OF_NIBBLE[crc & 15];
    return (crc >> 4) ^ CRC_OF_NIBBLE[crc & 15];
}

uint32_t crc_of(const uint8_t *bytes, size_t count) {
    uint32_t crc = ~0u;
    while (count--) {
        crc = crc_with(crc, *bytes++);
    }
    return ~crc;
}

static void wait_for_sync(void) {
    uint32_t last, now = 0;
    do {
        last = now;
        do {
            now = TW_UART->DATA;
        } while (!(now & TW_UART_DATA_VALID_MASK));
    } while (last != (TW_UART_DATA_VALID_MASK | TW_SYNC_0) ||
             now != (TW_UART_DATA_VALID_MASK | TW_SYNC_1));
}

/* Takes bytes, and returns the CRC that they go on with; the fault says when they stop coming. */
static uint32_t take(void *to, uint32_t count, uint32_t crc, struct tw_fault *fault) {
    const uint32_t patience = TW_UART->BIT_CYCLES * PATIENCE_POLLS;
    uint8_t *target = to;
    for (uint32_t taken = 0; taken < count; taken++) {
        uint32_t polls = patience, data;
        do {
            data = TW_UART->DATA;
        } while (!(data & TW_UART_DATA_VALID_MASK) && --polls);
        if (!polls) {
            fault->code = TW_FAULT_INCOMPLETE;
            fault->details[0] = taken;
            fault->details[1] = count;
            break;
        }
        target[taken] = (uint8_t)data;
        crc = crc_with(crc, (uint8_t)data);
    }
    return crc;
}

void frame_receive(struct frame *frame, struct tw_fault *fault) {
    wait_for_sync();
    fault->code = TW_FAULT_NONE;
    uint32_t crc = take(frame, 4, ~0u, fault);
    if (fault->code) {
        return;
    }
    if (frame->length > TW_PAYLOAD_BYTES) {
        fault->code = TW_FAULT_LENGTH;
        fault->details[0] = frame->length;
        fault->details[1] = TW_PAYLOAD_BYTES;
        return;
    }
    crc = take(frame->payload, frame->length, crc, fault);
    if (fault->code) {
        return;
    }
    crc = take(&frame->crc, sizeof frame->crc, crc, fault);
    if (!fault->code && crc != CRC_RESIDUE) {
        fault->code = TW_FAULT_CRC;
        fault->details[0] = frame->crc;
    }
}

static uint32_t send(const void *from, size_t count, uint32_t crc) {
    const uint8_t *bytes = from;
    while (count--) {
        uart_put(*bytes);
        crc = crc_with(crc, *bytes++);
    }
    return crc;
}

void frame_send(uint8_t kind, uint8_t sequence, const void *payload, size_t bytes) {
    const uint32_t sync = TW_SYNC_0 | TW_SYNC_1 << 8;
    const uint32_t header = kind | (uint32_t)sequence << 8 | bytes << 16;
    send(&sync, 2, 0);
    uint32_t crc = ~send(payload, bytes, send(&header, sizeof header, ~0u));
    send(&crc, sizeof crc, 0);
}
