// Gram matrices of drawn rows: sum of w x' x over some rows, for preconditioners.
#pragma once

#include "linear_job.hpp"

namespace headway {

struct GramJob {
    Features x;
    int64_t count = 0;            // matrices
    int64_t rows = 0;             // rows of each
    const int64_t *drawn = nullptr;    // (count, rows), or the rows 0 .. rows - 1
    const double *weights = nullptr;   // (count, rows), or all 1
};

template <class T> struct GramFunctions {
    int64_t (*scratch)(const GramJob &job);  // bytes for each thread
    // `out` is (count, d + 1, d + 1), the ones of the intercept last; only lower triangles are
    // written.
    void (*run)(const GramJob &job, T *out, char *scratch);
};
struct GramTable {
    GramFunctions<float> of_float;
    GramFunctions<double> of_double;
};
HEADWAY_TABLE(GramTable, gram_table)

}  // namespace headway
