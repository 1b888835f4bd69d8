// The functions of math.hpp on arrays, for the tests of their accuracy.
#pragma once

#include <cstdint>

#include "dispatch.hpp"

namespace headway {

template <class T> struct MathFunctions {
    void (*exp)(const T *in, T *out, int64_t size);
    void (*log1p)(const T *in, T *out, int64_t size);       // of any number >= 0
    void (*log1p_unit)(const T *in, T *out, int64_t size);  // of 0..1
};
struct MathTable {
    MathFunctions<float> of_float;
    MathFunctions<double> of_double;
};
HEADWAY_TABLE(MathTable, math_table)

}  // namespace headway
