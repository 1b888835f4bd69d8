// Writes that go around the cache, and a map over arrays that uses them.
//
// An ordinary store to memory that is not in the cache first reads the line it is about to
// overwrite: a third of the traffic of a copy.  Non-temporal stores leave that out, and leave the
// cache to the input.  The traps: they must be aligned, and are not ordered with what follows, so
// each task ends with a fence; and a result that would have fitted into the cache should stay
// there for whoever reads it next, so that only large outputs are streamed.
#pragma once

#include "simd.hpp"

#if HEADWAY_BYTES == 16 && defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace headway {
namespace HEADWAY_LEVEL {
namespace {

constexpr int64_t STREAM_FROM = int64_t(1) << 22;  // bytes of output

// In place nothing is gained: the line has been read already.
template <class T> HEADWAY_INLINE bool worth_streaming(const T *in, const T *out, int64_t size) {
    return in != out && size >= STREAM_FROM / int64_t(sizeof(T));
}

// `p` must be a multiple of BYTES.
template <class T> HEADWAY_INLINE void stream(T *p, Vec<T> v) {
#if HEADWAY_BYTES == 64
    _mm512_stream_si512(reinterpret_cast<__m512i *>(p), (__m512i)v);
#elif HEADWAY_BYTES == 32
    _mm256_stream_si256(reinterpret_cast<__m256i *>(p), (__m256i)v);
#elif defined(__SSE2__)
    _mm_stream_si128(reinterpret_cast<__m128i *>(p), (__m128i)v);
#else
    store<T>(p, v);
#endif
}

HEADWAY_INLINE void end_of_stream() {
#if defined(__SSE2__)
    __builtin_ia32_sfence();
#endif
}

// Entries before the first one of `p` that lies on a vector's boundary.
template <class T> HEADWAY_INLINE int64_t until_aligned(const T *p) {
    const uintptr_t beyond = reinterpret_cast<uintptr_t>(p) % BYTES;
    return beyond == 0 ? 0 : int64_t((BYTES - beyond) / sizeof(T));
}

template <class T, class F>
HEADWAY_INLINE void map_some(const T *in, T *out, int64_t count, const F &f) {
    if (count > 0) store_some<T>(out, f(load_some<T>(in, count, T(0))), count);
}

// out = f(in), entry by entry; `in` may be `out`.
template <bool STREAM, class T, class F>
HEADWAY_INLINE void map(const T *in, T *out, int64_t size, const F &f) {
    int64_t i = 0;
    if constexpr (STREAM) {
        i = until_aligned(out) < size ? until_aligned(out) : size;
        map_some(in, out, i, f);
    }
    for (; i + LANES<T> <= size; i += LANES<T>) {
        const Vec<T> v = f(load<T>(in + i));
        if constexpr (STREAM) {
            stream<T>(out + i, v);
        } else {
            store<T>(out + i, v);
        }
    }
    map_some(in + i, out + i, size - i, f);
}

template <class T, class F>
HEADWAY_INLINE void map(const T *in, T *out, int64_t size, const F &f, bool streaming) {
    if (streaming) {
        map<true>(in, out, size, f);
    } else {
        map<false>(in, out, size, f);
    }
}

}  // namespace
}  // namespace HEADWAY_LEVEL
}  // namespace headway
