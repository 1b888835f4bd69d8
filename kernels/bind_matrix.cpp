#include "bind.hpp"
#include <nanobind/stl/optional.h>

#include <optional>

#include "matrix_table.hpp"

namespace headway {
namespace {

template <class T> const MatrixFunctions<T> &functions();
template <> const MatrixFunctions<float> &functions<float>() { return matrix_table().of_float; }
template <> const MatrixFunctions<double> &functions<double>() { return matrix_table().of_double; }

// Matrices whose rows are contiguous; the rows may lie apart.
template <class T> using Rows = nb::ndarray<T, nb::ndim<2>, nb::device::cpu>;
template <class T> using Weights = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

template <class T> void bind(nb::module_ &m) {
    m.def("matrix_packed_size", [](int64_t K, int64_t d, In<T>) {
        return functions<T>().packed_size(K, d);
    });
    m.def(
        "matrix_pack",
        [](Rows<const T> W, Out<T> packed) {
            functions<T>().pack_weights(W.data(), W.stride(0), W.shape(0), W.shape(1),
                                        packed.data());
        },
        nb::arg().noconvert(), nb::arg().noconvert());
    m.def(
        "matrix_forward",
        [](Rows<const T> X, In<T> packed, int64_t K, Rows<T> Z) {
            functions<T>().forward(X.data(), X.stride(0), X.shape(0), X.shape(1), packed.data(),
                                   K, Z.data(), Z.stride(0));
        },
        nb::arg().noconvert(), nb::arg().noconvert(), nb::arg(), nb::arg().noconvert());
    m.def(
        "matrix_backward",
        [](Rows<const T> P, Rows<const T> X, Rows<T> G) {
            functions<T>().backward(P.data(), P.stride(0), P.shape(0), P.shape(1), X.data(),
                                    X.stride(0), X.shape(1), G.data(), G.stride(0));
        },
        nb::arg().noconvert(), nb::arg().noconvert(), nb::arg().noconvert());
    m.def(
        "matrix_features",
        [](Rows<const T> P, Rows<const T> W, Rows<T> D, bool accumulate) {
            functions<T>().features(P.data(), P.stride(0), P.shape(0), P.shape(1), W.data(),
                                    W.stride(0), W.shape(1), D.data(), D.stride(0), accumulate);
        },
        nb::arg().noconvert(), nb::arg().noconvert(), nb::arg().noconvert(), nb::arg());
    m.def(
        "matrix_gram",
        [](Rows<const T> X, std::optional<Weights<T>> weights, Rows<T> S) {
            functions<T>().gram(X.data(), X.stride(0), X.shape(0), X.shape(1),
                                weights ? weights->data() : nullptr, S.data(), S.stride(0));
        },
        nb::arg().noconvert(), nb::arg().none(), nb::arg().noconvert());
}

}  // namespace

void bind_matrix(nb::module_ &m) {
    bind<float>(m);
    bind<double>(m);
}

}  // namespace headway
