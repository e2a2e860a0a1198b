/* Text over the serial port; each call returns when the last byte is on its way. */
#ifndef UART_H
#define UART_H

#include <stdint.h>

void uart_text(const char *text);
void uart_decimal(uint32_t value);
void uart_hexadecimal(uint32_t value);

#endif
