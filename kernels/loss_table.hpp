// The fused losses: what a caller hands in and what comes back.
//
// Rows are the samples, contiguous; a null pointer is an option that is not wanted.  What is wrong
// with the input is found in the same read and reported as flags: the caller then looks closer and
// words the error.  The trap: after a flag the losses and gradients hold anything.
#pragma once

#include <cstdint>

#include "dispatch.hpp"

namespace headway {

enum LossFlag : int {
    LABEL_OUTSIDE = 1,  // a label is not in 0 .. K - 1; nothing was written
    TARGET_WRONG = 2,   // a target is not a probability, or a row's sum is suspicious
    MASS_MASKED = 4,    // a label, or a part of a target, is on a masked class
    ROW_EMPTY = 8,      // all logits of a row are -inf or masked
};
struct LossReport {
    int flags = 0;
    int64_t empty_row = INT64_MAX;  // the first one
};

// Which rows, and where they go.  `mask_step` is 0 if all rows share one mask, else K.
template <class T> struct LossJob {
    int64_t n, K;
    const T *logits;
    const T *targets;
    const uint8_t *mask;
    int64_t mask_step;
    const T *weight;  // of the classes, or of the present labels
    T smoothing;
    T *losses;
    T *gradient;
    bool stream;  // write the gradient past the caches
};
template <class T> struct CrossEntropyJob : LossJob<T> {
    const int64_t *labels;        // these, or
    const int32_t *short_labels;  // these, or the targets
    double tolerance;             // how far a row of targets may sum from 1
};

template <class T> struct LossFunctions {
    bool (*labels_inside)(const CrossEntropyJob<T> &, int64_t first, int64_t last);
    void (*cross_entropy)(const CrossEntropyJob<T> &, int64_t first, int64_t last, LossReport *);
};
struct LossTable {
    LossFunctions<float> of_float;
    LossFunctions<double> of_double;
};
HEADWAY_TABLE(LossTable, loss_table)

template <class T> struct BinaryLossFunctions {
    void (*binary_cross_entropy)(const LossJob<T> &, int64_t first, int64_t last, LossReport *);
};
struct BinaryLossTable {
    BinaryLossFunctions<float> of_float;
    BinaryLossFunctions<double> of_double;
};
HEADWAY_TABLE(BinaryLossTable, binary_loss_table)

}  // namespace headway
