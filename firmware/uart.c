#include "uart.h"

#define DECIMAL_DIGITS 10

void uart_text(const char *text) {
    while (*text) {
        uart_put((uint8_t)*text++);
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
        uart_put((uint8_t)digits[--count]);
    }
}

void uart_hexadecimal(uint32_t value) {
    uart_text("0x");
    for (int lsb = 28; lsb >= 0; lsb -= 4) {
        uart_put((uint8_t)"0123456789abcdef"[(value >> lsb) & 15]);
    }
}
