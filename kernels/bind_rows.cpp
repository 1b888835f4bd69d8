#include "bind.hpp"
#include "rows_table.hpp"

namespace headway {
namespace {

template <class T> const RowFunctions<T> &functions();
template <> const RowFunctions<float> &functions<float>() { return row_table().of_float; }
template <> const RowFunctions<double> &functions<double>() { return row_table().of_double; }

template <class T>
using Kernel = int64_t (*RowFunctions<T>::*)(const T *, T *, int64_t, int64_t);

// The last axis is a row, whatever comes before it.
template <class T, bool ONE_A_ROW> void bind(nb::module_ &m, const char *name, Kernel<T> kernel) {
    m.def(
        name,
        [kernel](In<T> logits, Out<T> out) -> int64_t {
            if (logits.ndim() == 0 || logits.shape(logits.ndim() - 1) == 0) {
                throw nb::value_error("`logits` must have a last axis that is not empty.");
            }
            const int64_t size = int64_t(logits.size());
            const int64_t n_columns = int64_t(logits.shape(logits.ndim() - 1));
            const int64_t n_rows = size / n_columns;
            check_same_size(size_t(ONE_A_ROW ? n_rows : size), out.size());
            const Unlocked unlocked(size);
            return (functions<T>().*kernel)(logits.data(), out.data(), n_rows, n_columns);
        },
        nb::arg("logits").noconvert(), nb::arg("out").noconvert());
}

template <class T> void bind_all(nb::module_ &m) {
    bind<T, false>(m, "softmax", &RowFunctions<T>::softmax);
    bind<T, false>(m, "log_softmax", &RowFunctions<T>::log_softmax);
    bind<T, true>(m, "logsumexp", &RowFunctions<T>::logsumexp);
}

}  // namespace

void bind_rows(nb::module_ &m) {
    bind_all<float>(m);
    bind_all<double>(m);
}

}  // namespace headway
