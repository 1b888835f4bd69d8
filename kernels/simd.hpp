// Vectors of the level that is being compiled, on the extension that GCC and Clang share, so that
// one source serves SSE2, AVX2, AVX-512, NEON and whatever comes.
//
//     Vec<float>    HEADWAY_BYTES / 4 lanes        Vec<double>   HEADWAY_BYTES / 8 lanes
//     Int<T>        signed integers, one a lane; comparisons give 0 or -1 in each
//
// A comparison with NaN is false.  `choose(m, a, b)` is m ? a : b, lane by lane.
#pragma once

#include <cstdint>
#include <cstring>

#if HEADWAY_BYTES == 64
#define HEADWAY_AVX512 1
#endif
#if HEADWAY_BYTES >= 32
#include <immintrin.h>
#endif

#define HEADWAY_INLINE inline __attribute__((always_inline))

namespace headway {
namespace HEADWAY_LEVEL {

constexpr int BYTES = HEADWAY_BYTES;

typedef float VecFloat __attribute__((vector_size(HEADWAY_BYTES)));
typedef double VecDouble __attribute__((vector_size(HEADWAY_BYTES)));
typedef int32_t VecInt32 __attribute__((vector_size(HEADWAY_BYTES)));
typedef int64_t VecInt64 __attribute__((vector_size(HEADWAY_BYTES)));
typedef uint32_t VecUint32 __attribute__((vector_size(HEADWAY_BYTES)));
typedef uint64_t VecUint64 __attribute__((vector_size(HEADWAY_BYTES)));

template <class T> struct Types;
template <> struct Types<float> {
    using V = VecFloat;
    using I = VecInt32;
    using U = VecUint32;
    using Scalar = int32_t;
};
template <> struct Types<double> {
    using V = VecDouble;
    using I = VecInt64;
    using U = VecUint64;
    using Scalar = int64_t;
};
template <class T> using Vec = typename Types<T>::V;
template <class T> using Int = typename Types<T>::I;
template <class T> using Uint = typename Types<T>::U;
template <class T> constexpr int LANES = HEADWAY_BYTES / int(sizeof(T));

template <class T> HEADWAY_INLINE Vec<T> splat(T x) { return x - Vec<T>{}; }
template <class T> HEADWAY_INLINE Int<T> splat_int(typename Types<T>::Scalar x) {
    return x - Int<T>{};
}

template <class T> HEADWAY_INLINE Vec<T> load(const T *p) {
    Vec<T> v;
    std::memcpy(&v, p, sizeof v);
    return v;
}
template <class T> HEADWAY_INLINE void store(T *p, Vec<T> v) { std::memcpy(p, &v, sizeof v); }

template <class T> HEADWAY_INLINE Vec<T> bits_to_float(Int<T> i) { return (Vec<T>)i; }
template <class T> HEADWAY_INLINE Int<T> float_to_bits(Vec<T> v) { return (Int<T>)v; }

template <class T> HEADWAY_INLINE Vec<T> choose(Int<T> mask, Vec<T> yes, Vec<T> no) {
    return mask ? yes : no;
}

// Lanes 0 .. count - 1 from memory, the rest `fill`; reads nothing beyond.
template <class T> HEADWAY_INLINE Vec<T> load_some(const T *p, int64_t count, T fill) {
#ifdef HEADWAY_AVX512
    if constexpr (sizeof(T) == 4) {
        const __mmask16 mask = (__mmask16)((1u << count) - 1u);
        return (Vec<T>)_mm512_mask_loadu_ps((__m512)splat<T>(fill), mask, p);
    } else {
        const __mmask8 mask = (__mmask8)((1u << count) - 1u);
        return (Vec<T>)_mm512_mask_loadu_pd((__m512d)splat<T>(fill), mask, p);
    }
#else
    T lanes[LANES<T>];
    for (int i = 0; i < LANES<T>; ++i) lanes[i] = i < count ? p[i] : fill;
    return load<T>(lanes);
#endif
}
template <class T> HEADWAY_INLINE void store_some(T *p, Vec<T> v, int64_t count) {
#ifdef HEADWAY_AVX512
    if constexpr (sizeof(T) == 4) {
        _mm512_mask_storeu_ps(p, (__mmask16)((1u << count) - 1u), (__m512)v);
    } else {
        _mm512_mask_storeu_pd(p, (__mmask8)((1u << count) - 1u), (__m512d)v);
    }
#else
    T lanes[LANES<T>];
    store<T>(lanes, v);
    for (int i = 0; i < count; ++i) p[i] = lanes[i];
#endif
}

// Lane i from p[i * stride].
template <class T> HEADWAY_INLINE Vec<T> load_strided(const T *p, int32_t stride) {
#ifdef HEADWAY_AVX512
    if constexpr (sizeof(T) == 4) {
        const __m512i lanes =
            _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
        return (Vec<T>)_mm512_i32gather_ps(_mm512_mullo_epi32(lanes, _mm512_set1_epi32(stride)), p,
                                           4);
    }
#endif
    T lanes[LANES<T>];
    for (int i = 0; i < LANES<T>; ++i) lanes[i] = p[int64_t(i) * stride];
    return load<T>(lanes);
}

// NaN in `a` is lost, NaN in `b` comes through; one instruction on x86.
template <class T> HEADWAY_INLINE Vec<T> larger(Vec<T> a, Vec<T> b) { return a > b ? a : b; }
template <class T> HEADWAY_INLINE Vec<T> smaller(Vec<T> a, Vec<T> b) { return a < b ? a : b; }
template <class T> HEADWAY_INLINE Vec<T> magnitude(Vec<T> v) {
    using S = typename Types<T>::Scalar;
    const S sign = S(1) << (8 * sizeof(T) - 1);
    return bits_to_float<T>(float_to_bits<T>(v) & splat_int<T>(~sign));
}

// a * b + c, in one rounding where the level has it.
template <class T> HEADWAY_INLINE Vec<T> fma(Vec<T> a, Vec<T> b, Vec<T> c) { return a * b + c; }

// Sums and largest entries by halves, in registers.
template <class T, int BYTES_LEFT> struct Halves {
    typedef T Whole __attribute__((vector_size(BYTES_LEFT)));
    typedef T Half __attribute__((vector_size(BYTES_LEFT / 2)));
    static HEADWAY_INLINE void split(Whole v, Half &low, Half &high) {
        std::memcpy(&low, &v, sizeof low);
        std::memcpy(&high, reinterpret_cast<const char *>(&v) + sizeof low, sizeof high);
    }
    static HEADWAY_INLINE T sum(Whole v) {
        Half low, high;
        split(v, low, high);
        return Halves<T, BYTES_LEFT / 2>::sum(low + high);
    }
    static HEADWAY_INLINE T largest(Whole v) {
        Half low, high;
        split(v, low, high);
        return Halves<T, BYTES_LEFT / 2>::largest(low > high ? low : high);
    }
};
template <class T> struct Halves<T, 16> {
    typedef T Whole __attribute__((vector_size(16)));
    static HEADWAY_INLINE T sum(Whole v) {
        if constexpr (sizeof(T) == 4) return (v[0] + v[2]) + (v[1] + v[3]);
        else return v[0] + v[1];
    }
    static HEADWAY_INLINE T largest(Whole v) {
        if constexpr (sizeof(T) == 4) {
            const T a = v[0] > v[2] ? v[0] : v[2], b = v[1] > v[3] ? v[1] : v[3];
            return a > b ? a : b;
        } else {
            return v[0] > v[1] ? v[0] : v[1];
        }
    }
};
template <class T> HEADWAY_INLINE T sum(Vec<T> v) { return Halves<T, HEADWAY_BYTES>::sum(v); }
template <class T> HEADWAY_INLINE T largest(Vec<T> v) {
    return Halves<T, HEADWAY_BYTES>::largest(v);
}

// The float lanes as two vectors of doubles: sums over many entries are kept in double.
HEADWAY_INLINE void widen(VecFloat v, VecDouble &low, VecDouble &high) {
    typedef float Half __attribute__((vector_size(HEADWAY_BYTES / 2)));
    Half halves[2];
    std::memcpy(halves, &v, sizeof v);
    low = __builtin_convertvector(halves[0], VecDouble);
    high = __builtin_convertvector(halves[1], VecDouble);
}

}  // namespace HEADWAY_LEVEL
}  // namespace headway
