// One sigmoid on few features: a vector holds one feature of many rows, and a block goes from
// logits to sums with nothing written between.
#pragma once

#include "linear_small.hpp"

namespace headway {
namespace HEADWAY_LEVEL {
namespace {

constexpr int64_t FEW_FEATURES = 12;

// Turns LANES rows of d features into d vectors of LANES rows.
template <class T> struct RowTurner {
    int64_t d, stride;
#ifdef HEADWAY_AVX512
    // Where rows lie close, LANES of them are d whole vectors, and each feature picks its cells
    // from those.
    __m512i places[FEW_FEATURES];
    __mmask16 masks[FEW_FEATURES][FEW_FEATURES];
    bool close = false;
#endif

    RowTurner(int64_t features, int64_t row_stride) : d(features), stride(row_stride) {
#ifdef HEADWAY_AVX512
        close = sizeof(T) == 4 && stride == d;
        for (int64_t j = 0; close && j < d; ++j) {
            alignas(64) int32_t place[16];
            for (int64_t v = 0; v < d; ++v) masks[j][v] = 0;
            for (int64_t l = 0; l < 16; ++l) {
                const int64_t at = l * d + j;
                place[l] = int32_t(at % 16);
                masks[j][at / 16] = __mmask16(masks[j][at / 16] | (1u << l));
            }
            places[j] = _mm512_load_si512(place);
        }
#endif
    }

    // Rows beyond `count` are read as zeros.
    HEADWAY_INLINE void turn(const T *x, int64_t count, Vec<T> *features) const {
        T last[FEW_FEATURES * LANES<T>];
        int64_t step = stride;
        if (count < LANES<T>) {
            for (int64_t i = 0; i < d * LANES<T>; ++i) last[i] = T(0);
            for (int64_t l = 0; l < count; ++l) {
                for (int64_t j = 0; j < d; ++j) last[l * d + j] = x[l * stride + j];
            }
            x = last;
            step = d;
        }
#ifdef HEADWAY_AVX512
        if constexpr (sizeof(T) == 4) {
            if (close) {
                for (int64_t v = 0; v < d; ++v) {
                    const __m512 cells = _mm512_loadu_ps(x + 16 * v);
                    for (int64_t j = 0; j < d; ++j) {
                        features[j] = (Vec<T>)_mm512_mask_permutexvar_ps(
                            (__m512)features[j], masks[j][v], places[j], cells);
                    }
                }
                return;
            }
        }
#endif
        for (int64_t j = 0; j < d; ++j) features[j] = load_strided<T>(x + j, int32_t(step));
    }
};

// A block of rows from logits to sums, with nothing written between.
template <class T>
inline void few_features(const Job &job, int64_t row, int64_t rows, const T *x, int64_t stride,
                         const T *packed, T bias, T *gradient, double *bias_sum,
                         double *values) {
    const int64_t d = job.x.d;
    T weights[FEW_FEATURES];
    for (int64_t j = 0; j < d; ++j) weights[j] = packed[j * one_class_step<T>(d)];
    Vec<T> sums[FEW_FEATURES] = {}, features[FEW_FEATURES], total = {};
    VecDouble a = {}, b = {};
    const RowTurner<T> turner(d, stride);
    for (int64_t i = 0; i < rows; i += LANES<T>) {
        const int64_t count = rows - i < LANES<T> ? rows - i : LANES<T>;
        turner.turn(x + i * stride, count, features);
        Vec<T> z = splat<T>(bias);
        for (int64_t j = 0; j < d; ++j) z = fma<T>(features[j], splat<T>(weights[j]), z);
        Vec<T> slope = job.op == Op::gradient
                           ? one_sigmoid_gradient<T>(job, row + i, count, z, a, b)
                           : one_sigmoid_product<T>(job, row + i, count, z);
        if (count < LANES<T>) {
            T some[LANES<T>] = {};
            store_some<T>(some, slope, count);
            slope = load<T>(some);
        }
        for (int64_t j = 0; j < d; ++j) sums[j] = fma<T>(features[j], slope, sums[j]);
        total += slope;
    }
    for (int64_t j = 0; j < d; ++j) gradient[j] += sum<T>(sums[j]);
    bias_sum[0] += double(sum<T>(total));
    values[0] += sum<double>(a + b);
}

// -- the certificate, in double from float features --------------------------------------------

// The halves of a vector of floats.
HEADWAY_INLINE void add_halves(VecFloat x, double factor, VecDouble &low, VecDouble &high) {
    VecDouble a, b;
    widen(x, a, b);
    low = fma<double>(a, splat<double>(factor), low);
    high = fma<double>(b, splat<double>(factor), high);
}

inline void few_features_dual(const Job &job, int64_t row, int64_t rows, const float *x,
                              int64_t stride, double *values, double *next_values,
                              double *excess) {
    const int64_t d = job.x.d;
    const RowTurner<float> turner(d, stride);
    Vec<float> features[FEW_FEATURES];
    DualSums sums;
    for (int64_t i = 0; i < rows; i += LANES<float>) {
        const int64_t count = rows - i < LANES<float> ? rows - i : LANES<float>;
        turner.turn(x + i * stride, count, features);
        VecDouble at[2] = {splat<double>(job.weights[d]), splat<double>(job.weights[d])};
        VecDouble change[2] = {splat<double>(job.direction[d]), splat<double>(job.direction[d])};
        for (int64_t j = 0; j < d; ++j) {
            add_halves(features[j], job.weights[j], at[0], at[1]);
            add_halves(features[j], job.direction[j], change[0], change[1]);
        }
        for (int64_t h = 0; h * LANES<double> < count; ++h) {
            const int64_t left = count - h * LANES<double>;
            one_sigmoid_dual_vector(job, row + i + h * LANES<double>,
                                    left < LANES<double> ? left : LANES<double>, at[h], change[h],
                                    sums);
        }
    }
    sums.add_to(values, next_values, excess);
}

inline void few_features_moments(const Job &job, int64_t row, int64_t rows, const float *x,
                                 int64_t stride, double *sums, double *bias_sum, double *values) {
    const int64_t d = job.x.d;
    const RowTurner<float> turner(d, stride);
    Vec<float> features[FEW_FEATURES];
    VecDouble entropy = {}, total = {}, moments[FEW_FEATURES] = {};
    for (int64_t i = 0; i < rows; i += LANES<float>) {
        const int64_t count = rows - i < LANES<float> ? rows - i : LANES<float>;
        turner.turn(x + i * stride, count, features);
        VecDouble slopes[2] = {};
        for (int64_t h = 0; h * LANES<double> < count; ++h) {
            const int64_t left = count - h * LANES<double>;
            slopes[h] = one_sigmoid_moments_vector(job, row + i + h * LANES<double>,
                                                   left < LANES<double> ? left : LANES<double>,
                                                   entropy);
            total += slopes[h];
        }
        for (int64_t j = 0; j < d; ++j) {
            VecDouble low, high;
            widen(features[j], low, high);
            moments[j] = fma<double>(low, slopes[0], fma<double>(high, slopes[1], moments[j]));
        }
    }
    for (int64_t j = 0; j < d; ++j) sums[j] += sum<double>(moments[j]);
    bias_sum[0] += sum<double>(total);
    values[0] += sum<double>(entropy);
}

}  // namespace
}  // namespace HEADWAY_LEVEL
}  // namespace headway
