// What the bindings share: array types that are never converted or copied on the way in.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstdint>

namespace headway {

namespace nb = nanobind;

// C-contiguous arrays of any number of dimensions.
template <class T> using In = nb::ndarray<const T, nb::c_contig, nb::device::cpu>;
template <class T> using Out = nb::ndarray<T, nb::c_contig, nb::device::cpu>;

void bind_math(nb::module_ &m);
void bind_many_classes(nb::module_ &m);
void bind_matrix(nb::module_ &m);
void bind_predictor(nb::module_ &m);

}  // namespace headway
