// What the fused losses need beyond math.hpp: an exponential for numbers below 0, stores past the
// caches, reports.
#pragma once

#include "loss_mask.hpp"
#include "loss_table.hpp"
#include "math.hpp"

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

// exp(d) for d <= 0, NaN kept.  For float it spares what the losses do not need: an upper end, and
// a second step of reduction, without which it is off by at most 0.05 |d| units in the last place.
HEADWAY_INLINE VecFloat exp_below(VecFloat d) {
    using T = float;
    using C = ExpConstants<T>;
    const VecFloat y = upper<T>(splat<T>(C::least), d);
    // One step of reduction is enough if the product is not rounded: fused by name, not by chance.
    const VecFloat ln2 = splat<T>(-0.693147180559945f);
#ifdef HEADWAY_AVX512
    // As exp_bounded: with sixteenths looked up, a third of the multiply-adds are saved.
    const VecFloat magic = splat<T>(C::magic / 16);
    const VecFloat s = fma<T>(y, splat<T>(C::log2e), magic), n = s - magic;
    const VecFloat r = (VecFloat)_mm512_fmadd_ps((__m512)n, (__m512)ln2, (__m512)y);
    return power_of_2(s, n, expm1_short(r));
#else
    const VecFloat shifted = fma<T>(y, splat<T>(C::log2e), splat<T>(C::magic));
    const VecFloat n = shifted - splat<T>(C::magic);
#if HEADWAY_BYTES == 32
    const VecFloat r = (VecFloat)_mm256_fmadd_ps((__m256)n, (__m256)ln2, (__m256)y);
#else
    const VecFloat r = fma<T>(n, splat<T>(-C::ln2_low), fma<T>(n, splat<T>(-C::ln2_high), y));
    (void)ln2;
#endif
    VecFloat p = splat<T>(1.3814540e-3f);  // of least maximal error, with 1 + r kept
    p = fma<T>(p, r, splat<T>(8.3687451e-3f));
    p = fma<T>(p, r, splat<T>(4.1668391e-2f));
    p = fma<T>(p, r, splat<T>(1.6666520e-1f));
    p = fma<T>(p, r, splat<T>(4.9999993e-1f));
    p = fma<T>(p, r, splat<T>(1.0f));
    p = fma<T>(p, r, splat<T>(1.0f));
    // 2^n in two factors, so that results below the normal range are rounded once.
    constexpr int32_t magic_bits = 0x4b400000;
    const VecInt32 power = (float_to_bits<T>(shifted) - splat_int<T>(magic_bits - C::bias - 64))
                           << C::mantissa;
    return p * bits_to_float<T>(power) * splat<T>(5.421010862427522e-20f);
#endif
}
HEADWAY_INLINE VecDouble exp_below(VecDouble d) { return exp<double>(d); }

// 1 / x for x of 1 .. 2, to the last bit but one.
HEADWAY_INLINE VecFloat reciprocal(VecFloat x) {
#ifdef HEADWAY_AVX512
    using T = float;
    const VecFloat y = (VecFloat)_mm512_maskz_rcp14_ps((__mmask16)-1, (__m512)x);
    return fma<T>(fma<T>(-x, y, splat<T>(1)), y, y);
#else
    return splat<float>(1) / x;
#endif
}
HEADWAY_INLINE VecDouble reciprocal(VecDouble x) { return splat<double>(1) / x; }

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
    return pick<T>(is_equal<T>(u, u), log1p_positive<T>(u), u);
}

}  // namespace HEADWAY_LEVEL
}  // namespace headway
