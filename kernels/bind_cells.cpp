#include "bind.hpp"
#include "cells_table.hpp"

namespace headway {
namespace {

template <class T> const CellFunctions<T> &functions();
template <> const CellFunctions<float> &functions<float>() { return cell_table().of_float; }
template <> const CellFunctions<double> &functions<double>() { return cell_table().of_double; }

template <class T> using Kernel = void (*CellFunctions<T>::*)(const T *, T *, int64_t);

template <class T> void bind(nb::module_ &m, const char *name, Kernel<T> kernel) {
    m.def(
        name,
        [kernel](In<T> logits, Out<T> out) {
            check_same_size(logits.size(), out.size());
            const int64_t size = int64_t(logits.size());
            const Unlocked unlocked(size);
            (functions<T>().*kernel)(logits.data(), out.data(), size);
        },
        nb::arg("logits").noconvert(), nb::arg("out").noconvert());
}

template <class T> void bind_all(nb::module_ &m) {
    bind<T>(m, "sigmoid", &CellFunctions<T>::sigmoid);
    bind<T>(m, "log_sigmoid", &CellFunctions<T>::log_sigmoid);
    bind<T>(m, "softplus", &CellFunctions<T>::softplus);
}

}  // namespace

void bind_cells(nb::module_ &m) {
    bind_all<float>(m);
    bind_all<double>(m);
}

}  // namespace headway
