// The rows of a pass where they are short: one vector holds a row, or many rows hold one logit.
//
// The same results as linear_rows.hpp, for the two commonest problems: integer labels in no more
// classes than a vector has lanes, and one sigmoid.  Logarithms of the sums wait until there is a
// vector of them.
#pragma once

#include "gemm.hpp"
#include "linear_rows.hpp"

namespace headway {
namespace HEADWAY_LEVEL {
namespace {

// Sums of exponentials whose weighted logarithms are still to be added up.
struct Totals {
    double totals[LANES<double>], weights[LANES<double>];
    int count = 0;
    double sum_of_logs = 0.0;

    HEADWAY_INLINE void add(double total, double weight) {
        totals[count] = total;
        weights[count] = weight;
        if (++count == LANES<double>) flush();
    }
    HEADWAY_INLINE void flush() {
        for (int i = count; i < LANES<double>; ++i) totals[i] = 1.0, weights[i] = 0.0;
        const VecDouble logs = log_normal<double>(load<double>(totals));
        sum_of_logs += sum<double>(logs * load<double>(weights));
        count = 0;
    }
};

template <class T> inline bool is_short_softmax(const Job &job) {
    return job.coupled && job.K <= LANES<T> && job.targets.kind == TargetKind::labels;
}

template <class T>
inline void short_gradients(const Job &job, int64_t row, int64_t rows, T *z, int64_t width,
                            const T *bias_row, double *values) {
    const int64_t K = job.K;
    const Targets &targets = job.targets;
    const T lowest = -__builtin_huge_valf(), on = T(targets.on), off = T(targets.off);
    const Vec<T> bias = load_some<T>(bias_row, K, T(0));
    Totals totals;
    double below = 0.0;
    for (int64_t i = 0; i < rows; ++i, z += width) {
        const double w = row_weight(job, row + i);
        const int32_t label = targets.labels[row + i];
        const Vec<T> logits = load_some<T>(z, K, lowest) + bias;
        const T top = largest<T>(logits);
        const Vec<T> d = logits - splat<T>(top);
        const Vec<T> e = exp<T>(d);
        const T total = sum<T>(e);
        store_some<T>(z, d, K);
        double less = targets.on * double(z[label]);
        if (off != T(0)) {
            for (int64_t k = 0; k < K; ++k) less += k == label ? 0.0 : targets.off * double(z[k]);
        }
        totals.add(double(total), w);
        below -= w * less;
        const Vec<T> p = e * splat<T>(T(1) / total);
        if (job.probs != nullptr) {
            store_some<T>(z, p, K);
            store_probs<T>(z, job.probs + (row + i) * K, K);
        }
        store_some<T>(z, splat<T>(T(w)) * (p - splat<T>(off)), K);
        z[label] -= T(w) * (on - off);
    }
    totals.flush();
    values[0] += totals.sum_of_logs + below;
}

template <class T> HEADWAY_INLINE Vec<T> load_short_probs(const float *p, int64_t K) {
    if constexpr (sizeof(T) == 4) {
        return load_some<float>(p, K, 0.0f);
    } else {
        double wide[LANES<double>] = {};
        for (int64_t k = 0; k < K; ++k) wide[k] = double(p[k]);
        return load<double>(wide);
    }
}

// `kept` are probs (rows, K); the intercepts of the direction are in `bias_row`.
template <class T>
inline void short_products(const Job &job, int64_t row, int64_t rows, T *z, int64_t width,
                           const T *bias_row) {
    const int64_t K = job.K;
    const Vec<T> bias = load_some<T>(bias_row, K, T(0));
    for (int64_t i = 0; i < rows; ++i, z += width) {
        const Vec<T> p = load_short_probs<T>(job.probs + (row + i) * K, K);
        const Vec<T> v = load_some<T>(z, K, T(0)) + bias;
        const Vec<T> mean = splat<T>(sum<T>(p * v));
        store_some<T>(z, splat<T>(T(row_weight(job, row + i))) * p * (v - mean), K);
    }
}

// -- one sigmoid -----------------------------------------------------------------------------

template <class T> inline bool is_one_sigmoid(const Job &job, int64_t width) {
    return !job.coupled && job.K == 1 && width == 1;
}

template <class T> HEADWAY_INLINE Vec<T> weights_of(const Job &job, int64_t row, int64_t count) {
    if (job.targets.row_weights == nullptr) return splat<T>(T(1));
    T weights[LANES<T>] = {};
    for (int64_t i = 0; i < count; ++i) weights[i] = T(job.targets.row_weights[row + i]);
    return load<T>(weights);
}

template <class T>
HEADWAY_INLINE void targets_of(const Job &job, int64_t row, int64_t count, Vec<T> &present,
                               Vec<T> &factor) {
    T t[LANES<T>] = {}, c[LANES<T>] = {};
    if (job.targets.plain && job.targets.kind == TargetKind::codes) {
        const T on = T(job.targets.on), off = T(job.targets.off);
        const uint8_t *codes = job.targets.codes + row;
        for (int64_t i = 0; i < count; ++i) t[i] = codes[i] ? on : off;
        for (int64_t i = 0; i < count; ++i) c[i] = T(1);
    } else {
        for (int64_t i = 0; i < count; ++i) fill_targets<T>(job, row + i, t + i, c + i);
    }
    present = load<T>(t);
    factor = load<T>(c);
}

// The residual w (c p - t) of some rows; their losses are added up and their probs kept.
template <class T>
HEADWAY_INLINE Vec<T> one_sigmoid_gradient(const Job &job, int64_t row, int64_t count,
                                           Vec<T> logits, VecDouble &a, VecDouble &b) {
    Vec<T> probs, softplus, t, c;
    sigmoid_vector<T>(logits, probs, softplus);
    targets_of<T>(job, row, count, t, c);
    const Vec<T> w = weights_of<T>(job, row, count);
    // Beyond `count` both t and c are 0: nothing is added.
    add_wide(w * (c * softplus - t * logits), a, b);
    if (job.probs != nullptr) {
        if constexpr (sizeof(T) == 4) {
            store_some<float>(job.probs + row, probs, count);
        } else {
            T kept[LANES<T>];
            store<T>(kept, probs);
            for (int64_t l = 0; l < count; ++l) job.probs[row + l] = float(kept[l]);
        }
    }
    return w * (c * probs - t);
}

// w c p (1 - p) v of some rows, from kept probs.
template <class T>
HEADWAY_INLINE Vec<T> one_sigmoid_product(const Job &job, int64_t row, int64_t count, Vec<T> v) {
    const Vec<T> p = load_short_probs<T>(job.probs + row, count);
    const Vec<T> curved = p * (splat<T>(T(1)) - p) * v;
    if (job.targets.plain && job.targets.row_weights == nullptr) return curved;
    Vec<T> c = splat<T>(T(1)), t;
    if (!job.targets.plain) targets_of<T>(job, row, count, t, c);
    return weights_of<T>(job, row, count) * c * curved;
}

template <class T>
inline void one_sigmoid_gradients(const Job &job, int64_t row, int64_t rows, T *z, T bias,
                                  double *values) {
    VecDouble a = {}, b = {};
    for (int64_t i = 0; i < rows; i += LANES<T>) {
        const int64_t count = rows - i < LANES<T> ? rows - i : LANES<T>;
        const Vec<T> logits = load_some<T>(z + i, count, T(0)) + splat<T>(bias);
        store_some<T>(z + i, one_sigmoid_gradient<T>(job, row + i, count, logits, a, b), count);
    }
    values[0] += sum<double>(a + b);
}

template <class T>
inline void one_sigmoid_products(const Job &job, int64_t row, int64_t rows, T *z, T bias) {
    for (int64_t i = 0; i < rows; i += LANES<T>) {
        const int64_t count = rows - i < LANES<T> ? rows - i : LANES<T>;
        const Vec<T> v = load_some<T>(z + i, count, T(0)) + splat<T>(bias);
        store_some<T>(z + i, one_sigmoid_product<T>(job, row + i, count, v), count);
    }
}

// -- one sigmoid's certificate, in double ----------------------------------------------------

// Not on vectors of two doubles: built so by GCC 12, the sum of the probs came out as if they had
// not been rounded to the floats that are kept (why is not known), and the certificate missed its
// balance by that rounding.
constexpr bool VECTOR_CERTIFICATE = HEADWAY_BYTES >= 32;

HEADWAY_INLINE void store_floats(float *out, VecDouble v, int64_t count) {
    double wide[LANES<double>];
    store<double>(wide, v);
    for (int64_t i = 0; i < count; ++i) out[i] = float(wide[i]);
}
HEADWAY_INLINE VecDouble load_floats(const float *in, int64_t count) {
    double wide[LANES<double>] = {};
    for (int64_t i = 0; i < count; ++i) wide[i] = double(in[i]);
    return load<double>(wide);
}
HEADWAY_INLINE VecDouble cut_to_unit(VecDouble q) {
    return smaller<double>(larger<double>(q, splat<double>(0.0)), splat<double>(1.0));
}

struct DualSums {
    VecDouble now = {}, next = {}, mass = {};
    HEADWAY_INLINE void add_to(double *values, double *next_values, double *excess) const {
        values[0] += sum<double>(now);
        next_values[0] += sum<double>(next);
        excess[0] += sum<double>(mass);
    }
};

// The probs that the step predicts are kept; see dual_sigmoid.
HEADWAY_INLINE void one_sigmoid_dual_vector(const Job &job, int64_t row, int64_t count,
                                            VecDouble at, VecDouble change, DualSums &sums) {
    VecDouble probs, softplus, unused, there, t, c;
    sigmoid_vector<double>(at, probs, softplus);
    sigmoid_vector<double>(at + change, unused, there);
    targets_of<double>(job, row, count, t, c);
    const VecDouble w = weights_of<double>(job, row, count);
    sums.now += w * (c * softplus - t * at);
    sums.next += w * (c * there - t * (at + change));
    float *kept = job.probs + row;
    store_floats(kept, cut_to_unit(probs + probs * (splat<double>(1.0) - probs) * change), count);
    sums.mass += w * c * load_floats(kept, count);
}

inline void one_sigmoid_dual(const Job &job, int64_t row, int64_t rows, const double *z,
                             const double *dz, double bias, double second_bias, double *values,
                             double *next_values, double *excess) {
    DualSums sums;
    for (int64_t i = 0; i < rows; i += LANES<double>) {
        const int64_t count = rows - i < LANES<double> ? rows - i : LANES<double>;
        const VecDouble at = load_some<double>(z + i, count, 0.0) + splat<double>(bias);
        const VecDouble change = load_some<double>(dz + i, count, 0.0) + splat<double>(second_bias);
        one_sigmoid_dual_vector(job, row + i, count, at, change, sums);
    }
    sums.add_to(values, next_values, excess);
}

// The residual of the balanced q; see moments_row.
HEADWAY_INLINE VecDouble one_sigmoid_moments_vector(const Job &job, int64_t row, int64_t count,
                                                    VecDouble &entropy) {
    const VecDouble one = splat<double>(1.0), mix = splat<double>(job.mix[0]);
    const VecDouble p = load_floats(job.probs + row, count);
    VecDouble t, c;
    targets_of<double>(job, row, count, t, c);
    const VecDouble w = weights_of<double>(job, row, count);
    VecDouble q = p + p * (one - p) * splat<double>(job.tilt[0]) - splat<double>(job.shift_by[0]);
    q = cut_to_unit(q * (one - mix) + mix * splat<double>(job.shares[0]));
    entropy -= w * c * (x_log_x(q) + x_log_x(one - q));
    return w * (c * q - t);
}

inline void one_sigmoid_moments(const Job &job, int64_t row, int64_t rows, double *z,
                                double *values) {
    VecDouble entropy = {};
    for (int64_t i = 0; i < rows; i += LANES<double>) {
        const int64_t count = rows - i < LANES<double> ? rows - i : LANES<double>;
        store_some<double>(z + i, one_sigmoid_moments_vector(job, row + i, count, entropy), count);
    }
    values[0] += sum<double>(entropy);
}

}  // namespace
}  // namespace HEADWAY_LEVEL
}  // namespace headway
