// Kernels that take every entry on its own.
#pragma once

#include <cstdint>

#include "dispatch.hpp"

namespace headway {

template <class T> struct CellFunctions {
    // `in` may be `out`; other overlaps are not allowed.
    void (*sigmoid)(const T *in, T *out, int64_t size);
    void (*log_sigmoid)(const T *in, T *out, int64_t size);
    void (*softplus)(const T *in, T *out, int64_t size);
};
struct CellTable {
    CellFunctions<float> of_float;
    CellFunctions<double> of_double;
};
HEADWAY_TABLE(CellTable, cell_table)

}  // namespace headway
