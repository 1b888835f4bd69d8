// What one temperature makes of the losses of all rows: see hot_temperature.cpp.
#pragma once

#include <cstdint>

#include "dispatch.hpp"

namespace headway {

// Rows of logits (n, K), contiguous, with either labels or targets.
template <class T> struct TemperatureJob {
    int64_t n = 0, K = 0;
    const T *logits = nullptr;
    const int64_t *labels = nullptr;     // (n,), in 0 .. K - 1: softmax
    const T *targets = nullptr;          // (n, K), NaN where missing: a sigmoid each
    const double *weights = nullptr;     // (n,), or all 1
    double sharpness = 1.0;              // one over the temperature
};
// The loss and its first two derivatives by the sharpness.
struct TemperatureSums {
    double loss = 0.0, slope = 0.0, curvature = 0.0;
};

template <class T> struct TemperatureFunctions {
    TemperatureSums (*softmax)(const TemperatureJob<T> &, int64_t first, int64_t last);
    TemperatureSums (*sigmoid)(const TemperatureJob<T> &, int64_t first, int64_t last);
};
struct TemperatureTable {
    TemperatureFunctions<float> of_float;
    TemperatureFunctions<double> of_double;
};
HEADWAY_TABLE(TemperatureTable, temperature_table)

}  // namespace headway
