#include "cold.h"

#include "frame.h"

#include <stdbool.h>

#include "uart.h"

/* Polls of the receiver before a frame counts as broken off, for each cycle of a bit: more than
 * 10,000 bytes' time. */
#define PATIENCE_POLLS 16384u

static const uint32_t CRC_OF_NIBBLE[16] = {
    0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
    0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};

static inline uint32_t crc_with(uint32_t crc, uint8_t byte) {
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

static uint8_t wait_for_byte(void) {
    uint32_t data;
    do {
        data = TW_UART->DATA;
    } while (!(data & TW_UART_DATA_VALID_MASK));
    return (uint8_t)data;
}

static void wait_for_sync(void) {
    uint8_t last, now = wait_for_byte();
    do {
        last = now;
        now = wait_for_byte();
    } while (last != TW_SYNC_0 || now != TW_SYNC_1);
}

/* Bytes that came before they stopped coming. */
static uint32_t take(void *to, uint32_t count, uint32_t *crc) {
    const uint32_t patience = TW_UART->BIT_CYCLES * PATIENCE_POLLS;
    uint8_t *target = to;
    uint32_t sum = *crc, taken = 0;
    while (taken < count) {
        uint32_t polls = patience, data;
        do {
            data = TW_UART->DATA;
        } while (!(data & TW_UART_DATA_VALID_MASK) && --polls);
        if (!polls) {
            break;
        }
        target[taken++] = (uint8_t)data;
        sum = crc_with(sum, (uint8_t)data);
    }
    *crc = sum;
    return taken;
}

static void set(struct tw_fault *fault, uint32_t code, uint32_t first, uint32_t second) {
    *fault = (struct tw_fault){code, {first, second, 0}};
}

void frame_receive(struct frame *frame, struct tw_fault *fault) {
    uint8_t header[4];
    uint32_t sum = ~0u, ignored = 0;
    wait_for_sync();
    set(fault, TW_FAULT_NONE, 0, 0);
    frame->sequence = 0;
    uint32_t got = take(header, sizeof header, &sum);
    if (got < sizeof header) {
        set(fault, TW_FAULT_INCOMPLETE, got, sizeof header);
        return;
    }
    frame->kind = header[0];
    frame->sequence = header[1];
    frame->length = (uint16_t)(header[2] | header[3] << 8);
    if (frame->length > TW_PAYLOAD_BYTES) {
        set(fault, TW_FAULT_LENGTH, frame->length, TW_PAYLOAD_BYTES);
        return;
    }
    got = take(frame->payload, frame->length, &sum);
    if (got == frame->length) {
        got += take(&frame->crc, sizeof frame->crc, &ignored);
    }
    if (got < frame->length + sizeof frame->crc) {
        set(fault, TW_FAULT_INCOMPLETE, got, frame->length + sizeof frame->crc);
    } else if (frame->crc != ~sum) {
        set(fault, TW_FAULT_CRC, ~sum, frame->crc);
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
    const uint8_t header[4] = {kind, sequence, (uint8_t)bytes, (uint8_t)(bytes >> 8)};
    uart_put(TW_SYNC_0);
    uart_put(TW_SYNC_1);
    uint32_t crc = ~send(payload, bytes, send(header, sizeof header, ~0u));
    send(&crc, sizeof crc, 0);
}
