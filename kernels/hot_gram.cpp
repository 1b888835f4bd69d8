// Gram matrices of drawn rows, a few panels of columns to a task.
#include "gemm.hpp"
#include "gram_table.hpp"
#include "linear_features.hpp"
#include "pool.hpp"

namespace headway {
namespace HEADWAY_LEVEL {
namespace {

constexpr int64_t CHUNK = 192;  // rows gathered at once

template <class T> int64_t scratch_bytes(const GramJob &job) {
    return (CHUNK + 1) * (job.x.d + 1) * int64_t(sizeof(T)) + 64;
}

template <class T, class D, class I>
void gather_sparse(const Features &x, int64_t row, T *out) {
    const int64_t at = x.indptr[row], end = x.indptr[row + 1];
    for (int64_t j = 0; j < x.d; ++j) out[j] = T(0);
    for (int64_t i = at; i < end; ++i) {
        out[int64_t(((const I *)x.indices)[i])] += T(((const D *)x.data)[i]);
    }
}
template <class T, class D> void gather_cell(const Features &x, int64_t row, T *out) {
    if (!x.sparse) convert_block<T, D>(x, row, 1, out);
    else if (x.index == Index::u16) gather_sparse<T, D, uint16_t>(x, row, out);
    else if (x.index == Index::i32) gather_sparse<T, D, int32_t>(x, row, out);
    else gather_sparse<T, D, int64_t>(x, row, out);
}
template <class T> void gather(const Features &x, int64_t row, T *out) {
    if (x.cell == Cell::f32) gather_cell<T, float>(x, row, out);
    else if (x.cell == Cell::f64) gather_cell<T, double>(x, row, out);
    else gather_cell<T, uint8_t>(x, row, out);
}

template <class T> void run(const GramJob &job, T *out, char *scratch) {
    const int64_t width = job.x.d + 1;
    // Panels of equal area of the lower triangle; more of them where there are few matrices.
    const int64_t panels = width < 128 ? 1 : job.count >= 8 ? 2 : 8;
    const int64_t bytes = scratch_bytes<T>(job);
    parallel(job.count * panels, [&](int64_t task) {
        const int64_t c = task / panels, p = task % panels;
        const auto edge = [&](int64_t i) {
            const int64_t at = int64_t(double(width) * __builtin_sqrt(double(i) / double(panels)));
            return i == panels ? width : at;
        };
        const int64_t first = edge(p), last = edge(p + 1);
        if (first == last) return;
        T *gathered = reinterpret_cast<T *>(scratch + worker_index() * bytes);
        T *matrix = out + c * width * width;
        for (int64_t a = first; a < last; ++a) {
            for (int64_t b = 0; b < last; ++b) matrix[a * width + b] = T(0);
        }
        for (int64_t start = 0; start < job.rows; start += CHUNK) {
            const int64_t rows = job.rows - start < CHUNK ? job.rows - start : CHUNK;
            for (int64_t i = 0; i < rows; ++i) {
                const int64_t at = c * job.rows + start + i;
                T *row = gathered + i * width;
                gather<T>(job.x, job.drawn != nullptr ? job.drawn[at] : start + i, row);
                row[width - 1] = T(1);
                if (job.weights != nullptr) {
                    const T scale = T(__builtin_sqrt(job.weights[at]));
                    for (int64_t j = 0; j < width; ++j) row[j] *= scale;
                }
            }
            multiply_backward<T>(gathered + first, width, rows, last - first, gathered, width,
                                 last, matrix + first * width, width);
        }
    });
}

}  // namespace

extern const GramTable gram_table = {{scratch_bytes<float>, run<float>},
                                     {scratch_bytes<double>, run<double>}};

}  // namespace HEADWAY_LEVEL
}  // namespace headway
