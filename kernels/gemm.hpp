// Products of a block of features with the weights, and their gradients, on one thread.
//
//     forward     Z[i, k]  = sum_j X[i, j] W[k, j]          X (m, d), W (K, d), Z (m, K)
//     backward    G[k, j] += sum_i P[i, k] X[i, j]
//     features    D[i, j] (+)= sum_k P[i, k] W[k, j]
//     gram        S[a, b] += sum_i w[i] X[i, a] X[i, b]     lower triangle
//
// A block has some dozens to some hundreds of rows and is meant to stay in the second-level cache.
// All matrices are row-major with a leading dimension; nothing need be aligned.  Every sum runs
// in a fixed order that depends on the shapes alone.
//
// Few classes decide the design.  A panel of LANES classes wastes lanes where K is no multiple of
// them: what remains is worked off by gemm_dot.hpp, vectors along the features, unless the
// features are so few that this wastes more.
#pragma once

#include "gemm_dot.hpp"

namespace headway {
namespace HEADWAY_LEVEL {

constexpr int64_t GEMM_DEPTH = 512;  // of X and W at a time in forward
constexpr int64_t GEMM_STEPS = 256;  // rows (backward) or classes (features) at a time
constexpr int64_t GEMM_ROWS = 480;   // of the result at a time, a multiple of every TILE_ROWS
constexpr int64_t GEMM_DIRECT = 8;   // up to so many tiles, copying panels of B does not pay

template <class T> constexpr int64_t whole_vectors(int64_t n) {
    return (n + LANES<T> - 1) / LANES<T> * LANES<T>;
}

// How many of K classes are worked off in panels; the others are dots.  For one row of X, what
// remains costs a multiply-add a feature in a panel, and LANES times fewer for each class as
// dots, plus about four for the sum of its lanes.
template <class T> inline int64_t panel_classes(int64_t K, int64_t d) {
    const int64_t rest = K % LANES<T>;
    return rest * (whole_vectors<T>(d) / LANES<T> + 4) < d ? K - rest : K;
}

// Entries of T that the packed weights take.
template <class T> int64_t packed_size(int64_t K, int64_t d) {
    const int64_t in_panels = panel_classes<T>(K, d);
    return whole_vectors<T>(in_panels) * d + (K - in_panels) * whole_vectors<T>(d);
}

// Panels [feature][class of the panel], then the rows of the remaining classes; zero-padded.
template <class T>
void pack_weights(const T *W, int64_t ldw, int64_t K, int64_t d, T *packed) {
    const int64_t in_panels = panel_classes<T>(K, d);
    const int64_t padded = whole_vectors<T>(in_panels);
    for (int64_t k = 0; k < padded; k += TILE_COLUMNS<T>) {
        const int64_t width = padded - k < TILE_COLUMNS<T> ? padded - k : TILE_COLUMNS<T>;
        for (int64_t c = 0; c < width; ++c) {
            const T *w = W + (k + c) * ldw;
            if (k + c < in_panels) {
                for (int64_t j = 0; j < d; ++j) packed[j * width + c] = w[j];
            } else {
                for (int64_t j = 0; j < d; ++j) packed[j * width + c] = T(0);
            }
        }
        packed += width * d;
    }
    const int64_t length = whole_vectors<T>(d);
    for (int64_t k = in_panels; k < K; ++k) {
        for (int64_t j = 0; j < length; ++j) packed[j] = j < d ? W[k * ldw + j] : T(0);
        packed += length;
    }
}

// How far apart the packed weights of one class lie.
template <class T> int64_t one_class_step(int64_t d) {
    return panel_classes<T>(1, d) ? whole_vectors<T>(1) : 1;
}

template <class T>
void multiply_forward(const T *X, int64_t ldx, int64_t m, int64_t d, const T *packed, int64_t K,
                      T *Z, int64_t ldz) {
    const int64_t in_panels = panel_classes<T>(K, d);
    for (int64_t j = 0; j == 0 || j < d; j += GEMM_DEPTH) {  // without features, Z is 0
        const int64_t depth = d - j < GEMM_DEPTH ? d - j : GEMM_DEPTH;
        for (int64_t k = 0; k < in_panels; k += TILE_COLUMNS<T>) {
            const int64_t some =
                in_panels - k < TILE_COLUMNS<T> ? in_panels - k : TILE_COLUMNS<T>;
            const int64_t width = whole_vectors<T>(some);
            const T *B = packed + k * d + j * width;
            if (width == LANES<T>) {
                panel<T, 1, Rows::along>(X + j, ldx, m, depth, B, width, Z + k, ldz, some, j > 0);
            } else {
                panel<T, TILE_VECTORS, Rows::along>(X + j, ldx, m, depth, B, width, Z + k, ldz,
                                                    some, j > 0);
            }
        }
    }
    if (in_panels < K) {
        multiply_dots<T>(X, ldx, m, d, packed + in_panels * d, whole_vectors<T>(d),
                         K - in_panels, Z + in_panels, ldz);
    }
}

// -- products whose right side has contiguous columns ---------------------------------------

// `columns` columns of B, times the weights of its rows if there are any; zero-padded.
template <class T, int VECTORS>
inline void pack_columns(const T *B, int64_t ldb, int64_t depth, int64_t columns,
                         const T *weights, T *packed) {
    const int64_t last = columns - (VECTORS - 1) * LANES<T>;
    for (int64_t l = 0; l < depth; ++l) {
        const Vec<T> w = splat<T>(weights ? weights[l] : T(1));
        HEADWAY_UNROLL
        for (int v = 0; v < VECTORS; ++v) {
            const T *b = B + l * ldb + v * LANES<T>;
            const Vec<T> entries =
                v < VECTORS - 1 || last == LANES<T> ? load<T>(b) : load_some<T>(b, last, T(0));
            store<T>(packed + (l * VECTORS + v) * LANES<T>, weights ? entries * w : entries);
        }
    }
}

// One panel of C straight from B.  A partial vector is read past its row, which the next rows
// allow, and the lanes are dropped; only the last rows need a padded copy.
template <class T, int ROWS, int VECTORS, Rows LIE>
inline void direct_panel(const T *A, int64_t lda, int64_t depth, const T *B, int64_t ldb,
                         T *C, int64_t ldc, int64_t columns, bool add) {
    const int64_t missing = VECTORS * LANES<T> - columns;
    int64_t copied = missing == 0 ? 0 : (missing + ldb - 1) / ldb;
    if (copied > depth) copied = depth;
    const int64_t safe = depth - copied;
    if (safe > 0) {
        tile<T, ROWS, VECTORS, LIE>(A, lda, safe, B, ldb, C, ldc, columns, add);
    }
    if (copied > 0) {
        T padded[VECTORS * LANES<T> * VECTORS * LANES<T>];
        pack_columns<T, VECTORS>(B + safe * ldb, ldb, copied, columns, nullptr, padded);
        tile<T, ROWS, VECTORS, LIE>(A + safe * (LIE == Rows::along ? 1 : lda), lda, copied,
                                    padded, VECTORS * LANES<T>, C, ldc, columns,
                                    add || safe > 0);
    }
}

// Few rows of C: one tile is as high as they are, and as wide as the registers allow.
template <class T, int ROWS, int VECTORS, Rows LIE>
inline void direct_columns(const T *A, int64_t lda, int64_t depth, const T *B, int64_t ldb,
                           int64_t N, T *C, int64_t ldc, bool add) {
    constexpr int64_t WIDTH = VECTORS * LANES<T>;
    int64_t n = 0;
    for (; n + WIDTH <= N; n += WIDTH) {
        direct_panel<T, ROWS, VECTORS, LIE>(A, lda, depth, B + n, ldb, C + n, ldc, WIDTH, add);
    }
    if constexpr (VECTORS > 1) {
        direct_columns<T, ROWS, VECTORS / 2, LIE>(A, lda, depth, B + n, ldb, N - n, C + n, ldc,
                                                  add);
    } else if (n < N) {
        direct_panel<T, ROWS, 1, LIE>(A, lda, depth, B + n, ldb, C + n, ldc, N - n, add);
    }
}

template <class T, Rows LIE, int MOST = TILE_ROWS>
inline void few_rows(const T *A, int64_t lda, int64_t rows, int64_t depth, const T *B,
                     int64_t ldb, int64_t N, T *C, int64_t ldc, bool add) {
    if constexpr (MOST > 1) {
        if (rows < MOST) {
            few_rows<T, LIE, MOST - 1>(A, lda, rows, depth, B, ldb, N, C, ldc, add);
            return;
        }
    }
    constexpr int FIT = (TILE_FILE - 1) / (MOST + 1);  // accumulators, B, and one number of A
    constexpr int VECTORS = FIT < 8 ? FIT : 8;
    direct_columns<T, MOST, VECTORS, LIE>(A, lda, depth, B, ldb, N, C, ldc, add);
}

// C[M, N] (+)= A B with the depth contiguous in A (along) or its rows (across).
template <class T, Rows LIE>
void multiply_columns(const T *A, int64_t lda, int64_t M, int64_t depth, const T *B, int64_t ldb,
                      int64_t N, T *C, int64_t ldc, bool add, Ahead *ahead = nullptr) {
    alignas(64) T packed[GEMM_STEPS * TILE_COLUMNS<T>];
    for (int64_t r = 0; r < M; r += GEMM_ROWS) {
        const int64_t rows = M - r < GEMM_ROWS ? M - r : GEMM_ROWS;
        for (int64_t l = 0; l < depth; l += GEMM_STEPS) {
            const int64_t steps = depth - l < GEMM_STEPS ? depth - l : GEMM_STEPS;
            const T *a = A + (LIE == Rows::along ? r * lda + l : r + l * lda);
            const T *b = B + l * ldb;
            T *c = C + r * ldc;
            const bool more = add || l > 0;
            if (rows <= GEMM_DIRECT * TILE_ROWS) {
                const int64_t tiles = (rows + TILE_ROWS - 1) / TILE_ROWS;
                for (int64_t t = 0, s = 0; t < tiles; ++t) {
                    const int64_t some = (rows - s + tiles - t - 1) / (tiles - t);
                    few_rows<T, LIE>(a + s * (LIE == Rows::along ? lda : 1), lda, some, steps, b,
                                     ldb, N, c + s * ldc, ldc, more);
                    s += some;
                }
                continue;
            }
            int64_t n = 0;
            for (; n + LANES<T> < N; n += TILE_COLUMNS<T>) {
                const int64_t some = N - n < TILE_COLUMNS<T> ? N - n : TILE_COLUMNS<T>;
                pack_columns<T, TILE_VECTORS>(b + n, ldb, steps, some, nullptr, packed);
                panel<T, TILE_VECTORS, LIE>(a, lda, rows, steps, packed, TILE_COLUMNS<T>, c + n,
                                            ldc, some, more, ahead);
            }
            if (n < N) {
                pack_columns<T, 1>(b + n, ldb, steps, N - n, nullptr, packed);
                panel<T, 1, LIE>(a, lda, rows, steps, packed, LANES<T>, c + n, ldc, N - n, more);
            }
        }
    }
}

template <class T>
void multiply_backward(const T *P, int64_t ldp, int64_t m, int64_t K, const T *X, int64_t ldx,
                       int64_t d, T *G, int64_t ldg) {
    multiply_columns<T, Rows::across>(P, ldp, K, m, X, ldx, d, G, ldg, true);
}

template <class T>
void multiply_features(const T *P, int64_t ldp, int64_t m, int64_t K, const T *W, int64_t ldw,
                       int64_t d, T *D, int64_t ldd, bool accumulate) {
    multiply_columns<T, Rows::along>(P, ldp, m, K, W, ldw, d, D, ldd, accumulate);
}

// Entries above the diagonal may be changed too, within a tile of it.
template <class T>
void add_gram(const T *X, int64_t ldx, int64_t m, int64_t d, const T *weights, T *S,
              int64_t lds) {
    alignas(64) T packed[GEMM_STEPS * TILE_COLUMNS<T>];
    for (int64_t i = 0; i < m; i += GEMM_STEPS) {
        const int64_t steps = m - i < GEMM_STEPS ? m - i : GEMM_STEPS;
        const T *x = X + i * ldx;
        const T *w = weights ? weights + i : nullptr;
        for (int64_t b = 0; b < d; b += TILE_COLUMNS<T>) {
            const int64_t some = d - b < TILE_COLUMNS<T> ? d - b : TILE_COLUMNS<T>;
            if (some <= LANES<T>) {
                pack_columns<T, 1>(x + b, ldx, steps, some, w, packed);
                panel<T, 1, Rows::across>(x + b, ldx, d - b, steps, packed, LANES<T>,
                                          S + b * lds + b, lds, some, true);
            } else {
                pack_columns<T, TILE_VECTORS>(x + b, ldx, steps, some, w, packed);
                panel<T, TILE_VECTORS, Rows::across>(x + b, ldx, d - b, steps, packed,
                                                     TILE_COLUMNS<T>, S + b * lds + b, lds, some,
                                                     true);
            }
        }
    }
}

}  // namespace HEADWAY_LEVEL
}  // namespace headway
