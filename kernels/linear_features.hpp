// Blocks of features as the matrix kernels want them, and the two products with sparse rows.
#pragma once

#include "linear_job.hpp"
#include "simd.hpp"

namespace headway {
namespace HEADWAY_LEVEL {
namespace {

// -- dense -----------------------------------------------------------------------------------

template <class T> struct CellOf;
template <> struct CellOf<float> { static constexpr Cell cell = Cell::f32; };
template <> struct CellOf<double> { static constexpr Cell cell = Cell::f64; };

// Whether blocks can be read where they lie: rows that overlap or run backwards cannot, since the
// products read some lanes past a row.
template <class T> inline bool in_place(const Features &x) {
    return x.cell == CellOf<T>::cell && x.shift == nullptr && x.scale == nullptr &&
           x.column_stride == int64_t(sizeof(T)) && x.row_stride % int64_t(sizeof(T)) == 0 &&
           x.row_stride >= x.d * int64_t(sizeof(T));
}

template <class T, class D>
inline void convert_block(const Features &x, int64_t row, int64_t rows, T *out) {
    const char *base = static_cast<const char *>(x.data) + row * x.row_stride;
    const int64_t d = x.d, step = x.column_stride;
    const auto cell = [&](const char *p, int64_t j) {
        D value;
        std::memcpy(&value, p, sizeof value);
        // In double: a large mean must not eat the digits of a small deviation.
        return x.scale == nullptr ? T(value) : T((double(value) - x.shift[j]) * x.scale[j]);
    };
    if (step == int64_t(sizeof(D)) || x.row_stride != int64_t(sizeof(D))) {
        for (int64_t i = 0; i < rows; ++i) {
            const char *from = base + i * x.row_stride;
            T *to = out + i * d;
            if (step == int64_t(sizeof(D)) && x.scale == nullptr) {
                for (int64_t j = 0; j < d; ++j) {
                    D value;
                    std::memcpy(&value, from + j * int64_t(sizeof(D)), sizeof value);
                    to[j] = T(value);
                }
            } else {
                for (int64_t j = 0; j < d; ++j) to[j] = cell(from + j * step, j);
            }
        }
        return;
    }
    // Column after column in memory (Fortran order): read along the columns.
    for (int64_t j = 0; j < d; ++j) {
        const char *from = base + j * step;
        for (int64_t i = 0; i < rows; ++i) out[i * d + j] = cell(from + i * int64_t(sizeof(D)), j);
    }
}

// The rows as T, contiguous along columns; `out` (rows * d) is written where they are not so.
template <class T>
inline const T *dense_block(const Features &x, int64_t row, int64_t rows, T *out, int64_t &stride) {
    if (in_place<T>(x)) {
        stride = x.row_stride / int64_t(sizeof(T));
        return reinterpret_cast<const T *>(static_cast<const char *>(x.data) + row * x.row_stride);
    }
    stride = x.d;
    if (x.cell == Cell::f32) convert_block<T, float>(x, row, rows, out);
    else if (x.cell == Cell::f64) convert_block<T, double>(x, row, rows, out);
    else convert_block<T, uint8_t>(x, row, rows, out);
    return out;
}

// -- sparse ----------------------------------------------------------------------------------
//
// Weights lie in tiles of W classes: (tiles, d, W), so that one nonzero meets W classes in one
// or a few vectors.

template <class T, int W> struct Tile {
    static constexpr int lanes = W < LANES<T> ? W : LANES<T>;
    static constexpr int count = W / lanes;
    typedef T V __attribute__((vector_size(lanes * sizeof(T))));
};
template <class T> struct Tile<T, 1> {
    static constexpr int lanes = 1, count = 1;
    typedef T V;
};

template <class V, class T> HEADWAY_INLINE V tile_load(const T *p) {
    V v;
    std::memcpy(&v, p, sizeof v);
    return v;
}
template <class V, class T> HEADWAY_INLINE void tile_store(T *p, V v) {
    std::memcpy(p, &v, sizeof v);
}

// z[0 .. W) <- sum over the nonzeros of x * weights[column]
template <class T, int W, class D, class I>
HEADWAY_INLINE void sparse_forward(const D *data, const I *columns, int64_t count, const T *weights,
                                   T *z) {
    using V = typename Tile<T, W>::V;
    constexpr int N = Tile<T, W>::count, lanes = Tile<T, W>::lanes;
    // A few independent sums hide the latency of the additions.
    constexpr int U = N >= 4 ? 1 : N == 2 ? 2 : 4;
    V sums[U][N] = {};
    int64_t i = 0;
    for (; i + U <= count; i += U) {
        for (int u = 0; u < U; ++u) {
            const T x = T(data[i + u]);
            const T *row = weights + int64_t(columns[i + u]) * W;
            for (int v = 0; v < N; ++v) sums[u][v] += x * tile_load<V>(row + v * lanes);
        }
    }
    for (; i < count; ++i) {
        const T x = T(data[i]);
        const T *row = weights + int64_t(columns[i]) * W;
        for (int v = 0; v < N; ++v) sums[0][v] += x * tile_load<V>(row + v * lanes);
    }
    for (int v = 0; v < N; ++v) {
        V total = sums[0][v];
        for (int u = 1; u < U; ++u) total += sums[u][v];
        tile_store<V>(z + v * lanes, total);
    }
}

// gradient[column] += x * p[0 .. W) for each nonzero, or x^2 * p
template <class T, int W, bool SQUARED, class D, class I>
HEADWAY_INLINE void sparse_backward(const D *data, const I *columns, int64_t count, const T *p,
                                    T *gradient) {
    using V = typename Tile<T, W>::V;
    constexpr int N = Tile<T, W>::count, lanes = Tile<T, W>::lanes;
    V cells[N];
    for (int v = 0; v < N; ++v) cells[v] = tile_load<V>(p + v * lanes);
    for (int64_t i = 0; i < count; ++i) {
        const T x = SQUARED ? T(data[i]) * T(data[i]) : T(data[i]);
        T *row = gradient + int64_t(columns[i]) * W;
        for (int v = 0; v < N; ++v) {
            tile_store<V>(row + v * lanes, tile_load<V>(row + v * lanes) + x * cells[v]);
        }
    }
}

// -- one row, dense --------------------------------------------------------------------------

template <class T, class D, class I>
inline void gather_sparse(const Features &x, int64_t row, T *out) {
    const int64_t at = x.indptr[row], end = x.indptr[row + 1];
    for (int64_t j = 0; j < x.d; ++j) out[j] = T(0);
    for (int64_t i = at; i < end; ++i) {
        out[int64_t(((const I *)x.indices)[i])] += T(((const D *)x.data)[i]);
    }
}
template <class T, class D> inline void gather_cell(const Features &x, int64_t row, T *out) {
    if (!x.sparse) convert_block<T, D>(x, row, 1, out);
    else if (x.index == Index::u16) gather_sparse<T, D, uint16_t>(x, row, out);
    else if (x.index == Index::i32) gather_sparse<T, D, int32_t>(x, row, out);
    else gather_sparse<T, D, int64_t>(x, row, out);
}
template <class T> inline void gather_row(const Features &x, int64_t row, T *out) {
    if (x.cell == Cell::f32) gather_cell<T, float>(x, row, out);
    else if (x.cell == Cell::f64) gather_cell<T, double>(x, row, out);
    else gather_cell<T, uint8_t>(x, row, out);
}

}  // namespace
}  // namespace HEADWAY_LEVEL
}  // namespace headway
