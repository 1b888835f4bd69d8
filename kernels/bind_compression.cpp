// Dense features that are mostly zero, as compressed rows.
#include "bind.hpp"

#include "pool.hpp"

namespace headway {
namespace {

// Counts the nonzeros of each row (into indptr + 1), or writes them.
template <class T> void count_nonzeros(const char *x, int64_t n, int64_t d, int64_t row_stride,
                                       int64_t column_stride, int64_t *indptr) {
    parallel((n + 255) / 256, [&](int64_t task) {
        for (int64_t i = task * 256; i < n && i < (task + 1) * 256; ++i) {
            const char *row = x + i * row_stride;
            int64_t count = 0;
            if (column_stride == int64_t(sizeof(T))) {  // known to the compiler: in vectors
                const T *cells = reinterpret_cast<const T *>(row);
                int32_t some = 0;
                for (int64_t j = 0; j < d; ++j) some += cells[j] != T(0);
                count = some;
            } else {
                for (int64_t j = 0; j < d; ++j) {
                    count += *reinterpret_cast<const T *>(row + j * column_stride) != T(0);
                }
            }
            indptr[i + 1] = count;
        }
    });
}
template <class T, class I>
void write_nonzeros(const char *x, int64_t n, int64_t d, int64_t row_stride,
                    int64_t column_stride, const int64_t *indptr, T *data, I *indices) {
    parallel((n + 255) / 256, [&](int64_t task) {
        for (int64_t i = task * 256; i < n && i < (task + 1) * 256; ++i) {
            const char *row = x + i * row_stride;
            int64_t at = indptr[i];
            const int64_t end = indptr[i + 1];
            for (int64_t j = 0; j < d && at < end; ++j) {
                const T value = *reinterpret_cast<const T *>(row + j * column_stride);
                data[at] = value;
                indices[at] = static_cast<I>(j);
                at += value != T(0);
            }
        }
    });
}

template <class T> void count_cells(nb::ndarray<const T, nb::ndim<2>, nb::device::cpu> x,
                                    nb::ndarray<int64_t, nb::c_contig, nb::device::cpu> indptr) {
    const int64_t n = x.shape(0), size = sizeof(T);
    expect(int64_t(indptr.size()) == n + 1, "indptr must have shape (n + 1,)");
    nb::gil_scoped_release release;
    count_nonzeros<T>(reinterpret_cast<const char *>(x.data()), n, x.shape(1),
                      x.stride(0) * size, x.stride(1) * size, indptr.data());
}
template <class T, class I>
void write_cells(nb::ndarray<const T, nb::ndim<2>, nb::device::cpu> x,
                 nb::ndarray<const int64_t, nb::c_contig, nb::device::cpu> indptr,
                 nb::ndarray<T, nb::c_contig, nb::device::cpu> data,
                 nb::ndarray<I, nb::c_contig, nb::device::cpu> indices) {
    const int64_t n = x.shape(0), size = sizeof(T);
    expect(int64_t(indptr.size()) == n + 1 && int64_t(data.size()) >= indptr.data()[n] &&
               int64_t(indices.size()) >= indptr.data()[n],
           "data and indices must be as long as indptr says");
    nb::gil_scoped_release release;
    write_nonzeros<T, I>(reinterpret_cast<const char *>(x.data()), n, x.shape(1),
                         x.stride(0) * size, x.stride(1) * size, indptr.data(), data.data(),
                         indices.data());
}
template <class T> void bind_cells_of(nb::module_ &m) {
    using nb::arg;
    m.def("count_nonzeros", &count_cells<T>, arg().noconvert(), arg().noconvert());
    m.def("write_nonzeros", &write_cells<T, uint16_t>, arg().noconvert(), arg().noconvert(),
          arg().noconvert(), arg().noconvert());
    m.def("write_nonzeros", &write_cells<T, int32_t>, arg().noconvert(), arg().noconvert(),
          arg().noconvert(), arg().noconvert());
}

}  // namespace

void bind_compression(nb::module_ &m) {
    bind_cells_of<float>(m);
    bind_cells_of<double>(m);
    bind_cells_of<uint8_t>(m);
}

}  // namespace headway
