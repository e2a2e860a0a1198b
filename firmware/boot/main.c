/* Stands in for the firmware where a chip's memory cannot hold all of it at power-up: receives it
 * over the serial port, and starts it. Has no banner, to be small: it speaks when it is asked. */
#include "cpu.h"
#include "monitor/monitor.h"

int main(void);

int main(void) {
    static const struct monitor monitor = {
        .stage = TW_STAGE_BOOT,
        .leave = TW_REQUEST_START,
        .writable = TW_MEMORY_BASE,
        .writable_end = TW_MEMORY_BASE + TW_FIRMWARE_BYTES - TW_BOOT_BYTES,
    };
    void (*firmware)(void) = (void (*)(void))(uintptr_t)monitor_serve(&monitor);
    code_cache_invalidate();
    firmware();
    return TW_EXIT_SUCCESS;
}
