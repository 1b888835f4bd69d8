#include "bind.hpp"
#include "math_table.hpp"

namespace headway {
namespace {

template <class T> const MathFunctions<T> &functions();
template <> const MathFunctions<float> &functions<float>() { return math_table().of_float; }
template <> const MathFunctions<double> &functions<double>() { return math_table().of_double; }

template <class T> void bind(nb::module_ &m) {
    m.def(
        "exp", [](In<T> x, Out<T> out) { functions<T>().exp(x.data(), out.data(), x.size()); },
        nb::arg().noconvert(), nb::arg().noconvert());
    m.def(
        "log1p", [](In<T> x, Out<T> out) { functions<T>().log1p(x.data(), out.data(), x.size()); },
        nb::arg().noconvert(), nb::arg().noconvert());
    m.def(
        "log1p_unit",
        [](In<T> x, Out<T> out) { functions<T>().log1p_unit(x.data(), out.data(), x.size()); },
        nb::arg().noconvert(), nb::arg().noconvert());
}

}  // namespace

void bind_math(nb::module_ &m) {
    bind<float>(m);
    bind<double>(m);
}

}  // namespace headway
