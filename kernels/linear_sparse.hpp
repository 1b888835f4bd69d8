// Products with sparse rows, by tile width and types: chosen once for a pass.
#pragma once

#include "linear_features.hpp"

namespace headway {
namespace HEADWAY_LEVEL {
namespace {

template <class T> using SparseRows = void (*)(const Features &, int64_t row, int64_t rows,
                                               const T *in, T *out, int64_t stride);

template <class T, int W, class D, class I> struct Sparse {
    static const D *data(const Features &x, int64_t at) { return (const D *)x.data + at; }
    static const I *columns(const Features &x, int64_t at) { return (const I *)x.indices + at; }
    static void forward(const Features &x, int64_t row, int64_t rows, const T *weights, T *z,
                        int64_t stride) {
        for (int64_t i = 0; i < rows; ++i) {
            const int64_t at = x.indptr[row + i], count = x.indptr[row + i + 1] - at;
            sparse_forward<T, W>(data(x, at), columns(x, at), count, weights, z + i * stride);
        }
    }
    template <bool SQUARED>
    static void backward(const Features &x, int64_t row, int64_t rows, const T *p, T *gradient,
                         int64_t stride) {
        for (int64_t i = 0; i < rows; ++i) {
            const int64_t at = x.indptr[row + i], count = x.indptr[row + i + 1] - at;
            sparse_backward<T, W, SQUARED>(data(x, at), columns(x, at), count, p + i * stride, gradient);
        }
    }
};

enum class Way { forward, backward, squared };

template <class T, int W, class D, class I> SparseRows<T> pick_way(Way way) {
    if (way == Way::forward) return Sparse<T, W, D, I>::forward;
    if (way == Way::backward) return Sparse<T, W, D, I>::template backward<false>;
    return Sparse<T, W, D, I>::template backward<true>;
}
template <class T, int W, class D> SparseRows<T> pick_index(const Features &x, Way way) {
    if (x.index == Index::u16) return pick_way<T, W, D, uint16_t>(way);
    if (x.index == Index::i32) return pick_way<T, W, D, int32_t>(way);
    return pick_way<T, W, D, int64_t>(way);
}
template <class T, int W> SparseRows<T> pick_cell(const Features &x, Way way) {
    if (x.cell == Cell::f32) return pick_index<T, W, float>(x, way);
    if (x.cell == Cell::f64) return pick_index<T, W, double>(x, way);
    return pick_index<T, W, uint8_t>(x, way);
}
template <class T> SparseRows<T> pick_sparse(const Features &x, int64_t tile, Way way) {
    if (tile == 1) return pick_cell<T, 1>(x, way);
    if (tile == 2) return pick_cell<T, 2>(x, way);
    if (tile == 4) return pick_cell<T, 4>(x, way);
    if (tile == 8) return pick_cell<T, 8>(x, way);
    if (tile == 16) return pick_cell<T, 16>(x, way);
    if (tile == 32) return pick_cell<T, 32>(x, way);
    return pick_cell<T, 64>(x, way);
}

}  // namespace
}  // namespace HEADWAY_LEVEL
}  // namespace headway
