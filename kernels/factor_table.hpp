// Cholesky factors of positive definite matrices, and solves with them, for preconditioners.
#pragma once

#include <cstdint>

#include "dispatch.hpp"

namespace headway {

constexpr int64_t FACTOR_STRIP = 64;  // rows of a factor that are made at once
constexpr int64_t SOLVE_SIDES = 4;    // right sides that share a matrix

template <class T> struct FactorFunctions {
    // In: `count` matrices (width, width), their lower triangles.  Out: upper factors R, with
    // R'R = s M s of unit diagonal, and the scales s (count, width).  A pivot below `floor` is
    // taken for it, and what stands beside it for zero.
    // `scratch` is FACTOR_STRIP * width entries for each thread.
    void (*factor)(T *matrices, int64_t count, int64_t width, double *scales, double floor,
                   T *scratch);
    // out[r] = M^-1 rhs[r], M the matrix `which[r]`, or the only one where `which` is null.
    // `scratch` is SOLVE_SIDES * width entries for each thread.
    void (*solve)(const T *factors, const double *scales, int64_t width, const double *rhs,
                  const int64_t *which, int64_t rows, double *out, T *scratch);
};
struct FactorTable {
    FactorFunctions<float> of_float;
    FactorFunctions<double> of_double;
};
HEADWAY_TABLE(FactorTable, factor_table)

}  // namespace headway
