/* The two functions of the C library that the compiler may call by itself. */
#include <stddef.h>
#include <stdint.h>

typedef uint32_t __attribute__((may_alias)) word;
#define WORD_MASK (sizeof(word) - 1)

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memset(void *to, int value, size_t bytes);

static inline int aligned(const void *pointer) {
    return ((uintptr_t)pointer & WORD_MASK) == 0;
}

void *memcpy(void *restrict to, const void *restrict from, size_t bytes) {
    uint8_t *target = to;
    const uint8_t *source = from, *end = source + bytes;
    if ((((uintptr_t)target ^ (uintptr_t)source) & WORD_MASK) == 0) {
        for (; source != end && !aligned(source); bytes--) {
            *target++ = *source++;
        }
        for (; bytes >= sizeof(word); bytes -= sizeof(word)) {
            *(word *)target = *(const word *)source;
            target += sizeof(word);
            source += sizeof(word);
        }
    }
    while (source != end) {
        *target++ = *source++;
    }
    return to;
}

void *memset(void *to, int value, size_t bytes) {
    uint8_t *target = to, *end = target + bytes;
    const word pattern = (uint8_t)value * 0x01010101u;
    for (; target != end && !aligned(target); bytes--) {
        *target++ = (uint8_t)value;
    }
    for (; bytes >= sizeof(word); bytes -= sizeof(word)) {
        *(word *)target = pattern;
        target += sizeof(word);
    }
    while (target != end) {
        *target++ = (uint8_t)value;
    }
    return to;
}
