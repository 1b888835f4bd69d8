// Linear logits and their cross-entropy for very many classes.
#pragma once

#include <cstdint>

#include "dispatch.hpp"

namespace headway {

// Sizes in elements; rows of the matrices may lie apart, their columns not.
template <class T> struct ManyClassesJob {
    int64_t n, d, K;
    const T *features;
    int64_t features_step;
    const T *weights;
    int64_t weights_step;
    const T *bias;              // or null
    const int64_t *labels;      // 0 .. K - 1
    const T *sample_weights;    // or null
    double smoothing;
    T *losses;                  // (n,), not weighted
    T *features_gradient;       // (n, d), contiguous, or null
    T *weights_gradient;        // (K, d), contiguous
    T *bias_gradient;           // (K,), or null
    int64_t empty_row;          // out: the first row without a possible class, or -1
};

template <class T> struct ManyClassesFunctions {
    int64_t (*scratch_bytes)(const ManyClassesJob<T> &job);
    void (*run)(ManyClassesJob<T> &job, void *scratch);  // scratch on a boundary of 64 bytes
};
struct ManyClassesTable {
    ManyClassesFunctions<float> of_float;
    ManyClassesFunctions<double> of_double;
};
HEADWAY_TABLE(ManyClassesTable, many_classes_table)

}  // namespace headway
