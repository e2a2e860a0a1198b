#include "uart.h"

#include "tilewright.h"

#define DECIMAL_DIGITS 10

static void put(char byte) {
    while (!(TW_UART->STATUS & TW_UART_STATUS_TX_READY_MASK)) {
    }
    TW_UART->DATA = (uint8_t)byte;
}

void uart_text(const char *text) {
    while (*text) {
        put(*text++);
    }
}

void uart_decimal(uint32_t value) {
    char digits[DECIMAL_DIGITS];
    int count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    while (count) {
        put(digits[--count]);
    }
}

void uart_hexadecimal(uint32_t value) {
    uart_text("0x");
    for (int lsb = 28; lsb >= 0; lsb -= 4) {
        put("0123456789abcdef"[(value >> lsb) & 15]);
    }
}
