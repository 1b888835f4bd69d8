// Cross-entropy of long rows, one after the other: the row is read from memory once, and twice
// more from the cache.
//
//     first read    m = max(z)
//     second        rest = sum of exp(z - m) where z < m,   ties = entries with z == m
//     third         gradient = exp(z - m) / (rest + ties) - mass
//     loss          = sum of mass (log1p(rest + ties - 1) - (z - m))
//
// The trap is rest: beside a single certain class it may be 1e-18, which 1 + rest forgets.
// The exponential is taken twice, because that is cheaper than keeping a row of them.
#pragma once

#include "loss_simd.hpp"

namespace headway {
namespace HEADWAY_LEVEL {

// A row of logits as the formulas want it: masked entries at -inf, and +inf (if there is any) as
// the largest finite number beside its negative, so that their difference is the limit -inf.
// Both only if CAREFUL, which most rows need not be.
template <class T, bool CAREFUL> struct Row {
    const T *logits;
    const uint8_t *mask = nullptr;
    bool infinite = false;

    HEADWAY_INLINE Vec<T> limit(Vec<T> z) const {
        using C = Limits<T>;
        if (!infinite) return z;
        const Vec<T> beside = choose<T>(z == splat<T>(-C::infinity), z, splat<T>(-C::most));
        const Vec<T> known = choose<T>(z == splat<T>(C::infinity), splat<T>(C::most), beside);
        return choose<T>(z == z, known, z);
    }
    HEADWAY_INLINE Vec<T> at(int64_t k) const {
        Vec<T> z = load<T>(logits + k);
        if constexpr (CAREFUL) {
            if (mask) z = choose<T>(load_flags<T>(mask + k), z, splat<T>(-Limits<T>::infinity));
            z = limit(z);
        }
        return z;
    }
    HEADWAY_INLINE Vec<T> some(int64_t k, int64_t size) const {
        const Vec<T> nothing = splat<T>(-Limits<T>::infinity);
        Vec<T> z = load_some<T>(logits + k, size, -Limits<T>::infinity);
        if constexpr (CAREFUL) {
            if (mask) z = choose<T>(load_some_flags<T>(mask + k, size), z, nothing);
            z = limit(z);
        }
        return z;
    }
};

template <class T, bool CAREFUL> HEADWAY_INLINE T top_of(const Row<T, CAREFUL> &row, int64_t K) {
    constexpr int L = LANES<T>;
    Vec<T> a = splat<T>(-Limits<T>::infinity), b = a, c = a, d = a;
    int64_t k = 0;
    for (; k + 4 * L <= K; k += 4 * L) {
        a = larger<T>(row.at(k), a);
        b = larger<T>(row.at(k + L), b);
        c = larger<T>(row.at(k + 2 * L), c);
        d = larger<T>(row.at(k + 3 * L), d);
    }
    for (; k + L <= K; k += L) a = larger<T>(row.at(k), a);
    if (k < K) b = larger<T>(row.some(k, K - k), b);
    return largest<T>(larger<T>(larger<T>(a, b), larger<T>(c, d)));
}

template <class T, bool CAREFUL> double possible_in(const Row<T, CAREFUL> &row, int64_t K) {
    constexpr int L = LANES<T>;
    const Vec<T> impossible = splat<T>(-Limits<T>::infinity);
    Int<T> n = splat_int<T>(0);
    int64_t k = 0;
    for (; k + L <= K; k += L) n += row.at(k) != impossible;
    if (k < K) n += row.some(k, K - k) != impossible;
    return count<T>(n);
}

// What a row's second read adds up.
struct RowSums {
    double rest = 0, ties = 0;
    double mass = 0, inner = 0;  // of the mass, and of mass (z - m)
    double given = 0;            // of the targets as they came
    int flags = 0;
};

// The mass of each class before a label's own: (share of the target + smoothing) * weight.
template <class T> struct Mass {
    const T *targets, *weight;
    T kept;   // 1 - smoothing
    T share;  // smoothing / number of possible classes
};

// FULL: with targets, weights or smoothing; else the mass is 1 at the label.
template <class T, bool CAREFUL, bool FULL> struct Sums {
    static constexpr int L = LANES<T>;
    const Row<T, CAREFUL> row;
    const Mass<T> mass;
    const Vec<T> m;

    Vec<T> rest[4] = {};
    Int<T> ties = {};
    Vec<T> of_mass = {}, of_inner = {}, of_given = {};
    Int<T> wrong = {}, masked = {};
    VecDouble wide_rest = {}, wide_mass = {}, wide_inner = {}, wide_given = {};

    HEADWAY_INLINE Sums(const Row<T, CAREFUL> &r, const Mass<T> &q, T top)
        : row(r), mass(q), m(splat<T>(top)) {}

    HEADWAY_INLINE void add(int i, Vec<T> z, Vec<T> t, Vec<T> w, Int<T> seen) {
        const Vec<T> d = z - m, zero = splat<T>(0);
        const Int<T> at_top = d == zero;
        rest[i] += choose<T>(at_top, zero, exp<T>(d));
        ties += at_top;
        if constexpr (FULL) {
            const Vec<T> even = choose<T>(z == splat<T>(-Limits<T>::infinity), zero,
                                          splat<T>(mass.share));
            const Vec<T> q = fma<T>(t, splat<T>(mass.kept), even) * w;
            of_mass += q;
            of_inner += choose<T>(q == zero, zero, q * d);
            of_given += t;
            wrong |= ~(t >= zero);
            if constexpr (CAREFUL) masked |= (t > zero) & ~seen;
        }
    }
    HEADWAY_INLINE void add(int i, int64_t k) {
        Vec<T> t = splat<T>(0), w = splat<T>(1);
        Int<T> seen = splat_int<T>(-1);
        if constexpr (FULL) {
            if (mass.targets) t = load<T>(mass.targets + k);
            if (mass.weight) w = load<T>(mass.weight + k);
            if (CAREFUL && row.mask) seen = load_flags<T>(row.mask + k);
        }
        add(i, row.at(k), t, w, seen);
    }
    HEADWAY_INLINE void add_some(int64_t k, int64_t size) {
        Vec<T> t = splat<T>(0), w = splat<T>(1);
        Int<T> seen = splat_int<T>(-1);
        if constexpr (FULL) {
            if (mass.targets) t = load_some<T>(mass.targets + k, size, T(0));
            if (mass.weight) w = load_some<T>(mass.weight + k, size, T(0));
            if (CAREFUL && row.mask) seen = load_some_flags<T>(row.mask + k, size);
        }
        add(0, row.some(k, size), t, w, seen);
    }
    HEADWAY_INLINE void widen_all() {
        wide_rest += widened((rest[0] + rest[1]) + (rest[2] + rest[3]));
        for (auto &part : rest) part = splat<T>(0);
        if constexpr (FULL) {
            wide_mass += widened(of_mass);
            wide_inner += widened(of_inner);
            wide_given += widened(of_given);
            of_mass = of_inner = of_given = splat<T>(0);
        }
    }
    HEADWAY_INLINE RowSums run(int64_t K) {
        constexpr int64_t BLOCK = 32 * L;  // short enough that floats lose nothing
        int64_t k = 0;
        while (k + L <= K) {
            const int64_t end = k + BLOCK < K ? k + BLOCK : K;
            for (; k + 4 * L <= end; k += 4 * L) {
                add(0, k);
                add(1, k + L);
                add(2, k + 2 * L);
                add(3, k + 3 * L);
            }
            for (; k + L <= end; k += L) add(0, k);
            if (k + L <= K) widen_all();
        }
        if (k < K) add_some(k, K - k);
        widen_all();
        RowSums sums;
        sums.rest = sum<double>(wide_rest);
        sums.ties = count<T>(ties);
        if constexpr (FULL) {
            sums.mass = sum<double>(wide_mass);
            sums.inner = sum<double>(wide_inner);
            sums.given = sum<double>(wide_given);
            sums.flags = (any<T>(wrong) ? TARGET_WRONG : 0) | (any<T>(masked) ? MASS_MASKED : 0);
        }
        return sums;
    }
};

// Writes probs * scale - mass, and takes `spike` off at the label.
template <class T, bool CAREFUL, bool FULL> struct Slope {
    static constexpr int L = LANES<T>;
    const Row<T, CAREFUL> row;
    const Mass<T> mass;
    const Vec<T> m, scale;
    T *const out;
    const int64_t label;
    const T spike;

    HEADWAY_INLINE Vec<T> slope(Vec<T> z, Vec<T> t, Vec<T> w) const {
        const Vec<T> p = exp<T>(z - m) * scale;
        if constexpr (!FULL) return p;
        const Vec<T> even = choose<T>(z == splat<T>(-Limits<T>::infinity), splat<T>(0),
                                      splat<T>(mass.share));
        return p - fma<T>(t, splat<T>(mass.kept), even) * w;
    }
    HEADWAY_INLINE Vec<T> at(int64_t k) const {
        Vec<T> t = splat<T>(0), w = splat<T>(1);
        if constexpr (FULL) {
            if (mass.targets) t = load<T>(mass.targets + k);
            if (mass.weight) w = load<T>(mass.weight + k);
        }
        return slope(row.at(k), t, w);
    }
    HEADWAY_INLINE void spiked(int64_t k, int64_t size) const {
        Vec<T> t = splat<T>(0), w = splat<T>(1);
        if constexpr (FULL) {
            if (mass.targets) t = load_some<T>(mass.targets + k, size, T(0));
            if (mass.weight) w = load_some<T>(mass.weight + k, size, T(0));
        }
        Vec<T> g = slope(row.some(k, size), t, w);
        if (label >= k && label < k + size) g[int(label - k)] -= spike;
        store_some<T>(out + k, g, size);
    }
    template <bool STREAM> HEADWAY_INLINE void many(int64_t k, int64_t end) const {
        for (; k < end; k += L) {
            if constexpr (STREAM) store_stream<T>(out + k, at(k));
            else store<T>(out + k, at(k));
        }
    }
    template <bool STREAM> HEADWAY_INLINE void run(int64_t K) const {
        const int64_t head = STREAM ? unaligned<T>(out, K) : 0;
        const int64_t end = head + (K - head) / L * L;
        if (head > 0) spiked(0, head);
        if (label >= head && label < end) {
            const int64_t k = head + (label - head) / L * L;
            many<STREAM>(head, k);
            spiked(k, L);
            many<STREAM>(k + L, end);
        } else {
            many<STREAM>(head, end);
        }
        if (end < K) spiked(end, K - end);
    }
};

}  // namespace HEADWAY_LEVEL
}  // namespace headway
