// As much of zlib.h as Verilator's FST writer calls, so that waveforms need no library of the
// system. The stream is valid but stores its bytes as they are (RFC 1950, RFC 1951 section 3.2.4):
// the writer uses it for small tables only.
#pragma once

#include <cstring>
#include <initializer_list>

using Bytef = unsigned char;
using uLong = unsigned long;
using uLongf = unsigned long;
constexpr int Z_OK = 0;
constexpr int Z_BUF_ERROR = -5;

namespace zlib_stored {

constexpr uLong BLOCK = 65535;
constexpr uLong ADLER = 65521;

inline uLong blocks(uLong size) {
    return size ? (size + BLOCK - 1) / BLOCK : 1;
}

} // namespace zlib_stored

inline uLong compressBound(uLong size) {
    return 2 + 5 * zlib_stored::blocks(size) + size + 4;
}

inline int compress2(Bytef *out, uLongf *capacity, const Bytef *in, uLong size, int /*level*/) {
    using namespace zlib_stored;
    const uLong needed = compressBound(size);
    if (*capacity < needed)
        return Z_BUF_ERROR;
    *capacity = needed;
    *out++ = 0x78;
    *out++ = 0x01;
    uLong a = 1, b = 0;
    for (uLong left = size, block = blocks(size); block--;) {
        const uLong count = left < BLOCK ? left : BLOCK;
        *out++ = block == 0;
        for (const uLong field : {count, ~count}) {
            *out++ = static_cast<Bytef>(field);
            *out++ = static_cast<Bytef>(field >> 8);
        }
        if (count)
            std::memcpy(out, in, count);
        out += count;
        left -= count;
        for (uLong i = 0; i < count; ++i) {
            a = (a + in[i]) % ADLER;
            b = (b + a) % ADLER;
        }
        in += count;
    }
    for (const uLong half : {b, a}) {
        *out++ = static_cast<Bytef>(half >> 8);
        *out++ = static_cast<Bytef>(half);
    }
    return Z_OK;
}
