// The products of gemm.hpp on whole matrices, for the tests.
#pragma once

#include <cstdint>

#include "dispatch.hpp"

namespace headway {

template <class T> struct MatrixFunctions {
    int64_t (*packed_size)(int64_t K, int64_t d);
    void (*pack_weights)(const T *W, int64_t ldw, int64_t K, int64_t d, T *packed);
    void (*forward)(const T *X, int64_t ldx, int64_t m, int64_t d, const T *packed, int64_t K,
                    T *Z, int64_t ldz);
    void (*backward)(const T *P, int64_t ldp, int64_t m, int64_t K, const T *X, int64_t ldx,
                     int64_t d, T *G, int64_t ldg);
    void (*features)(const T *P, int64_t ldp, int64_t m, int64_t K, const T *W, int64_t ldw,
                     int64_t d, T *D, int64_t ldd, bool accumulate);
    void (*gram)(const T *X, int64_t ldx, int64_t m, int64_t d, const T *weights, T *S,
                 int64_t lds);
};
struct MatrixTable {
    MatrixFunctions<float> of_float;
    MatrixFunctions<double> of_double;
};
HEADWAY_TABLE(MatrixTable, matrix_table)

}  // namespace headway
