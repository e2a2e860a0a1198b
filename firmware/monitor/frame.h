/* Frames over the serial port: see hw/spec/monitor.py. */
#ifndef FRAME_H
#define FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "tilewright.h"

struct frame {
    uint8_t kind;
    uint8_t sequence;
    uint16_t length; /* bytes of the payload */
    uint32_t payload[TW_PAYLOAD_BYTES / 4];
    uint32_t crc;
};

/* CRC-32 of bytes in memory. */
uint32_t crc_of(const uint8_t *bytes, size_t count);

/* Waits for a frame and takes it. The fault is what is wrong with it, or TW_FAULT_NONE. */
void frame_receive(struct frame *frame, struct tw_fault *fault);

void frame_send(uint8_t kind, uint8_t sequence, const void *payload, size_t bytes);

#endif
