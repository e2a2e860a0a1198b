// LZ4's block compression, as much of lz4.h as Verilator's FST writer calls, so that waveforms need
// no library of the system. Greedy, with one candidate for each hash; format:
// https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

namespace lz4_block {

constexpr int MIN_MATCH = 4;
constexpr int LAST_LITERALS = 5; // the block ends with at least as many
constexpr int MATCH_LIMIT = 12;  // no match starts in the last bytes
constexpr int MAX_OFFSET = 65535;
constexpr int HASH_BITS = 14;

inline uint32_t read32(const uint8_t *from) {
    uint32_t word;
    std::memcpy(&word, from, sizeof word);
    return word;
}

inline uint8_t *put_length(uint8_t *out, int rest) {
    for (; rest >= 255; rest -= 255)
        *out++ = 255;
    *out++ = static_cast<uint8_t>(rest);
    return out;
}

// Literals, then a match of `length` bytes `offset` back; no match where length is 0.
inline uint8_t *put_sequence(uint8_t *out, const uint8_t *literals, int count, int offset,
                             int length) {
    const int extra = length ? length - MIN_MATCH : 0;
    *out++ = static_cast<uint8_t>((count < 15 ? count : 15) << 4 | (extra < 15 ? extra : 15));
    if (count >= 15)
        out = put_length(out, count - 15);
    if (count)
        std::memcpy(out, literals, count);
    out += count;
    if (!length)
        return out;
    *out++ = static_cast<uint8_t>(offset);
    *out++ = static_cast<uint8_t>(offset >> 8);
    return extra >= 15 ? put_length(out, extra - 15) : out;
}

} // namespace lz4_block

inline int LZ4_compressBound(int size) {
    return size + size / 255 + 16;
}

// Returns the bytes written to `destination`, which must have room for LZ4_compressBound(size).
inline int LZ4_compress_default(const char *source, char *destination, int size, int capacity) {
    using namespace lz4_block;
    if (capacity < LZ4_compressBound(size))
        return 0;
    const auto *in = reinterpret_cast<const uint8_t *>(source);
    auto *out = reinterpret_cast<uint8_t *>(destination);
    std::vector<int> seen(1 << HASH_BITS, -1);
    int anchor = 0;
    for (int at = 0; at < size - MATCH_LIMIT;) {
        const uint32_t word = read32(in + at);
        int &slot = seen[word * 2654435761u >> (32 - HASH_BITS)];
        const int candidate = slot;
        slot = at;
        if (candidate < 0 || at - candidate > MAX_OFFSET || read32(in + candidate) != word) {
            ++at;
            continue;
        }
        int length = MIN_MATCH;
        while (at + length < size - LAST_LITERALS && in[candidate + length] == in[at + length])
            ++length;
        out = put_sequence(out, in + anchor, at - anchor, at - candidate, length);
        at += length;
        anchor = at;
    }
    out = put_sequence(out, in + anchor, size - anchor, 0, 0);
    return static_cast<int>(reinterpret_cast<char *>(out) - destination);
}
