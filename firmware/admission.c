#include "cold.h"

#include "admission.h"

#include "cpu.h"
#include "monitor/frame.h"
#include "pointer.h"

#define REFUSE(code, ...)                                                                          \
    do {                                                                                           \
        *fault = (struct tw_fault){code, {__VA_ARGS__}};                                           \
        return false;                                                                              \
    } while (0)

#if TW_HAS_CHECKER

static uint32_t crc_of_image(uint32_t bytes) {
    TW_CHECKER->ADDRESS = TW_PROGRAM_BASE;
    TW_CHECKER->BYTES = bytes;
    while (TW_CHECKER->BYTES) {
    }
    return TW_CHECKER->CRC;
}

static uint32_t latest_release(void) {
    return TW_CHECKER->RELEASE;
}

static void keep_release(uint32_t release) {
    TW_CHECKER->RELEASE = release;
}

#else

static uint32_t crc_of_image(uint32_t bytes) {
    const uint32_t crc = crc_of(at(TW_PROGRAM_BASE), bytes);
    /* The inference finds its data as cold as behind a checker. */
    data_cache_invalidate();
    return crc;
}

/* The release and its complement: a reset leaves both, and at power-up they are noise. */
static uint32_t kept[2] __attribute__((section(".kept")));

static uint32_t latest_release(void) {
    return kept[0] == ~kept[1] ? kept[0] : 0;
}

static void keep_release(uint32_t release) {
    kept[0] = release;
    kept[1] = ~release;
}

#endif

/* Whether firmware finds its steps in the image, and writes their times behind it. */
static bool lies_well(const struct tw_program *program, uint32_t image_end, uint32_t end,
                      struct tw_fault *fault) {
    const uint32_t steps = program->step_count;
    const struct {
        uint32_t word, address, each, from, to;
    } parts[] = {
        {4, program->steps_address, sizeof(struct tw_step), TW_PROGRAM_BASE, image_end},
        {6, program->times_address, sizeof(struct tw_step_times), image_end, end},
        {7, program->total_address, 0, image_end, end - 8},
    };
    for (uint32_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const uint32_t room = parts[i].to - parts[i].address;
        const bool inside = parts[i].address >= parts[i].from && parts[i].address <= parts[i].to;
        if (!inside || parts[i].address & 3 || (parts[i].each && steps > room / parts[i].each)) {
            REFUSE(TW_FAULT_PROGRAM, parts[i].word, parts[i].address, parts[i].from);
        }
    }
    return true;
}

bool admitted(const struct tw_program *program, struct tw_fault *fault) {
    const uint32_t bytes = program->image_bytes, release = program->release;
    const uint32_t room = TW_MEMORY_BASE + TW_SYSTEM->MEMORY_BYTES - TW_PROGRAM_BASE;
    uint32_t crc = 0;
    if (bytes - 1 < room && !(bytes & (TW_PROGRAM_ALIGNMENT - 1))) {
        crc = crc_of_image(bytes);
    }
    if (crc != TW_PROGRAM_CRC) {
        REFUSE(TW_FAULT_DAMAGED, bytes, crc, TW_PROGRAM_CRC);
    }
    if (!lies_well(program, TW_PROGRAM_BASE + bytes, TW_PROGRAM_BASE + room, fault)) {
        return false;
    }
    const uint32_t least = latest_release();
    if (release < least) {
        REFUSE(TW_FAULT_OLD, release, least, 0);
    }
    keep_release(release);
#if TW_HAS_NPU
    const uint32_t lock = TW_PROGRAM_BASE + bytes;
    TW_NPU->LOCK = lock;
    if (TW_NPU->LOCK != lock) {
        REFUSE(TW_FAULT_LOCK, TW_NPU->LOCK, lock, 0);
    }
    TW_NPU->LIMIT = program->npu_limit;
#endif
    return true;
}
