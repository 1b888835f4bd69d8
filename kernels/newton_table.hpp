// Newton's method on a small problem, as a whole: see hot_newton.cpp.
#pragma once

#include "linear_job.hpp"

namespace headway {

struct NewtonJob {
    double *weights = nullptr;        // (K, d + 1): the start, then the last point
    double *step = nullptr;           // (K, d + 1): Newton's step from there
    const double *penalty = nullptr;  // (d + 1,)
    double settled = 0.0;             // share of the objective; a step that promises less is the last
    int64_t most = 0;                 // steps
};

struct NewtonTable {
    int64_t (*scratch)(const Job &job);  // bytes, with those of all threads
    // Returns the steps taken, or 0 where a part did not settle.
    int64_t (*run)(const Job &job, const NewtonJob &newton, char *scratch);
};
HEADWAY_TABLE(NewtonTable, newton_table)

}  // namespace headway
