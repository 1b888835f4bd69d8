// What the kernels of rows share: which of three results is wanted, sums, and the limits at
// infinite logits.
//
//     d = z - max(z)        rest = sum(exp(d)) - 1, the largest entry left out
//     softmax = exp(d) / (1 + rest)    log_softmax = d - log1p(rest)    logsumexp = max + log1p(rest)
//
// The trap is `rest`: once the largest entry dominates, 1 + rest rounds to 1 and its logarithm to
// 0.  So the logarithms count the entries at the top (d = 0) apart from the others.
#pragma once

#include "math.hpp"

namespace headway {
namespace HEADWAY_LEVEL {
namespace {

enum class Result { softmax, log_softmax, logsumexp };

constexpr double INFINITE = __builtin_inf();

template <class T> HEADWAY_INLINE bool is_infinite(T x) { return x == T(INFINITE) || x == -T(INFINITE); }

template <class T> HEADWAY_INLINE bool any(Int<T> mask) {
    int64_t words[BYTES / 8];
    std::memcpy(words, &mask, sizeof mask);
    int64_t all = 0;
    for (int i = 0; i < BYTES / 8; ++i) all |= words[i];
    return all != 0;
}

// The sum of many vectors, four at a time: floats are added up in doubles, doubles with the
// rounding errors kept (Knuth 1969), so that a million terms lose no more than four do.
template <class T> struct Sum;
template <> struct Sum<float> {
    VecDouble low{}, high{};
    HEADWAY_INLINE void add(VecFloat v) {
        VecDouble l, h;
        widen(v, l, h);
        low += l;
        high += h;
    }
    HEADWAY_INLINE void add(VecFloat a, VecFloat b, VecFloat c, VecFloat d) {
        add((a + b) + (c + d));
    }
    HEADWAY_INLINE double total() const { return sum<double>(low + high); }
};
template <> struct Sum<double> {
    VecDouble rounded{}, lost{};
    HEADWAY_INLINE void add(VecDouble v) {
        const VecDouble next = rounded + v;
        const VecDouble part = next - rounded;
        lost += (rounded - (next - part)) + (v - part);
        rounded = next;
    }
    HEADWAY_INLINE void add(VecDouble a, VecDouble b, VecDouble c, VecDouble d) {
        add((a + b) + (c + d));
    }
    HEADWAY_INLINE double total() const { return sum<double>(rounded + lost); }
};

// The results of a row whose largest entry is infinite; returns whether all entries are -inf.
// NaN anywhere spoils the row.
template <Result KIND, class T> bool limits(const T *in, T *out, int64_t n_columns) {
    int64_t at_top = 0;
    bool nan = false, possible = false;
    for (int64_t i = 0; i < n_columns; ++i) {
        at_top += in[i] == T(INFINITE);
        nan |= in[i] != in[i];
        possible |= in[i] != -T(INFINITE);
    }
    if constexpr (KIND == Result::logsumexp) {
        *out = nan ? T(__builtin_nan("")) : T(at_top > 0 ? INFINITE : -INFINITE);
    } else {
        const double share = 1.0 / double(at_top > 0 ? at_top : 1);
        const T top = nan ? T(__builtin_nan(""))
                          : T(KIND == Result::softmax ? share : __builtin_log(share));
        const T other = nan ? top : T(KIND == Result::softmax ? 0.0 : -INFINITE);
        for (int64_t i = 0; i < n_columns; ++i) out[i] = in[i] == T(INFINITE) ? top : other;
    }
    return !possible;
}

// The least row of all tasks, or -1 for none.
class FirstRow {
  public:
    void report(int64_t row) {
        int64_t seen = __atomic_load_n(&least, __ATOMIC_RELAXED);
        while ((seen < 0 || row < seen) &&
               !__atomic_compare_exchange_n(&least, &seen, row, true, __ATOMIC_RELAXED,
                                            __ATOMIC_RELAXED)) {
        }
    }
    int64_t get() const { return __atomic_load_n(&least, __ATOMIC_RELAXED); }

  private:
    int64_t least = -1;
};

}  // namespace
}  // namespace HEADWAY_LEVEL
}  // namespace headway
