// Cholesky factors and their solves: right-looking, a strip of rows at a time.
//
// Several matrices are factored side by side, one alone with its strips spread over the threads;
// sums run in the same order either way.
//
// Golub and Van Loan (2013), "Matrix Computations", 4th edition, section 4.2.
#pragma once

#include "factor_table.hpp"
#include "gemm.hpp"
#include "pool.hpp"

namespace headway {
namespace HEADWAY_LEVEL {
namespace {

constexpr int64_t STRIP = FACTOR_STRIP;
constexpr int64_t COLUMNS = 256;  // of a task
constexpr int STEPS = 4;          // rows of the factor that a solve works off together

inline int64_t smallest(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t pieces(int64_t length, int64_t of) { return (length + of - 1) / of; }

// The lower triangle, scaled to a unit diagonal, becomes the upper one.
template <class T> void scaled_upper(T *A, int64_t w, double *scales) {
    for (int64_t i = 0; i < w; ++i) {
        const double cell = double(A[i * w + i]);
        scales[i] = cell > 0 ? 1.0 / __builtin_sqrt(cell) : 1.0;
        A[i * w + i] = cell > 0 ? T(1) : T(0);
    }
    constexpr int64_t SQUARE = 32;
    parallel(pieces(w, SQUARE), [&](int64_t task) {
        const int64_t i0 = task * SQUARE, i1 = smallest(w, i0 + SQUARE);
        for (int64_t j0 = i0; j0 < w; j0 += SQUARE) {
            for (int64_t i = i0; i < i1; ++i) {
                for (int64_t j = i >= j0 ? i + 1 : j0; j < smallest(w, j0 + SQUARE); ++j) {
                    A[i * w + j] = T(double(A[j * w + i]) * scales[i] * scales[j]);
                }
            }
        }
    });
}

// The factor of a strip's own square (n, n), and its inverse, both upper.
//
// What stands beside a pivot below the floor is rounding (no entry of a positive matrix is larger
// than the root of its pivots), and is dropped: divided by the root of the floor, it would grow
// from row to row.
template <class T> void square_factor(T *A, int64_t w, int64_t n, double floor, T *inverse) {
    bool dropped[STRIP];
    for (int64_t i = 0; i < n; ++i) {
        T *row = A + i * w;
        dropped[i] = !(double(row[i]) > floor);
        const T root = T(__builtin_sqrt(dropped[i] ? floor : double(row[i])));
        const T scale = dropped[i] ? T(0) : T(1) / root;
        row[i] = root;
        for (int64_t j = i + 1; j < n; ++j) row[j] *= scale;
        for (int64_t l = i + 1; l < n; ++l) {
            const T factor = row[l];
            for (int64_t j = l; j < n; ++j) A[l * w + j] -= factor * row[j];
        }
    }
    for (int64_t i = n - 1; i >= 0; --i) {
        T *row = inverse + i * n;
        for (int64_t j = 0; j < n; ++j) row[j] = T(0);
        for (int64_t l = i + 1; l < n; ++l) {
            const T factor = -A[i * w + l];
            for (int64_t j = l; j < n; ++j) row[j] += factor * inverse[l * n + j];
        }
        const T scale = T(1) / A[i * w + i];
        row[i] = T(1);
        for (int64_t j = i; j < n; ++j) row[j] *= scale;
    }
    for (int64_t i = 0; i < n; ++i) {
        for (int64_t l = 0; dropped[i] && l <= i; ++l) inverse[l * n + i] = T(0);
    }
}

template <class T> void factor_one(T *A, int64_t w, double *scales, double floor, T *negative) {
    scaled_upper<T>(A, w, scales);
    alignas(64) T inverse[STRIP * STRIP];
    for (int64_t k = 0; k < w; k += STRIP) {
        const int64_t n = smallest(STRIP, w - k), from = k + n, left = w - from;
        T *rows = A + k * w;
        square_factor<T>(rows + k, w, n, floor, inverse);
        // The rest of the strip: R12 = R11^-T A12, and its negative.
        parallel(pieces(left, COLUMNS), [&](int64_t task) {
            const int64_t at = task * COLUMNS, some = smallest(COLUMNS, left - at);
            alignas(64) T copy[STRIP * COLUMNS];
            T *to = rows + from + at;
            for (int64_t i = 0; i < n; ++i) {
                for (int64_t j = 0; j < some; ++j) copy[i * COLUMNS + j] = to[i * w + j];
            }
            multiply_columns<T, Rows::across>(inverse, n, n, n, copy, COLUMNS, some, to, w, false);
            for (int64_t i = 0; i < n; ++i) {
                for (int64_t j = 0; j < some; ++j) negative[i * w + at + j] = -to[i * w + j];
            }
        });
        // What is left: A22 -= R12' R12, above the diagonal and a little below it.  The longest
        // tasks come first, so that no thread ends with one.
        const int64_t tasks = pieces(left, COLUMNS);
        parallel(tasks, [&](int64_t task) {
            const int64_t at = (tasks - 1 - task) * COLUMNS, some = smallest(COLUMNS, left - at);
            multiply_columns<T, Rows::across>(negative, w, at + some, n, rows + from + at, w,
                                              some, A + from * w + from + at, w, true);
        });
    }
}

// -- solves ----------------------------------------------------------------------------------

// y <- R'^-1 y for N right sides (N, w): rows of R are added to all that follows.
template <class T, int N> void forward(const T *R, int64_t w, T *y) {
    for (int64_t i = 0; i < w; i += STEPS) {
        const int steps = int(smallest(STEPS, w - i));
        Vec<T> factors[STEPS][N];
        for (int n = 0; n < N; ++n) {
            T *at = y + n * w + i;
            for (int a = 0; a < steps; ++a) {
                T value = at[a];
                for (int b = 0; b < a; ++b) value -= R[(i + b) * w + i + a] * at[b];
                at[a] = value / R[(i + a) * w + i + a];
            }
            for (int a = 0; a < STEPS; ++a) factors[a][n] = splat<T>(a < steps ? at[a] : T(0));
        }
        if (steps < STEPS) return;
        const T *row = R + i * w;
        for (int64_t j = i + STEPS; j < w; j += LANES<T>) {
            const int64_t some = smallest(LANES<T>, w - j);
            Vec<T> r[STEPS];
            for (int a = 0; a < STEPS; ++a) {
                r[a] = some == LANES<T> ? load<T>(row + a * w + j)
                                        : load_some<T>(row + a * w + j, some, T(0));
            }
            for (int n = 0; n < N; ++n) {
                T *at = y + n * w + j;
                Vec<T> value = some == LANES<T> ? load<T>(at) : load_some<T>(at, some, T(0));
                for (int a = 0; a < STEPS; ++a) value -= r[a] * factors[a][n];
                if (some == LANES<T>) store<T>(at, value);
                else store_some<T>(at, value, some);
            }
        }
    }
}

// y <- R^-1 y: each row of R meets what is solved already.
template <class T, int N> void backward(const T *R, int64_t w, T *y) {
    for (int64_t i = (w - 1) / STEPS * STEPS; i >= 0; i -= STEPS) {
        const int steps = int(smallest(STEPS, w - i));
        Vec<T> sums[STEPS][N] = {};
        const T *row = R + i * w;
        for (int64_t j = i + STEPS; j < w; j += LANES<T>) {
            const int64_t some = smallest(LANES<T>, w - j);
            Vec<T> r[STEPS];
            for (int a = 0; a < STEPS; ++a) {
                r[a] = some == LANES<T> ? load<T>(row + a * w + j)
                                        : load_some<T>(row + a * w + j, some, T(0));
            }
            for (int n = 0; n < N; ++n) {
                const T *at = y + n * w + j;
                const Vec<T> x = some == LANES<T> ? load<T>(at) : load_some<T>(at, some, T(0));
                for (int a = 0; a < STEPS; ++a) sums[a][n] += r[a] * x;
            }
        }
        for (int n = 0; n < N; ++n) {
            T *at = y + n * w + i;
            for (int a = steps - 1; a >= 0; --a) {
                T value = at[a] - sum<T>(sums[a][n]);
                for (int b = a + 1; b < steps; ++b) value -= row[a * w + i + b] * at[b];
                at[a] = value / row[a * w + i + a];
            }
        }
    }
}

// N right sides; `y` is N * w entries to work in.
template <class T, int N>
void solve_some(const T *R, const double *scales, int64_t w, const double *rhs, double *out,
                T *y) {
    for (int n = 0; n < N; ++n) {
        for (int64_t j = 0; j < w; ++j) y[n * w + j] = T(rhs[n * w + j] * scales[j]);
    }
    forward<T, N>(R, w, y);
    backward<T, N>(R, w, y);
    for (int n = 0; n < N; ++n) {
        for (int64_t j = 0; j < w; ++j) out[n * w + j] = double(y[n * w + j]) * scales[j];
    }
}

}  // namespace
}  // namespace HEADWAY_LEVEL
}  // namespace headway
