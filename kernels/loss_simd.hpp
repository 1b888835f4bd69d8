// What the fused losses need beyond simd.hpp: masks of bytes, stores past the caches, counts.
#pragma once

#include "loss_table.hpp"
#include "math.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace headway {
namespace HEADWAY_LEVEL {

template <class T> struct Limits;
template <> struct Limits<float> {
    static constexpr float most = 3.402823466e+38f;
    static constexpr float infinity = __builtin_inff();
};
template <> struct Limits<double> {
    static constexpr double most = 1.7976931348623157e+308;
    static constexpr double infinity = __builtin_inf();
};
template <class T> HEADWAY_INLINE bool is_finite(T x) { return x - x == T(0); }

template <class T> struct Bytes;
template <> struct Bytes<float> {
    typedef uint8_t V __attribute__((vector_size(HEADWAY_BYTES / 4)));
};
template <> struct Bytes<double> {
    typedef uint8_t V __attribute__((vector_size(HEADWAY_BYTES / 8)));
};

// -1 where a byte is not 0.
template <class T> HEADWAY_INLINE Int<T> load_flags(const uint8_t *p) {
    typename Bytes<T>::V bytes;
    std::memcpy(&bytes, p, sizeof bytes);
    return __builtin_convertvector(bytes, Int<T>) != splat_int<T>(0);
}
template <class T> HEADWAY_INLINE Int<T> load_some_flags(const uint8_t *p, int64_t count) {
    uint8_t bytes[LANES<T>] = {};
    std::memcpy(bytes, p, size_t(count));
    return load_flags<T>(bytes);
}

template <class T> HEADWAY_INLINE bool any(Int<T> v) {
    uint64_t words[HEADWAY_BYTES / 8];
    std::memcpy(words, &v, sizeof v);
    uint64_t all = 0;
    for (uint64_t word : words) all |= word;
    return all != 0;
}
template <class T> HEADWAY_INLINE double count(Int<T> minus_counts) {
    typename Types<T>::Scalar lanes[LANES<T>];
    std::memcpy(lanes, &minus_counts, sizeof lanes);
    int64_t total = 0;
    for (auto lane : lanes) total -= lane;
    return double(total);
}
template <class T> HEADWAY_INLINE Int<T> lane_numbers() {
    Int<T> numbers;
    for (int i = 0; i < LANES<T>; ++i) numbers[i] = i;
    return numbers;
}

// Lanes added in pairs as doubles, so that sums over many entries lose nothing.
HEADWAY_INLINE VecDouble widened(VecFloat v) {
    VecDouble low, high;
    widen(v, low, high);
    return low + high;
}
HEADWAY_INLINE VecDouble widened(VecDouble v) { return v; }

// `p` must be aligned to the vector.  Writes memory without reading it first, and leaves the
// caches to what is used again; `end_stream` orders such stores before all that follows.
template <class T> HEADWAY_INLINE void store_stream(T *p, Vec<T> v) {
#if HEADWAY_BYTES == 64
    if constexpr (sizeof(T) == 4) _mm512_stream_ps(p, (__m512)v);
    else _mm512_stream_pd(p, (__m512d)v);
#elif HEADWAY_BYTES == 32
    if constexpr (sizeof(T) == 4) _mm256_stream_ps(p, (__m256)v);
    else _mm256_stream_pd(p, (__m256d)v);
#elif defined(__SSE2__)
    if constexpr (sizeof(T) == 4) _mm_stream_ps(p, (__m128)v);
    else _mm_stream_pd(p, (__m128d)v);
#else
    store<T>(p, v);
#endif
}
HEADWAY_INLINE void end_stream() {
#if defined(__SSE2__)
    _mm_sfence();
#endif
}

// How many entries lie before the first that is aligned to the vector, at most `size`.
template <class T> HEADWAY_INLINE int64_t unaligned(const T *p, int64_t size) {
    const int64_t past = int64_t(reinterpret_cast<uintptr_t>(p) % HEADWAY_BYTES) / int64_t(sizeof(T));
    const int64_t head = past == 0 ? 0 : LANES<T> - past;
    return head < size ? head : size;
}

constexpr int64_t STAGE = 2048;  // entries that are collected and go to memory together

// Copies from the stage, which has room for a vector more than `size`.
template <class T> HEADWAY_INLINE void write_out(const T *stage, T *out, int64_t size, bool stream) {
    constexpr int L = LANES<T>;
    int64_t at = 0;
    if (stream) {
        at = unaligned<T>(out, size);
        if (at > 0) store_some<T>(out, load<T>(stage), at);
        for (; at + L <= size; at += L) store_stream<T>(out + at, load<T>(stage + at));
    } else {
        for (; at + L <= size; at += L) store<T>(out + at, load<T>(stage + at));
    }
    if (at < size) store_some<T>(out + at, load<T>(stage + at), size - at);
}

HEADWAY_INLINE void raise_flag(LossReport *report, int flag) {
    if (flag != 0) __atomic_fetch_or(&report->flags, flag, __ATOMIC_RELAXED);
}
HEADWAY_INLINE void report_empty(LossReport *report, int64_t row) {
    raise_flag(report, ROW_EMPTY);
    int64_t known = __atomic_load_n(&report->empty_row, __ATOMIC_RELAXED);
    while (row < known && !__atomic_compare_exchange_n(&report->empty_row, &known, row, false,
                                                       __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
}

// log(1 + u) for u of 0 .. K; NaN stays NaN.
template <class T> HEADWAY_INLINE Vec<T> log1p_or_nan(Vec<T> u) {
    return choose<T>(u == u, log1p_positive<T>(u), u);
}

}  // namespace HEADWAY_LEVEL
}  // namespace headway
