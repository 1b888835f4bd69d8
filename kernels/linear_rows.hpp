// What happens to one row of logits inside a pass: losses, probs, and the row that is multiplied
// with the features.  Logits come in without intercept and are overwritten.
//
//     gradient   z <- w c (probs - targets)
//     product    v <- w c J v,   J = diag(p) - p p' (softmax) or diag(p (1 - p)) (sigmoid)
//     dual       q <- p + J dz, cut to admissible values: what the step predicts
//     moments    z <- w c (q - targets), with the entropy of q
//
// For a positive weight a, c = a t + 1 - t and the target is a t / c; otherwise c = 1.  A missing
// cell has c = 0.  Losses and entropies are summed in double; the trap is a logarithm of a float
// sum, whose bias stops a line search.
#pragma once

#include <cmath>

#include "linear_job.hpp"
#include "math.hpp"

namespace headway {
namespace HEADWAY_LEVEL {
namespace {


#define HEADWAY_EACH_VECTOR(T, K)                                                      \
    for (int64_t k = 0, count = (K) < LANES<T> ? (K) : LANES<T>; k < (K);              \
         k += LANES<T>, count = (K) - k < LANES<T> ? (K) - k : LANES<T>)

HEADWAY_INLINE void add_wide(VecFloat v, VecDouble &a, VecDouble &b) {
    VecDouble low, high;
    widen(v, low, high);
    a += low;
    b += high;
}
HEADWAY_INLINE void add_wide(VecDouble v, VecDouble &a, VecDouble &) { a += v; }

template <class T> HEADWAY_INLINE void add_bias(T *z, const T *bias, int64_t K) {
    HEADWAY_EACH_VECTOR(T, K) {
        store_some<T>(z + k, load_some<T>(z + k, count, T(0)) + load_some<T>(bias + k, count, T(0)),
                      count);
    }
}

template <class T> HEADWAY_INLINE T row_top(const T *z, int64_t K) {
    const T lowest = -__builtin_huge_valf();
    Vec<T> top = splat<T>(lowest);
    top = load_some<T>(z, K < LANES<T> ? K : LANES<T>, lowest);
    for (int64_t k = LANES<T>; k < K; k += LANES<T>) {
        top = larger<T>(top, load_some<T>(z + k, K - k < LANES<T> ? K - k : LANES<T>, lowest));
    }
    return largest<T>(top);
}

// z <- softmax(z); returns log(sum(exp(z - top))).
template <class T> HEADWAY_INLINE double softmax_row(T *z, int64_t K, T top) {
    VecDouble a = {}, b = {};
    const T lowest = -__builtin_huge_valf();
    HEADWAY_EACH_VECTOR(T, K) {
        const Vec<T> e = exp<T>(load_some<T>(z + k, count, lowest) - splat<T>(top));
        store_some<T>(z + k, e, count);
        add_wide(e, a, b);
    }
    const double total = sum<double>(a + b);
    const Vec<T> scale = splat<T>(T(1.0 / total));
    HEADWAY_EACH_VECTOR(T, K) {
        store_some<T>(z + k, load_some<T>(z + k, count, T(0)) * scale, count);
    }
    return std::log(total);
}

// sigmoid(z) and softplus(z).
template <class T> HEADWAY_INLINE void sigmoid_vector(Vec<T> z, Vec<T> &probs, Vec<T> &softplus) {
    const Vec<T> one = splat<T>(T(1)), zero = splat<T>(T(0));
    const Vec<T> u = exp<T>(-magnitude<T>(z));
    probs = (z >= zero ? one : u) / (one + u);
    softplus = log1p_unit<T>(u) + larger<T>(z, zero);
}

template <class T> HEADWAY_INLINE void store_probs(const T *p, float *out, int64_t K) {
    for (int64_t k = 0; k < K; ++k) out[k] = static_cast<float>(p[k]);
}
template <class T> HEADWAY_INLINE void load_probs(const float *in, T *p, int64_t K) {
    for (int64_t k = 0; k < K; ++k) p[k] = static_cast<T>(in[k]);
}

// Targets of a row as two arrays: present = a t and c = a t + 1 - t (both 0 in missing cells).
template <class T>
HEADWAY_INLINE void fill_targets(const Job &job, int64_t row, T *present, T *factor) {
    const Targets &t = job.targets;
    const int64_t K = job.K;
    if (t.kind == TargetKind::labels) {
        for (int64_t k = 0; k < K; ++k) present[k] = T(t.off);
        present[t.labels[row]] = T(t.on);
        for (int64_t k = 0; k < K; ++k) factor[k] = T(1);
    } else if (t.kind == TargetKind::codes) {
        const uint8_t *codes = t.codes + row * K;
        const T on = T(t.on), off = T(t.off);
        for (int64_t k = 0; k < K; ++k) {
            present[k] = codes[k] == 1 ? on : codes[k] == 0 ? off : T(0);
            factor[k] = codes[k] == 2 ? T(0) : T(1);
        }
    } else {
        const double *values = t.values + row * K;
        for (int64_t k = 0; k < K; ++k) {
            const bool missing = !(values[k] == values[k]);
            present[k] = missing ? T(0) : T(values[k]);
            factor[k] = missing ? T(0) : T(1);
        }
    }
    if (t.positive_weight != nullptr) {
        for (int64_t k = 0; k < K; ++k) {
            const T a = T(t.positive_weight[k]);
            factor[k] *= a * present[k] + (T(1) - present[k]);
            present[k] *= a;
        }
    }
}

HEADWAY_INLINE double row_weight(const Job &job, int64_t row) {
    return job.targets.row_weights == nullptr ? 1.0 : job.targets.row_weights[row];
}

// -- softmax ---------------------------------------------------------------------------------

// The loss of a row; z becomes its probs.
template <class T>
HEADWAY_INLINE double softmax_loss(const Job &job, int64_t row, T *z, const T *targets) {
    const int64_t K = job.K;
    const Targets &t = job.targets;
    const T top = row_top<T>(z, K);
    double below = 0.0;  // sum of t (top - z)
    if (t.kind == TargetKind::labels) {
        below = t.on * double(top - z[t.labels[row]]);
        if (t.off != 0.0) {
            double all = 0.0;
            for (int64_t k = 0; k < K; ++k) all += double(top - z[k]);
            below += t.off * (all - double(top - z[t.labels[row]]));
        }
    } else {
        for (int64_t k = 0; k < K; ++k) below += double(targets[k]) * double(top - z[k]);
    }
    return softmax_row<T>(z, K, top) + below;
}

template <class T>
HEADWAY_INLINE void softmax_residual(const Job &job, int64_t row, T *p, const T *targets, T w) {
    const int64_t K = job.K;
    const Targets &t = job.targets;
    if (t.kind == TargetKind::labels) {
        if (w != T(1) || t.off != 0.0) {
            for (int64_t k = 0; k < K; ++k) p[k] = w * (p[k] - T(t.off));
        }
        p[t.labels[row]] -= w * T(t.on - t.off);
    } else {
        for (int64_t k = 0; k < K; ++k) p[k] = w * (p[k] - targets[k]);
    }
}

template <class T>
HEADWAY_INLINE void gradient_softmax(const Job &job, int64_t row, T *z, T *scratch, double *values) {
    const int64_t K = job.K;
    const double w = row_weight(job, row);
    if (job.targets.kind != TargetKind::labels) fill_targets<T>(job, row, scratch, scratch + K);
    values[0] += w * softmax_loss<T>(job, row, z, scratch);
    if (job.probs != nullptr) store_probs<T>(z, job.probs + row * K, K);
    softmax_residual<T>(job, row, z, scratch, T(w));
}

template <class T> HEADWAY_INLINE void jacobian_softmax(const T *p, T *v, int64_t K, T w) {
    Vec<T> total = {};
    HEADWAY_EACH_VECTOR(T, K) {
        total += load_some<T>(p + k, count, T(0)) * load_some<T>(v + k, count, T(0));
    }
    const Vec<T> mean = splat<T>(sum<T>(total)), weight = splat<T>(w);
    HEADWAY_EACH_VECTOR(T, K) {
        const Vec<T> change = load_some<T>(v + k, count, T(0)) - mean;
        store_some<T>(v + k, weight * load_some<T>(p + k, count, T(0)) * change, count);
    }
}

// -- sigmoid ---------------------------------------------------------------------------------

// Targets and factors of cells whose codes lie from `at` on; lanes beyond are missing.
template <class T>
HEADWAY_INLINE void read_codes(const Targets &targets, int64_t at, int64_t count, Vec<T> &t,
                               Vec<T> &c) {
    typedef uint8_t Bytes __attribute__((vector_size(LANES<T>)));
    uint8_t lanes[LANES<T>];
    std::memset(lanes, 2, sizeof lanes);
    std::memcpy(lanes, targets.codes + at, size_t(count));
    Bytes bytes;
    std::memcpy(&bytes, lanes, sizeof bytes);
    const Int<T> codes = __builtin_convertvector(bytes, Int<T>);
    const Vec<T> zero = splat<T>(T(0));
    const Vec<T> absent = codes == splat_int<T>(0) ? splat<T>(T(targets.off)) : zero;
    t = codes == splat_int<T>(1) ? splat<T>(T(targets.on)) : absent;
    c = codes == splat_int<T>(2) ? zero : splat<T>(T(1));
}

// to[i] += w * v[i] for the first `count` lanes.
HEADWAY_INLINE void add_weighted(VecDouble v, double w, double *to, int64_t count) {
    const VecDouble added = splat<double>(w) * v;
    if (count >= LANES<double>) store<double>(to, load<double>(to) + added);
    else store_some<double>(to, load_some<double>(to, count, 0.0) + added, count);
}
HEADWAY_INLINE void add_weighted(VecFloat v, double w, double *to, int64_t count) {
    VecDouble low, high;
    widen(v, low, high);
    add_weighted(low, w, to, count);
    if (count > LANES<double>) add_weighted(high, w, to + LANES<double>, count - LANES<double>);
}
HEADWAY_INLINE void store_some_probs(VecFloat p, float *to, int64_t count) {
    if (count >= LANES<float>) store<float>(to, p);
    else store_some<float>(to, p, count);
}
HEADWAY_INLINE void store_some_probs(VecDouble p, float *to, int64_t count) {
    double lanes[LANES<double>];
    store<double>(lanes, p);
    store_probs<double>(lanes, to, count);
}

template <class T>
HEADWAY_INLINE void gradient_sigmoid(const Job &job, int64_t row, T *z, T *scratch, double *values) {
    const int64_t K = job.K;
    const double w = row_weight(job, row);
    const Targets &targets = job.targets;
    T *present = scratch, *factor = scratch + K;
    const bool coded = targets.kind == TargetKind::codes && targets.positive_weight == nullptr;
    if (!coded) fill_targets<T>(job, row, present, factor);
    HEADWAY_EACH_VECTOR(T, K) {
        Vec<T> probs, softplus, t, c;
        const Vec<T> logits = load_some<T>(z + k, count, T(0));
        sigmoid_vector<T>(logits, probs, softplus);
        if (coded) {
            read_codes<T>(targets, row * K + k, count, t, c);
        } else {
            t = load_some<T>(present + k, count, T(0));
            c = load_some<T>(factor + k, count, T(0));
        }
        add_weighted(c * softplus - t * logits, w, values + k, count);
        if (job.probs != nullptr) store_some_probs(probs, job.probs + row * K + k, count);
        store_some<T>(z + k, splat<T>(T(w)) * (c * probs - t), count);
    }
}

template <class T>
HEADWAY_INLINE void jacobian_sigmoid(const Job &job, int64_t row, const T *p, T *v, T *scratch) {
    const int64_t K = job.K;
    const T w = T(row_weight(job, row));
    if (job.targets.plain) {
        for (int64_t k = 0; k < K; ++k) v[k] *= w * p[k] * (T(1) - p[k]);
        return;
    }
    fill_targets<T>(job, row, scratch, scratch + K);
    const T *factor = scratch + K;
    for (int64_t k = 0; k < K; ++k) v[k] *= w * factor[k] * p[k] * (T(1) - p[k]);
}

// z <- w c z other
template <class T>
HEADWAY_INLINE void weigh(const Job &job, int64_t row, T *z, const T *other, T *scratch) {
    const int64_t K = job.K;
    const T w = T(row_weight(job, row));
    for (int64_t k = 0; k < K; ++k) z[k] *= w * other[k];
    if (job.targets.plain || job.coupled) return;
    fill_targets<T>(job, row, scratch, scratch + K);
    for (int64_t k = 0; k < K; ++k) z[k] *= scratch[K + k];
}

// -- the certificate, in double --------------------------------------------------------------

// dz becomes q, the probs that the step predicts, rounded to float so that it may be kept so.
inline void dual_softmax(const Job &job, int64_t row, double *z, double *dz, double *scratch,
                         double *values, double *next_values, double *excess) {
    const int64_t K = job.K;
    const double w = row_weight(job, row);
    double *targets = scratch, *there = scratch + 2 * K;
    if (job.targets.kind != TargetKind::labels) {
        fill_targets<double>(job, row, targets, targets + K);
    }
    for (int64_t k = 0; k < K; ++k) there[k] = z[k] + dz[k];
    next_values[0] += w * softmax_loss<double>(job, row, there, targets);
    values[0] += w * softmax_loss<double>(job, row, z, targets);
    jacobian_softmax<double>(z, dz, K, 1.0);
    double total = 0.0;
    for (int64_t k = 0; k < K; ++k) {
        const double value = z[k] + dz[k];
        dz[k] = double(float(value > 1.0 ? 1.0 : value > 0.0 ? value : 0.0));
        total += dz[k];
    }
    for (int64_t k = 0; k < K; ++k) excess[k] += w * (dz[k] / total);
}

inline void dual_sigmoid(const Job &job, int64_t row, double *z, double *dz, double *scratch,
                         double *values, double *next_values, double *excess) {
    const int64_t K = job.K;
    const double w = row_weight(job, row);
    double *present = scratch, *factor = scratch + K;
    fill_targets<double>(job, row, present, factor);
    HEADWAY_EACH_VECTOR(double, K) {
        VecDouble probs, softplus, unused, there;
        const VecDouble at = load_some<double>(z + k, count, 0.0);
        const VecDouble change = load_some<double>(dz + k, count, 0.0);
        sigmoid_vector<double>(at, probs, softplus);
        sigmoid_vector<double>(at + change, unused, there);
        const VecDouble t = load_some<double>(present + k, count, 0.0);
        const VecDouble c = load_some<double>(factor + k, count, 0.0);
        double losses[LANES<double>], next[LANES<double>], moved[LANES<double>];
        store<double>(losses, c * softplus - t * at);
        store<double>(next, c * there - t * (at + change));
        store<double>(moved, probs + probs * (splat<double>(1.0) - probs) * change);
        for (int64_t i = 0; i < count; ++i) {
            values[k + i] += w * losses[i];
            next_values[k + i] += w * next[i];
            const double q = moved[i] > 1.0 ? 1.0 : moved[i] > 0.0 ? moved[i] : 0.0;
            dz[k + i] = double(float(q));
            excess[k + i] += w * factor[k + i] * dz[k + i];
        }
    }
}

// x log(x), 0 at 0.
HEADWAY_INLINE VecDouble x_log_x(VecDouble x) {
    const VecDouble tiny = splat<double>(1e-300);
    return x > tiny ? x * log_normal<double>(larger<double>(x, tiny)) : splat<double>(0.0);
}

// z <- the residual of q once it is balanced: tilted, shifted, mixed with the class shares.
inline void moments_row(const Job &job, int64_t row, const double *kept, double *z,
                        double *scratch, double *values) {
    const int64_t K = job.K;
    const double w = row_weight(job, row);
    double *present = scratch, *factor = scratch + K;
    fill_targets<double>(job, row, present, factor);
    double total = 1.0, tilted = 0.0;
    if (job.coupled) {
        total = 0.0;
        for (int64_t k = 0; k < K; ++k) {
            total += kept[k];
            tilted += kept[k] * job.tilt[k];
        }
        tilted /= total;
    }
    for (int64_t k = 0; k < K; ++k) {
        const double mix = job.mix[k], p = kept[k] / total;
        const double change = job.tilt[k] - (job.coupled ? tilted : p * job.tilt[k]);
        double q = p + p * change - job.shift_by[k];
        q = q * (1.0 - mix) + mix * job.shares[k];
        z[k] = q > 1.0 ? 1.0 : q > 0.0 ? q : 0.0;
    }
    if (job.coupled) {
        VecDouble entropy = {};
        HEADWAY_EACH_VECTOR(double, K) {
            entropy -= x_log_x(load_some<double>(z + k, count, 0.0));
        }
        values[0] += w * sum<double>(entropy);
    } else {
        HEADWAY_EACH_VECTOR(double, K) {
            const VecDouble q = load_some<double>(z + k, count, 0.0);
            double entropy[LANES<double>];
            store<double>(entropy, -x_log_x(q) - x_log_x(splat<double>(1.0) - q));
            for (int64_t i = 0; i < count; ++i) values[k + i] += w * factor[k + i] * entropy[i];
        }
    }
    for (int64_t k = 0; k < K; ++k) z[k] = w * (factor[k] * z[k] - present[k]);
}

}  // namespace
}  // namespace HEADWAY_LEVEL
}  // namespace headway
