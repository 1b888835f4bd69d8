// exp, log and log1p of vectors, by polynomials, good to 1.5 units in the last place
// (exp) and to 2.5 (the logarithms).
//
//     exp(x)  = 2^n exp(r),  n = round(x / ln 2),  |r| <= ln(2) / 2          (Cody and Waite 1980)
//     log(x)  = n ln 2 + 2 atanh(s),  s = (m - 1) / (m + 1),  m in [1/sqrt 2, sqrt 2)
//     log1p(u) = 2 atanh(u / (2 + u)) for u in 0..1
//
// The traps: 2^n is applied in two halves so that results below the normal range are rounded
// once and gradually; NaN must come out as NaN, and -inf as exactly 0.
#pragma once

#include "simd.hpp"

namespace headway {
namespace HEADWAY_LEVEL {

template <class T> struct ExpConstants;
template <> struct ExpConstants<float> {
    static constexpr float magic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
    static constexpr float log2e = 1.44269504088896341f;
    static constexpr float ln2_high = 0.693145751953125f;
    static constexpr float ln2_low = 1.42860682030941723212e-6f;
    static constexpr float least = -104.0f;   // exp is 0 below -103.97
    static constexpr float most = 88.8f;      // and infinite above 88.73
    static constexpr int mantissa = 23;
    static constexpr int32_t bias = 127;
};
template <> struct ExpConstants<double> {
    static constexpr double magic = 6755399441055744.0;  // 1.5 * 2^52
    static constexpr double log2e = 1.4426950408889634074;
    static constexpr double ln2_high = 6.93147180369123816490e-01;
    static constexpr double ln2_low = 1.90821492927058770002e-10;
    static constexpr double least = -745.2;
    static constexpr double most = 709.8;
    static constexpr int mantissa = 52;
    static constexpr int64_t bias = 1023;
};

#ifndef HEADWAY_AVX512
// exp(r) for |r| <= ln(2) / 2.  float: least-maximum coefficients of the usual degree 6 form;
// double: the Taylor series to r^13, whose remainder is below 5e-18.
HEADWAY_INLINE VecFloat exp_reduced(VecFloat r) {
    using T = float;
    VecFloat p = fma<T>(splat<T>(1.9875691500e-4f), r, splat<T>(1.3981999507e-3f));
    p = fma<T>(p, r, splat<T>(8.3334519073e-3f));
    p = fma<T>(p, r, splat<T>(4.1665795894e-2f));
    p = fma<T>(p, r, splat<T>(1.6666665459e-1f));
    p = fma<T>(p, r, splat<T>(5.0000001201e-1f));
    return fma<T>(p, r * r, r) + splat<T>(1.0f);
}
HEADWAY_INLINE VecDouble exp_reduced(VecDouble r) {
    using T = double;
    VecDouble p = splat<T>(1.0 / 6227020800.0);
    p = fma<T>(p, r, splat<T>(1.0 / 479001600.0));
    p = fma<T>(p, r, splat<T>(1.0 / 39916800.0));
    p = fma<T>(p, r, splat<T>(1.0 / 3628800.0));
    p = fma<T>(p, r, splat<T>(1.0 / 362880.0));
    p = fma<T>(p, r, splat<T>(1.0 / 40320.0));
    p = fma<T>(p, r, splat<T>(1.0 / 5040.0));
    p = fma<T>(p, r, splat<T>(1.0 / 720.0));
    p = fma<T>(p, r, splat<T>(1.0 / 120.0));
    p = fma<T>(p, r, splat<T>(1.0 / 24.0));
    p = fma<T>(p, r, splat<T>(1.0 / 6.0));
    p = fma<T>(p, r, splat<T>(0.5));
    return fma<T>(p, r * r, r) + splat<T>(1.0);
}

// exp(y) for y between `least` and `most`, or NaN.
template <class T> HEADWAY_INLINE Vec<T> exp_bounded(Vec<T> y) {
    using C = ExpConstants<T>;
    const Vec<T> shifted = fma<T>(y, splat<T>(C::log2e), splat<T>(C::magic));
    const Vec<T> n = shifted - splat<T>(C::magic);
    Vec<T> r = fma<T>(n, splat<T>(-C::ln2_high), y);
    r = fma<T>(n, splat<T>(-C::ln2_low), r);
    const Vec<T> p = exp_reduced(r);
    using S = typename Types<T>::Scalar;
    S magic_bits;
    const T magic = C::magic;
    std::memcpy(&magic_bits, &magic, sizeof magic_bits);
    const Int<T> whole = float_to_bits<T>(shifted) - splat_int<T>(magic_bits);
    const Int<T> half = whole >> 1;
    const Vec<T> first = bits_to_float<T>((half + splat_int<T>(C::bias)) << C::mantissa);
    const Vec<T> second = bits_to_float<T>((whole - half + splat_int<T>(C::bias)) << C::mantissa);
    return p * first * second;
}
#else
// With 2^(j/16) looked up in a register a shorter polynomial does (Tang 1989).  The last four bits
// of s are j; the scaling uses the integer part of n, which is k + j/16.
alignas(64) static constexpr float SIXTEENTHS_FLOAT[16] = {
    1.0f,        1.04427373f, 1.09050775f, 1.13878858f, 1.18920708f, 1.24185777f,
    1.29683959f, 1.35425556f, 1.41421354f, 1.47682619f, 1.54221082f, 1.61049032f,
    1.68179286f, 1.75625217f, 1.8340081f,  1.91520655f};
alignas(64) static constexpr double SIXTEENTHS_DOUBLE[16] = {
    1.0, 1.0442737824274138, 1.0905077326652577, 1.1387886347566916,
    1.189207115002721, 1.241857812073484, 1.2968395546510096, 1.3542555469368927,
    1.4142135623730951, 1.4768261459394993, 1.5422108254079407, 1.6104903319492543,
    1.681792830507429, 1.7562521603732995, 1.8340080864093424, 1.9152065613971474};

HEADWAY_INLINE VecFloat power_of_2(VecFloat s, VecFloat n, VecFloat q) {
    const __m512 t = _mm512_maskz_permutexvar_ps((__mmask16)-1, (__m512i)s,
                                                 _mm512_load_ps(SIXTEENTHS_FLOAT));
    return (VecFloat)_mm512_maskz_scalef_ps(
        (__mmask16)-1, (__m512)fma<float>((VecFloat)t, q, (VecFloat)t), (__m512)n);
}
HEADWAY_INLINE VecDouble power_of_2(VecDouble s, VecDouble n, VecDouble q) {
    const __m512d t = _mm512_permutex2var_pd(_mm512_load_pd(SIXTEENTHS_DOUBLE), (__m512i)s,
                                             _mm512_load_pd(SIXTEENTHS_DOUBLE + 8));
    return (VecDouble)_mm512_maskz_scalef_pd(
        (__mmask8)-1, (__m512d)fma<double>((VecDouble)t, q, (VecDouble)t), (__m512d)n);
}

// exp(r) - 1 for |r| <= ln(2) / 32, by its Taylor series.
HEADWAY_INLINE VecFloat expm1_short(VecFloat r) {
    using T = float;
    VecFloat p = fma<T>(splat<T>(1.0f / 6), r, splat<T>(0.5f));
    p = fma<T>(p, r, splat<T>(1.0f));
    return p * r;
}
HEADWAY_INLINE VecDouble expm1_short(VecDouble r) {
    using T = double;
    VecDouble p = fma<T>(splat<T>(1.0 / 5040), r, splat<T>(1.0 / 720));
    p = fma<T>(p, r, splat<T>(1.0 / 120));
    p = fma<T>(p, r, splat<T>(1.0 / 24));
    p = fma<T>(p, r, splat<T>(1.0 / 6));
    p = fma<T>(p, r, splat<T>(0.5));
    p = fma<T>(p, r, splat<T>(1.0));
    return p * r;
}

// exp(y) for y between `least` and `most`, or NaN.
template <class T> HEADWAY_INLINE Vec<T> exp_bounded(Vec<T> y) {
    using C = ExpConstants<T>;
    const Vec<T> magic = splat<T>(C::magic / 16);  // adding it rounds to sixteenths
    const Vec<T> s = fma<T>(y, splat<T>(C::log2e), magic);
    const Vec<T> n = s - magic;
    Vec<T> r = fma<T>(n, splat<T>(-C::ln2_high), y);
    r = fma<T>(n, splat<T>(-C::ln2_low), r);
    return power_of_2(s, n, expm1_short(r));
}
#endif

// Arguments in this order let NaN pass both bounds, and are one instruction each.
template <class T> HEADWAY_INLINE Vec<T> exp(Vec<T> x) {
    using C = ExpConstants<T>;
    const Vec<T> y = larger<T>(splat<T>(C::least), x);
    return exp_bounded<T>(smaller<T>(splat<T>(C::most), y));
}

// exp(x) for x <= 0 (or NaN), as of logits less their maximum.
template <class T> HEADWAY_INLINE Vec<T> exp_negative(Vec<T> x) {
    return exp_bounded<T>(larger<T>(splat<T>(ExpConstants<T>::least), x));
}

// 2 atanh(s) for |s| <= 1/3, as s (2 + s^2 q(s^2)).
HEADWAY_INLINE VecFloat twice_atanh(VecFloat s) {
    using T = float;
    const VecFloat w = s * s;
    VecFloat q = splat<T>(2.0f / 13);
    q = fma<T>(q, w, splat<T>(2.0f / 11));
    q = fma<T>(q, w, splat<T>(2.0f / 9));
    q = fma<T>(q, w, splat<T>(2.0f / 7));
    q = fma<T>(q, w, splat<T>(2.0f / 5));
    q = fma<T>(q, w, splat<T>(2.0f / 3));
    return fma<T>(s * w, q, s + s);
}
HEADWAY_INLINE VecDouble twice_atanh(VecDouble s) {
    using T = double;
    const VecDouble w = s * s;
    VecDouble q = splat<T>(2.0 / 33);
    q = fma<T>(q, w, splat<T>(2.0 / 31));
    q = fma<T>(q, w, splat<T>(2.0 / 29));
    q = fma<T>(q, w, splat<T>(2.0 / 27));
    q = fma<T>(q, w, splat<T>(2.0 / 25));
    q = fma<T>(q, w, splat<T>(2.0 / 23));
    q = fma<T>(q, w, splat<T>(2.0 / 21));
    q = fma<T>(q, w, splat<T>(2.0 / 19));
    q = fma<T>(q, w, splat<T>(2.0 / 17));
    q = fma<T>(q, w, splat<T>(2.0 / 15));
    q = fma<T>(q, w, splat<T>(2.0 / 13));
    q = fma<T>(q, w, splat<T>(2.0 / 11));
    q = fma<T>(q, w, splat<T>(2.0 / 9));
    q = fma<T>(q, w, splat<T>(2.0 / 7));
    q = fma<T>(q, w, splat<T>(2.0 / 5));
    q = fma<T>(q, w, splat<T>(2.0 / 3));
    return fma<T>(s * w, q, s + s);
}

// log(1 + u) for u in 0..1 (NaN stays NaN).
template <class T> HEADWAY_INLINE Vec<T> log1p_unit(Vec<T> u) {
    return twice_atanh(u / (u + splat<T>(2)));
}

// log(x) for normal positive x; +inf and NaN must be handled by the caller.
template <class T> HEADWAY_INLINE Vec<T> log_normal(Vec<T> x) {
    using C = ExpConstants<T>;
    using S = typename Types<T>::Scalar;
    // Subtracting the bits of sqrt(1/2) makes the exponent that of m in [sqrt(1/2), sqrt(2)).
    S half_bits;
    const T root_half = T(0.70710678118654752440);
    std::memcpy(&half_bits, &root_half, sizeof half_bits);
    // Without signs: the lanes of a NaN, whose result is not used, may wrap around.
    const Uint<T> bits = (Uint<T>)x;
    const Int<T> n = (Int<T>)(bits - (Uint<T>)splat_int<T>(half_bits)) >> C::mantissa;
    const Vec<T> m = (Vec<T>)(bits - ((Uint<T>)n << C::mantissa));
    const Vec<T> s = (m - splat<T>(1)) / (m + splat<T>(1));
    const Vec<T> k = __builtin_convertvector(n, Vec<T>);
    return fma<T>(k, splat<T>(C::ln2_high), fma<T>(k, splat<T>(C::ln2_low), twice_atanh(s)));
}

// log(1 + u) for any u >= 0 below the largest power of two.
template <class T> HEADWAY_INLINE Vec<T> log1p_positive(Vec<T> u) {
    const Vec<T> x = u + splat<T>(1);
    return log_normal<T>(x) + (u - (x - splat<T>(1))) / x;
}

}  // namespace HEADWAY_LEVEL
}  // namespace headway
