// The cross-entropy of logits b z as a function of the sharpness b, one over the temperature, with
// its first two derivatives, in one read of the logits.
//
//     softmax   d = z - max(z), e = exp(b d):   loss = log(sum e) - b d_y
//               slope = mean d - d_y,  curvature = variance of d,   both under e / sum e
//     sigmoid   loss = softplus(b z) - t b z,  slope = (p - t) z,  curvature = p (1 - p) z^2
//
// Both are convex in b.  The traps: 0 times infinity, where a class is impossible (-inf), is 0
// here; and the variance is a difference of moments, so that d is taken from the top, where the
// mass is.
#include <cmath>

#include "math.hpp"
#include "temperature_table.hpp"

namespace headway {
namespace HEADWAY_LEVEL {
namespace {

constexpr double INFINITE = __builtin_inf();
constexpr int64_t FLOAT_RUN = 16;  // vectors summed in T before they go to double

template <class T> HEADWAY_INLINE void add_to(Vec<T> v, VecDouble &total) {
    if constexpr (sizeof(T) == 4) {
        VecDouble low, high;
        widen(v, low, high);
        total += low + high;
    } else {
        total += v;
    }
}

#define HEADWAY_EACH_PART(T, from, to)                                                  \
    for (int64_t k = (from), count = (to) - (from) < LANES<T> ? (to) - (from) : LANES<T>; k < (to); \
         k += LANES<T>, count = (to) - k < LANES<T> ? (to) - k : LANES<T>)

template <class T> HEADWAY_INLINE T top_of(const T *z, int64_t K) {
    Vec<T> top = splat<T>(T(-INFINITE));
    HEADWAY_EACH_PART(T, 0, K) {
        top = larger<T>(top, load_some<T>(z + k, count, T(-INFINITE)));
    }
    return largest<T>(top);
}

template <class T>
TemperatureSums softmax_rows(const TemperatureJob<T> &job, int64_t first, int64_t last) {
    const int64_t K = job.K;
    const Vec<T> b = splat<T>(T(job.sharpness)), zero = splat<T>(T(0));
    TemperatureSums total;
    for (int64_t i = first; i < last; ++i) {
        const T *z = job.logits + i * K;
        const T top = top_of<T>(z, K);
        VecDouble mass = {}, moment = {}, square = {};
        for (int64_t start = 0; start < K; start += FLOAT_RUN * LANES<T>) {
            const int64_t end = K - start < FLOAT_RUN * LANES<T> ? K : start + FLOAT_RUN * LANES<T>;
            Vec<T> m = zero, f = zero, s = zero;
            HEADWAY_EACH_PART(T, start, end) {
                const Vec<T> d = load_some<T>(z + k, count, T(-INFINITE)) - splat<T>(top);
                const Vec<T> e = exp_negative<T>(b * d);
                const Vec<T> at = e > zero ? d : zero;
                m += e;
                f += e * at;
                s += e * at * at;
            }
            add_to<T>(m, mass);
            add_to<T>(f, moment);
            add_to<T>(s, square);
        }
        const double w = job.weights == nullptr ? 1.0 : job.weights[i];
        const double sum_of = sum<double>(mass), mean = sum<double>(moment) / sum_of;
        const double of_label = double(z[job.labels[i]]) - double(top);
        total.loss += w * (std::log(sum_of) - job.sharpness * of_label);
        total.slope += w * (mean - of_label);
        total.curvature += w * (sum<double>(square) / sum_of - mean * mean);
    }
    return total;
}

template <class T>
TemperatureSums sigmoid_rows(const TemperatureJob<T> &job, int64_t first, int64_t last) {
    const int64_t K = job.K;
    const Vec<T> b = splat<T>(T(job.sharpness)), zero = splat<T>(T(0)), one = splat<T>(T(1));
    TemperatureSums total;
    for (int64_t i = first; i < last; ++i) {
        const T *z = job.logits + i * K, *t = job.targets + i * K;
        VecDouble losses = {}, slopes = {}, curvatures = {};
        for (int64_t start = 0; start < K; start += FLOAT_RUN * LANES<T>) {
            const int64_t end = K - start < FLOAT_RUN * LANES<T> ? K : start + FLOAT_RUN * LANES<T>;
            Vec<T> l = zero, f = zero, s = zero;
            HEADWAY_EACH_PART(T, start, end) {
                const Vec<T> target = load_some<T>(t + k, count, T(__builtin_nanf("")));
                const Vec<T> logit = load_some<T>(z + k, count, T(0));
                const auto seen = target == target;
                const Vec<T> at = seen ? logit : zero, present = seen ? target : zero;
                const Vec<T> y = b * at, u = exp_negative<T>(-magnitude<T>(y));
                const Vec<T> q = u / (one + u);  // of the less likely side
                const Vec<T> p = y >= zero ? one - q : q;
                // Of 0 the softplus is log 2, which a missing cell must not add.
                const Vec<T> loss = log1p_unit<T>(u) + larger<T>(y, zero) - present * y;
                l += seen ? loss : zero;
                f += (p - present) * at;
                s += q * (one - q) * at * at;
            }
            add_to<T>(l, losses);
            add_to<T>(f, slopes);
            add_to<T>(s, curvatures);
        }
        const double w = job.weights == nullptr ? 1.0 : job.weights[i];
        total.loss += w * sum<double>(losses);
        total.slope += w * sum<double>(slopes);
        total.curvature += w * sum<double>(curvatures);
    }
    return total;
}

template <class T>
constexpr TemperatureFunctions<T> FUNCTIONS = {softmax_rows<T>, sigmoid_rows<T>};

}  // namespace

extern const TemperatureTable temperature_table = {FUNCTIONS<float>, FUNCTIONS<double>};

}  // namespace HEADWAY_LEVEL
}  // namespace headway
