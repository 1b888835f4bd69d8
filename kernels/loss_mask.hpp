// Conditions lane by lane, in the form the level likes best: a mask register of AVX-512, or a
// vector of 0 and -1.  Comparisons with NaN are false.
#pragma once

#include "simd.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace headway {
namespace HEADWAY_LEVEL {

#ifdef HEADWAY_AVX512

template <class T> struct MaskOf;
template <> struct MaskOf<float> { using M = __mmask16; };
template <> struct MaskOf<double> { using M = __mmask8; };
template <class T> using Mask = typename MaskOf<T>::M;

template <int OPERATION, class T> HEADWAY_INLINE Mask<T> compare(Vec<T> a, Vec<T> b) {
    if constexpr (sizeof(T) == 4) return _mm512_cmp_ps_mask((__m512)a, (__m512)b, OPERATION);
    else return _mm512_cmp_pd_mask((__m512d)a, (__m512d)b, OPERATION);
}
template <class T> HEADWAY_INLINE Mask<T> is_less(Vec<T> a, Vec<T> b) {
    return compare<_CMP_LT_OQ, T>(a, b);
}
template <class T> HEADWAY_INLINE Mask<T> is_equal(Vec<T> a, Vec<T> b) {
    return compare<_CMP_EQ_OQ, T>(a, b);
}
template <class T> HEADWAY_INLINE Mask<T> is_same(Int<T> a, Int<T> b) {
    if constexpr (sizeof(T) == 4) return _mm512_cmpeq_epi32_mask((__m512i)a, (__m512i)b);
    else return _mm512_cmpeq_epi64_mask((__m512i)a, (__m512i)b);
}
template <class T> HEADWAY_INLINE Mask<T> all_lanes() { return Mask<T>(-1); }
template <class T> HEADWAY_INLINE Mask<T> no_lanes() { return Mask<T>(0); }
template <class T> HEADWAY_INLINE bool any(Mask<T> m) { return m != 0; }
template <class T> HEADWAY_INLINE Vec<T> pick(Mask<T> m, Vec<T> yes, Vec<T> no) {
    if constexpr (sizeof(T) == 4) return (Vec<T>)_mm512_mask_blend_ps(m, (__m512)no, (__m512)yes);
    else return (Vec<T>)_mm512_mask_blend_pd(m, (__m512d)no, (__m512d)yes);
}
template <class T> HEADWAY_INLINE Vec<T> add_if(Mask<T> m, Vec<T> sum, Vec<T> x) {
    if constexpr (sizeof(T) == 4) {
        return (Vec<T>)_mm512_mask_add_ps((__m512)sum, m, (__m512)sum, (__m512)x);
    } else {
        return (Vec<T>)_mm512_mask_add_pd((__m512d)sum, m, (__m512d)sum, (__m512d)x);
    }
}
// Where a byte is not 0; reads as many bytes as there are lanes.
template <class T> HEADWAY_INLINE Mask<T> load_mask(const uint8_t *p) {
    if constexpr (sizeof(T) == 4) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i *>(p));
        return _mm_test_epi8_mask(bytes, bytes);
    } else {
        const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i *>(p));
        return Mask<T>(_mm_test_epi8_mask(bytes, bytes));
    }
}

#else

template <class T> using Mask = Int<T>;

template <class T> HEADWAY_INLINE Mask<T> is_less(Vec<T> a, Vec<T> b) { return a < b; }
template <class T> HEADWAY_INLINE Mask<T> is_equal(Vec<T> a, Vec<T> b) { return a == b; }
template <class T> HEADWAY_INLINE Mask<T> is_same(Int<T> a, Int<T> b) { return a == b; }
template <class T> HEADWAY_INLINE Mask<T> all_lanes() { return splat_int<T>(-1); }
template <class T> HEADWAY_INLINE Mask<T> no_lanes() { return splat_int<T>(0); }
template <class T> HEADWAY_INLINE bool any(Mask<T> m) {
    uint64_t words[HEADWAY_BYTES / 8];
    std::memcpy(words, &m, sizeof m);
    uint64_t all = 0;
    for (uint64_t word : words) all |= word;
    return all != 0;
}
template <class T> HEADWAY_INLINE Vec<T> pick(Mask<T> m, Vec<T> yes, Vec<T> no) {
    return choose<T>(m, yes, no);
}
template <class T> HEADWAY_INLINE Vec<T> add_if(Mask<T> m, Vec<T> sum, Vec<T> x) {
    return sum + bits_to_float<T>(m & float_to_bits<T>(x));
}

template <class T> struct BytesOf;
template <> struct BytesOf<float> {
    typedef uint8_t V __attribute__((vector_size(HEADWAY_BYTES / 4)));
};
template <> struct BytesOf<double> {
    typedef uint8_t V __attribute__((vector_size(HEADWAY_BYTES / 8)));
};
template <class T> HEADWAY_INLINE Mask<T> load_mask(const uint8_t *p) {
    typename BytesOf<T>::V bytes;
    std::memcpy(&bytes, p, sizeof bytes);
    return __builtin_convertvector(bytes, Int<T>) != splat_int<T>(0);
}

#endif

template <class T> HEADWAY_INLINE Mask<T> load_some_mask(const uint8_t *p, int64_t count) {
    uint8_t bytes[16] = {};
    std::memcpy(bytes, p, size_t(count));
    return load_mask<T>(bytes);
}

// The larger of two, `b` if either is NaN; in one instruction where there is one.
template <class T> HEADWAY_INLINE Vec<T> upper(Vec<T> a, Vec<T> b) {
#if HEADWAY_BYTES == 64
    // The masked forms, because GCC warns of its own unmasked ones.
    if constexpr (sizeof(T) == 4) return (Vec<T>)_mm512_maskz_max_ps((__mmask16)-1, (__m512)a, (__m512)b);
    else return (Vec<T>)_mm512_maskz_max_pd((__mmask8)-1, (__m512d)a, (__m512d)b);
#elif HEADWAY_BYTES == 32
    if constexpr (sizeof(T) == 4) return (Vec<T>)_mm256_max_ps((__m256)a, (__m256)b);
    else return (Vec<T>)_mm256_max_pd((__m256d)a, (__m256d)b);
#elif defined(__SSE2__)
    if constexpr (sizeof(T) == 4) return (Vec<T>)_mm_max_ps((__m128)a, (__m128)b);
    else return (Vec<T>)_mm_max_pd((__m128d)a, (__m128d)b);
#else
    return a > b ? a : b;
#endif
}

// How many lanes were set, over many masks.
#ifdef HEADWAY_AVX512
template <class T> struct Count {
    int64_t n = 0;
    HEADWAY_INLINE void add(Mask<T> m) { n += __builtin_popcount(m); }
    HEADWAY_INLINE double total() const { return double(n); }
};
#else
template <class T> struct Count {
    Int<T> minus = {};  // 2^31 in each lane are enough for any row that fits into memory
    HEADWAY_INLINE void add(Mask<T> m) { minus += m; }
    HEADWAY_INLINE double total() const {
        typename Types<T>::Scalar lanes[LANES<T>];
        std::memcpy(lanes, &minus, sizeof lanes);
        int64_t n = 0;
        for (auto lane : lanes) n -= lane;
        return double(n);
    }
};
#endif

}  // namespace HEADWAY_LEVEL
}  // namespace headway
