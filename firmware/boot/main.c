/* Stands in for the firmware where a chip's memory cannot hold all of it at power-up: receives it
 * over the serial port, and starts it. */
#include "cpu.h"
#include "monitor/monitor.h"
#include "uart.h"

extern const char copied[];

int main(void);

int main(void) {
    const struct monitor monitor = {
        .stage = TW_STAGE_BOOT,
        .leave = TW_REQUEST_START,
        .writable = TW_MEMORY_BASE,
        .writable_end = (uint32_t)(uintptr_t)copied,
    };
    const struct tw_fault none = {TW_FAULT_NONE, {0, 0, 0}};
    uart_text("\nTilewright boot stage\n");
    void (*firmware)(void) = (void (*)(void))(uintptr_t)monitor_serve(&monitor);
    monitor_answer(&none);
    firmware();
    return TW_EXIT_SUCCESS;
}
