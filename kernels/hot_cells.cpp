// Sigmoid, its logarithm and its potential.
//
//     sigmoid(z)     = (z >= 0 ? 1 : e) / (1 + e)       e = exp(-|z|)
//     log_sigmoid(z) = min(z, 0) - log1p(e)
//     softplus(z)    = max(z, 0) + log1p(e)
//
// Only e is ever taken, since exp(-z) overflows.  NaN comes out as NaN through e.
#include "cells_table.hpp"
#include "math.hpp"
#include "pool.hpp"
#include "stream.hpp"

namespace headway {
namespace HEADWAY_LEVEL {
namespace {

constexpr int64_t TASK = int64_t(1) << 16;  // entries

template <class T> HEADWAY_INLINE Vec<T> decay(Vec<T> z) { return exp_negative<T>(-magnitude<T>(z)); }

// 1 / x for x in 1..2 (NaN stays NaN), exact at both ends.
template <class T> HEADWAY_INLINE Vec<T> reciprocal(Vec<T> x) {
#ifdef HEADWAY_AVX512
    // A division keeps the multipliers busy for as long as all the rest of a sigmoid.
    if constexpr (sizeof(T) == 4) {
        const Vec<T> y = (Vec<T>)_mm512_maskz_rcp14_ps((__mmask16)-1, (__m512)x);
        return fma<T>(y, fma<T>(-x, y, splat<T>(1)), y);
    }
#endif
    return splat<T>(1) / x;
}

struct Sigmoid {
    template <class T> static HEADWAY_INLINE Vec<T> of(Vec<T> z) {
        const Vec<T> e = decay<T>(z);
        const Vec<T> r = reciprocal<T>(e + splat<T>(1));
        return choose<T>(z < splat<T>(0), e * r, r);
    }
};
struct LogSigmoid {
    template <class T> static HEADWAY_INLINE Vec<T> of(Vec<T> z) {
        return smaller<T>(z, splat<T>(0)) - log1p_unit<T>(decay<T>(z));
    }
};
struct Softplus {
    template <class T> static HEADWAY_INLINE Vec<T> of(Vec<T> z) {
        return larger<T>(z, splat<T>(0)) + log1p_unit<T>(decay<T>(z));
    }
};

template <class Cell, class T> void every(const T *in, T *out, int64_t size) {
    const bool streaming = worth_streaming(in, out, size);
    const auto f = [](Vec<T> z) { return Cell::template of<T>(z); };
    parallel((size + TASK - 1) / TASK, [=](int64_t task) {
        const int64_t start = task * TASK;
        const int64_t count = size - start < TASK ? size - start : TASK;
        map(in + start, out + start, count, f, streaming);
        if (streaming) end_of_stream();
    });
}

template <class T> constexpr CellFunctions<T> FUNCTIONS = {
    every<Sigmoid, T>, every<LogSigmoid, T>, every<Softplus, T>};

}  // namespace

extern const CellTable cell_table = {FUNCTIONS<float>, FUNCTIONS<double>};

}  // namespace HEADWAY_LEVEL
}  // namespace headway
