/* Text over the serial port; each call returns when the last byte is on its way. */
#ifndef UART_H
#define UART_H

#include <stdint.h>

#include "tilewright.h"

static inline void uart_put(uint8_t byte) {
    while (!(TW_UART->STATUS & TW_UART_STATUS_TX_READY_MASK)) {
    }
    TW_UART->DATA = byte;
}

void uart_text(const char *text);
void uart_decimal(uint32_t value);
void uart_hexadecimal(uint32_t value);

#endif
