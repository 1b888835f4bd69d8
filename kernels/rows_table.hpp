// Kernels of rows: C-contiguous (n_rows, n_columns), n_columns > 0.
#pragma once

#include <cstdint>

#include "dispatch.hpp"

namespace headway {

template <class T> struct RowFunctions {
    // Return the first row whose entries are all -inf, or -1.  `in` may be `out`; other overlaps
    // are not allowed.
    int64_t (*softmax)(const T *in, T *out, int64_t n_rows, int64_t n_columns);
    int64_t (*log_softmax)(const T *in, T *out, int64_t n_rows, int64_t n_columns);
    // One number a row.
    int64_t (*logsumexp)(const T *in, T *out, int64_t n_rows, int64_t n_columns);
};
struct RowTable {
    RowFunctions<float> of_float;
    RowFunctions<double> of_double;
};
HEADWAY_TABLE(RowTable, row_table)

}  // namespace headway
