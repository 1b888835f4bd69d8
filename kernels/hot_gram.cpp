// Gram matrices of drawn rows, a few panels of columns to a task.
#include "gemm.hpp"
#include "gram_table.hpp"
#include "linear_features.hpp"
#include "pool.hpp"

namespace headway {
namespace HEADWAY_LEVEL {
namespace {

constexpr int64_t CHUNK = 192;  // rows gathered at once
constexpr int64_t STRIP = 96;   // rows of the result at a time

template <class T> int64_t scratch_bytes(const GramJob &job) {
    return (CHUNK + 1) * (job.x.d + 1) * int64_t(sizeof(T)) + 64;
}

// Where rows hold few cells, the products of all pairs are fewer than those of a dense row, even at
// the price of an addition to a far place.
constexpr int64_t SCATTER_PRICE = 64;
bool scatters(const GramJob &job) {
    const int64_t width = job.x.d + 1;
    if (!job.x.sparse || job.x.n == 0) return false;
    const double cells = double(job.x.indptr[job.x.n] - job.x.indptr[0]) / double(job.x.n) + 1;
    return cells * cells * SCATTER_PRICE < double(width) * double(width);
}

template <class T, class D, class I>
void scatter(const Features &x, int64_t row, double weight, T *matrix) {
    const int64_t at = x.indptr[row], count = x.indptr[row + 1] - at, width = x.d + 1;
    const D *data = (const D *)x.data + at;
    const I *columns = (const I *)x.indices + at;
    T *ones = matrix + x.d * width;
    for (int64_t i = 0; i < count; ++i) {
        const double value = weight * double(data[i]);
        const int64_t a = columns[i];
        ones[a] += T(value);
        matrix[a * width + a] += T(value * double(data[i]));
        for (int64_t k = 0; k < i; ++k) {
            const int64_t b = columns[k];
            const T cell = T(value * double(data[k]));
            // A column that occurs twice in a row is the sum of its cells.
            if (a == b) matrix[a * width + a] += T(2) * cell;
            else matrix[a > b ? a * width + b : b * width + a] += cell;
        }
    }
    ones[x.d] += T(weight);
}
template <class T, class D>
void scatter_row(const Features &x, int64_t row, double weight, T *matrix) {
    if (x.index == Index::u16) scatter<T, D, uint16_t>(x, row, weight, matrix);
    else if (x.index == Index::i32) scatter<T, D, int32_t>(x, row, weight, matrix);
    else scatter<T, D, int64_t>(x, row, weight, matrix);
}

template <class T> void run_scattered(const GramJob &job, T *out) {
    const int64_t width = job.x.d + 1;
    parallel(job.count, [&](int64_t c) {
        T *matrix = out + c * width * width;
        for (int64_t i = 0; i < width * width; ++i) matrix[i] = T(0);
        for (int64_t i = 0; i < job.rows; ++i) {
            const int64_t at = c * job.rows + i;
            const int64_t row = job.drawn != nullptr ? job.drawn[at] : i;
            const double weight = job.weights != nullptr ? job.weights[at] : 1.0;
            if (job.x.cell == Cell::f32) scatter_row<T, float>(job.x, row, weight, matrix);
            else if (job.x.cell == Cell::f64) scatter_row<T, double>(job.x, row, weight, matrix);
            else scatter_row<T, uint8_t>(job.x, row, weight, matrix);
        }
    });
}

template <class T> void run(const GramJob &job, T *out, char *scratch) {
    if (scatters(job)) return run_scattered<T>(job, out);
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
                gather_row<T>(job.x, job.drawn != nullptr ? job.drawn[at] : start + i, row);
                row[width - 1] = T(1);
                if (job.weights != nullptr) {
                    const T scale = T(__builtin_sqrt(job.weights[at]));
                    for (int64_t j = 0; j < width; ++j) row[j] *= scale;
                }
            }
            // Strips, so that little is computed beyond the diagonal.
            for (int64_t a = first; a < last; a += STRIP) {
                const int64_t some = last - a < STRIP ? last - a : STRIP;
                multiply_backward<T>(gathered + a, width, rows, some, gathered, width, a + some,
                                     matrix + a * width, width);
            }
        }
    });
}

}  // namespace

extern const GramTable gram_table = {{scratch_bytes<float>, run<float>},
                                     {scratch_bytes<double>, run<double>}};

}  // namespace HEADWAY_LEVEL
}  // namespace headway
