// One row through a linear model: some thousand multiply-adds, where every other cost counts.
//
// All classes are dots (gemm_dot.hpp): their partial sums hide the latency of the multiply-add,
// which one row of a panel would not.
#include "gemm_dot.hpp"
#include "math.hpp"
#include "predictor_table.hpp"

namespace headway {
namespace HEADWAY_LEVEL {
namespace {

template <class T>
void logits(const T *X, int64_t step, int64_t n, int64_t d, const T *coefficients,
            const T *intercepts, int64_t K, T *out) {
    multiply_dots<T>(X, step, n, d, coefficients, whole_lines<T>(d), K, out, K);
    for (int64_t i = 0; i < n; ++i) {
        T *z = out + i * K;
        for (int64_t k = 0; k < K; ++k) z[k] += intercepts[k];
    }
}

// exp(z - top), and its limit where the top is +inf.
template <class T> HEADWAY_INLINE Vec<T> exp_below(Vec<T> z, Vec<T> top) {
    return exp<T>(choose<T>(z == top, splat<T>(T(0)), z - top));
}

// A row of nothing but -inf has no probabilities: it becomes NaN.
template <class T> HEADWAY_INLINE Vec<T> splat_top(T top) {
    return splat<T>(top == -T(__builtin_inf()) ? T(__builtin_nan("")) : top);
}

template <class T> void softmax_row(const T *z, int64_t K, T *out) {
    const T lowest = -T(__builtin_inf());
    if (K <= LANES<T>) {  // in registers: a vector that was just stored is slow to load
        const Vec<T> logits = load_some<T>(z, K, lowest);
        const Vec<T> e = exp_below<T>(logits, splat_top<T>(largest<T>(logits)));
        store_some<T>(out, e / splat<T>(sum<T>(e)), K);
        return;
    }
    Vec<T> tops = splat<T>(lowest);
    for (int64_t k = 0; k < K; k += LANES<T>) {
        const int64_t some = K - k < LANES<T> ? K - k : LANES<T>;
        tops = larger<T>(load_some<T>(z + k, some, lowest), tops);
    }
    const Vec<T> top = splat_top<T>(largest<T>(tops));
    double total = 0;
    for (int64_t k = 0; k < K; k += LANES<T>) {
        const int64_t some = K - k < LANES<T> ? K - k : LANES<T>;
        const Vec<T> e = exp_below<T>(load_some<T>(z + k, some, lowest), top);
        store_some<T>(out + k, e, some);
        total += double(sum<T>(e));
    }
    const Vec<T> by = splat<T>(T(1.0 / total));
    for (int64_t k = 0; k < K; k += LANES<T>) {
        const int64_t some = K - k < LANES<T> ? K - k : LANES<T>;
        store_some<T>(out + k, load_some<T>(out + k, some, T(0)) * by, some);
    }
}

// 1 / (1 + exp(-z)), by the exponential that cannot overflow.
template <class T> HEADWAY_INLINE Vec<T> sigmoid(Vec<T> z) {
    const Vec<T> one = splat<T>(T(1));
    const Vec<T> decay = exp<T>(-magnitude<T>(z));
    return choose<T>(z < splat<T>(T(0)), decay, one) / (one + decay);
}

// min(z, 0) - log1p(exp(-|z|)); not the logarithm of a sigmoid that may have underflowed.
template <class T> HEADWAY_INLINE Vec<T> log_sigmoid(Vec<T> z) {
    return smaller<T>(z, splat<T>(T(0))) - log1p_unit<T>(exp<T>(-magnitude<T>(z)));
}

template <class T> void probs(const T *logits, int64_t n, int64_t K, Link link, T *out) {
    if (link == Link::normalised) {
        for (int64_t i = 0; i < n * K; i += LANES<T>) {
            const int64_t some = n * K - i < LANES<T> ? n * K - i : LANES<T>;
            store_some<T>(out + i, log_sigmoid<T>(load_some<T>(logits + i, some, T(0))), some);
        }
        logits = out;
    }
    if (link == Link::softmax || link == Link::normalised) {
        for (int64_t i = 0; i < n; ++i) softmax_row<T>(logits + i * K, K, out + i * K);
        return;
    }
    for (int64_t i = 0; i < n * K; i += LANES<T>) {
        const int64_t some = n * K - i < LANES<T> ? n * K - i : LANES<T>;
        const Vec<T> z = load_some<T>(logits + i, some, T(0));
        if (link == Link::sigmoid) {
            store_some<T>(out + i, sigmoid<T>(z), some);
            continue;
        }
        T of_0[LANES<T>], of_1[LANES<T>];
        store<T>(of_0, sigmoid<T>(-z));
        store<T>(of_1, sigmoid<T>(z));
        for (int64_t l = 0; l < some; ++l) {
            out[2 * (i + l)] = of_0[l];
            out[2 * (i + l) + 1] = of_1[l];
        }
    }
}

template <class T> constexpr PredictorFunctions<T> FUNCTIONS = {logits<T>, probs<T>};

}  // namespace

extern const PredictorTable predictor_table = {FUNCTIONS<float>, FUNCTIONS<double>};

}  // namespace HEADWAY_LEVEL
}  // namespace headway
