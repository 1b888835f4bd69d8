// Products with few rows on both sides, vectors along the depth:
//
//     Z[i, k] = sum_j X[i, j] W[k, j]
//
// A group of classes times some rows of X are kept as vectors of partial sums; no lane is wasted
// on a class that is not there.  At the end, the lanes of up to LANES vectors are summed together,
// by a tree of shuffles: three operations a sum.
#pragma once

#include "gemm_tile.hpp"

namespace headway {
namespace HEADWAY_LEVEL {

template <int... I> struct Lanes {};
template <int N, int... I> struct FirstLanes : FirstLanes<N - 1, N - 1, I...> {};
template <int... I> struct FirstLanes<0, I...> { using Type = Lanes<I...>; };

// Lanes without bit H of their number come from a, the others from b; `flip` is 0 to keep them in
// place, H to exchange neighbours at distance H.
template <class T, int H, int FLIP, int... I>
HEADWAY_INLINE Vec<T> mix(Vec<T> a, Vec<T> b, Lanes<I...>) {
#if defined(__clang__)
    return __builtin_shufflevector(a, b, ((I ^ FLIP) + (I & H ? LANES<T> : 0))...);
#else
    return __builtin_shuffle(a, b, Int<T>{((I ^ FLIP) + (I & H ? LANES<T> : 0))...});
#endif
}

// Lane n of the result is the sum of the lanes of parts[n]; `parts` is overwritten.
template <class T, int H = LANES<T> / 2>
HEADWAY_INLINE Vec<T> sum_each(Vec<T> *parts) {
    if constexpr (H == 0) {
        return parts[0];
    } else {
        using All = typename FirstLanes<LANES<T>>::Type;
        HEADWAY_UNROLL
        for (int n = 0; n < H; ++n) {
            parts[n] = mix<T, H, 0>(parts[n], parts[n + H], All{}) +
                       mix<T, H, H>(parts[n], parts[n + H], All{});
        }
        return sum_each<T, H / 2>(parts);
    }
}

// Classes of a group; more would crowd the registers, or repeat the loads of W for few rows.
#if defined(HEADWAY_AVX512) || defined(__aarch64__)
constexpr int DOT_CLASSES = 6;
#else
constexpr int DOT_CLASSES = 3;
#endif

// Rows of X that are worked on together with a group of classes.
constexpr int dot_rows(int classes) {
#if defined(HEADWAY_AVX512) || defined(__aarch64__)
    return classes == 1 ? 8 : classes == 2 ? 8 : classes == 3 ? 6 : classes == 4 ? 5 : 4;
#elif HEADWAY_BYTES == 32
    return classes == 1 ? 8 : classes == 2 ? 4 : 3;
#else
    return classes == 1 ? 6 : classes == 2 ? 4 : 3;
#endif
}

template <class T, int ROWS, int CLASSES>
HEADWAY_INLINE void dot_step(const Vec<T> *x, const T *W, int64_t ldw, Vec<T> *total) {
    HEADWAY_UNROLL
    for (int k = 0; k < CLASSES; ++k) {
        const Vec<T> w = load<T>(W + k * ldw);
        HEADWAY_UNROLL
        for (int r = 0; r < ROWS; ++r) {
            total[r * CLASSES + k] = fma<T>(x[r], w, total[r * CLASSES + k]);
        }
    }
}

// W: rows of `ldw` entries, zero beyond the depth to a whole number of vectors.
template <class T, int ROWS, int CLASSES>
void dot(const T *X, int64_t ldx, int64_t depth, const T *W, int64_t ldw, T *Z, int64_t ldz,
         bool add) {
    constexpr int SUMS = ROWS * CLASSES;
    constexpr int VECTORS = (SUMS + LANES<T> - 1) / LANES<T>;
    Vec<T> total[VECTORS * LANES<T>] = {};
    Vec<T> x[ROWS];
    int64_t j = 0;
    for (; j + LANES<T> <= depth; j += LANES<T>) {
        HEADWAY_UNROLL
        for (int r = 0; r < ROWS; ++r) {
            x[r] = load<T>(X + r * ldx + j);
            if (CLASSES > 1) HEADWAY_KEEP(x[r]);
        }
        dot_step<T, ROWS, CLASSES>(x, W + j, ldw, total);
    }
    if (j < depth) {
        HEADWAY_UNROLL
        for (int r = 0; r < ROWS; ++r) x[r] = load_some<T>(X + r * ldx + j, depth - j, T(0));
        dot_step<T, ROWS, CLASSES>(x, W + j, ldw, total);
    }
    // Sums of several rows share a vector; they part by way of memory.
    T sums[VECTORS * LANES<T>];
    HEADWAY_UNROLL
    for (int v = 0; v < VECTORS; ++v) {
        store<T>(sums + v * LANES<T>, sum_each<T>(total + v * LANES<T>));
    }
    HEADWAY_UNROLL
    for (int r = 0; r < ROWS; ++r) {
        HEADWAY_UNROLL
        for (int k = 0; k < CLASSES; ++k) {
            T &z = Z[r * ldz + k];
            z = add ? z + sums[r * CLASSES + k] : sums[r * CLASSES + k];
        }
    }
}

template <class T, int CLASSES>
void dot_group(const T *X, int64_t ldx, int64_t rows, int64_t depth, const T *W, int64_t ldw,
               T *Z, int64_t ldz, bool add) {
    constexpr int ROWS = dot_rows(CLASSES);
    int64_t i = 0;
    for (; i + ROWS <= rows; i += ROWS) {
        dot<T, ROWS, CLASSES>(X + i * ldx, ldx, depth, W, ldw, Z + i * ldz, ldz, add);
    }
    for (; i < rows; ++i) {
        dot<T, 1, CLASSES>(X + i * ldx, ldx, depth, W, ldw, Z + i * ldz, ldz, add);
    }
}

// The group of `classes` classes, at most MOST.
template <class T, int MOST = DOT_CLASSES>
inline void dot_group_of(int64_t classes, const T *X, int64_t ldx, int64_t rows, int64_t depth,
                         const T *W, int64_t ldw, T *Z, int64_t ldz, bool add) {
    if constexpr (MOST > 1) {
        if (classes < MOST) {
            dot_group_of<T, MOST - 1>(classes, X, ldx, rows, depth, W, ldw, Z, ldz, add);
            return;
        }
    }
    dot_group<T, MOST>(X, ldx, rows, depth, W, ldw, Z, ldz, add);
}

// Z[i, k] = sum_j X[i, j] W[k, j] for few classes.  Groups of them are as even as possible, and
// the depth is cut so that a group's part of W stays in the first-level cache.
template <class T>
void multiply_dots(const T *X, int64_t ldx, int64_t rows, int64_t depth, const T *W, int64_t ldw,
                   int64_t classes, T *Z, int64_t ldz) {
    constexpr int64_t CACHE = 16384 / int64_t(sizeof(T));
    const int64_t groups = (classes + DOT_CLASSES - 1) / DOT_CLASSES;
    for (int64_t g = 0, k = 0; g < groups; ++g) {
        const int64_t some = (classes - k + groups - g - 1) / (groups - g);
        const int64_t step = CACHE / some / LANES<T> * LANES<T>;
        for (int64_t j = 0; j < depth; j += step) {
            dot_group_of<T>(some, X + j, ldx, rows, depth - j < step ? depth - j : step,
                            W + k * ldw + j, ldw, Z + k, ldz, j > 0);
        }
        k += some;
    }
}

}  // namespace HEADWAY_LEVEL
}  // namespace headway
