// Logits and probabilities of a few rows of a linear model.
#pragma once

#include <cstdint>

#include "dispatch.hpp"

namespace headway {

enum class Link {
    softmax,
    sigmoid,
    binary,      // one logit z, read as (0, z)
    normalised,  // sigmoids of exclusive classes: softmax(log_sigmoid(z))
};

// Coefficients are rows of whole cache lines, zero beyond d: whole vectors at every level.
template <class T> constexpr int64_t whole_lines(int64_t d) {
    constexpr int64_t LINE = 64 / int64_t(sizeof(T));
    return (d + LINE - 1) / LINE * LINE;
}

template <class T> struct PredictorFunctions {
    // X (n, d) with rows `step` apart; out (n, K), contiguous.
    void (*logits)(const T *X, int64_t step, int64_t n, int64_t d, const T *coefficients,
                   const T *intercepts, int64_t K, T *out);
    // logits (n, K) to out (n, K), which may be the logits; or to (n, 2) for a binary link.
    void (*probs)(const T *logits, int64_t n, int64_t K, Link link, T *out);
};
struct PredictorTable {
    PredictorFunctions<float> of_float;
    PredictorFunctions<double> of_double;
};
HEADWAY_TABLE(PredictorTable, predictor_table)

}  // namespace headway
