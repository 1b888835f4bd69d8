// The best prefix of one row's labels under expected F-beta: see hot_example_f1.cpp.
#pragma once

#include <cstdint>

#include "dispatch.hpp"

namespace headway {

struct ExampleF1Job {
    int64_t L = 0;
    double squared = 1.0;  // beta times beta
    double empty = 1.0;    // what a row without true labels scores where none is predicted
};

// Doubles of scratch for a row of L labels: two distributions with zeros around them.
constexpr int64_t example_f1_scratch(int64_t L) { return 2 * (L + 32); }

struct ExampleF1Table {
    // `probs` (L,) from the largest to the smallest; returns how many to predict, and what they
    // are expected to score.
    int64_t (*best)(const ExampleF1Job &job, const double *probs, double *scratch, double *value);
};
HEADWAY_TABLE(ExampleF1Table, example_f1_table)

}  // namespace headway
