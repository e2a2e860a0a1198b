#include "cold.h"

#include "admission.h"

#include "pointer.h"

#define REFUSE(code, ...)                                                                          \
    do {                                                                                           \
        *fault = (struct tw_fault){code, {__VA_ARGS__}};                                           \
        return false;                                                                              \
    } while (0)

static uint32_t crc_of_image(uint32_t bytes) {
    TW_CHECKER->ADDRESS = TW_PROGRAM_BASE;
    TW_CHECKER->BYTES = bytes;
#if TW_FEEDS_CHECKER
    const uint32_t *word = at(TW_PROGRAM_BASE), *end = at(TW_PROGRAM_BASE + bytes);
    while (word != end) {
        TW_CHECKER->DATA = *word++;
    }
#else
    while (TW_CHECKER->BYTES) {
    }
#endif
    return TW_CHECKER->CRC;
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
    const uint32_t least = TW_CHECKER->RELEASE;
    if (release < least) {
        REFUSE(TW_FAULT_OLD, release, least, 0);
    }
    TW_CHECKER->RELEASE = release;
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
