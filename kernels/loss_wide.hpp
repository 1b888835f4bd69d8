// Cross-entropy of long rows, one after the other: the row is read from memory once, and twice
// more from the cache.
//
//     first read    m = max(z)
//     second        rest = sum of exp(z - m) where z < m,   ties = entries with z == m
//     third         gradient = exp(z - m) / (rest + ties) - mass
//     loss          = sum of mass (log1p(rest + ties - 1) - (z - m))
//
// The trap is rest: beside a single certain class it may be 1e-18, which 1 + rest forgets.
// The exponentials are kept from the second read to the third where there is room: beside a
// short row, or where the gradient will be.  Else they are cheaper to take again than to fetch.
//
// Memory would be idle from the first read of a row to that of the next: meanwhile the next row is
// fetched, and a gradient that is going to be written.
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
        const Vec<T> top = splat<T>(C::most), least = splat<T>(-C::infinity);
        const Vec<T> beside = pick<T>(is_equal<T>(z, least), z, -top);
        const Vec<T> known = pick<T>(is_equal<T>(z, -least), top, beside);
        return pick<T>(is_equal<T>(z, z), known, z);
    }
    HEADWAY_INLINE Vec<T> at(int64_t k) const {
        Vec<T> z = load<T>(logits + k);
        if constexpr (CAREFUL) {
            if (mask) z = pick<T>(load_mask<T>(mask + k), z, splat<T>(-Limits<T>::infinity));
            z = limit(z);
        }
        return z;
    }
    HEADWAY_INLINE T one(int64_t k) const {
        const T z = logits[k];
        if (!CAREFUL || z != z) return z;
        if (mask && !mask[k]) return -Limits<T>::infinity;
        if (!infinite || z == -Limits<T>::infinity) return z;
        return z == Limits<T>::infinity ? Limits<T>::most : -Limits<T>::most;
    }
    HEADWAY_INLINE Vec<T> some(int64_t k, int64_t size) const {
        const Vec<T> nothing = splat<T>(-Limits<T>::infinity);
        Vec<T> z = load_some<T>(logits + k, size, -Limits<T>::infinity);
        if constexpr (CAREFUL) {
            if (mask) z = pick<T>(load_some_mask<T>(mask + k, size), z, nothing);
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
        a = upper<T>(row.at(k), a);
        b = upper<T>(row.at(k + L), b);
        c = upper<T>(row.at(k + 2 * L), c);
        d = upper<T>(row.at(k + 3 * L), d);
    }
    for (; k + L <= K; k += L) a = upper<T>(row.at(k), a);
    if (k < K) b = upper<T>(row.some(k, K - k), b);
    return largest<T>(upper<T>(upper<T>(a, b), upper<T>(c, d)));
}

template <class T, bool CAREFUL> double possible_in(const Row<T, CAREFUL> &row, int64_t K) {
    constexpr int L = LANES<T>;
    const Vec<T> impossible = splat<T>(-Limits<T>::infinity);
    Count<T> possible;
    int64_t k = 0;
    for (; k + L <= K; k += L) possible.add(~is_equal<T>(row.at(k), impossible));
    // What lies beyond the row counts as impossible.
    if (k < K) possible.add(~is_equal<T>(row.some(k, K - k), impossible));
    return possible.total();
}

// Asks for [k, end) of a row that is wanted soon, or null.
template <bool WRITE, class T> HEADWAY_INLINE void fetch(const T *row, int64_t k, int64_t end) {
    constexpr int64_t LINE = 64 / int64_t(sizeof(T));
    if (!row) return;
    for (; k < end; k += LINE) __builtin_prefetch(row + k, WRITE, WRITE ? 3 : 2);
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

    HEADWAY_INLINE Vec<T> of(Vec<T> z, Vec<T> t, Vec<T> w) const {
        const Mask<T> impossible = is_equal<T>(z, splat<T>(-Limits<T>::infinity));
        return fma<T>(t, splat<T>(kept), pick<T>(impossible, splat<T>(0), splat<T>(share))) * w;
    }
};

// FULL: with targets, weights or smoothing; else the mass is 1 at the label.
template <class T, bool CAREFUL, bool FULL, bool KEEP> struct Sums {
    static constexpr int L = LANES<T>;
    const Row<T, CAREFUL> row;
    const Mass<T> mass;
    const Vec<T> m;
    T *const kept;  // the exponentials, if KEEP

    Vec<T> rest[4] = {};
    Count<T> ties;
    Vec<T> of_mass = {}, of_inner = {}, of_given = {}, most_negative = {};
    Mask<T> misplaced = no_lanes<T>();
    VecDouble wide_rest = {}, wide_mass = {}, wide_inner = {}, wide_given = {};

    HEADWAY_INLINE Sums(const Row<T, CAREFUL> &r, const Mass<T> &q, T top, T *k)
        : row(r), mass(q), m(splat<T>(top)), kept(k) {}

    HEADWAY_INLINE Vec<T> add(int i, Vec<T> z, Vec<T> t, Vec<T> w, Mask<T> seen) {
        const Vec<T> d = z - m, zero = splat<T>(0), e = exp_below(d);
        const Mask<T> at_top = is_equal<T>(d, zero);
        rest[i] = add_if<T>(~at_top, rest[i], e);
        ties.add(at_top);
        if constexpr (FULL) {
            const Vec<T> q = mass.of(z, t, w);
            of_mass += q;
            of_inner = add_if<T>(~is_equal<T>(q, zero), of_inner, q * d);
            of_given += t;
            most_negative = upper<T>(-t, most_negative);
            if constexpr (CAREFUL) misplaced |= is_less<T>(zero, t) & ~seen;
        }
        return e;
    }
    HEADWAY_INLINE void add(int i, int64_t k) {
        Vec<T> t = splat<T>(0), w = splat<T>(1);
        Mask<T> seen = all_lanes<T>();
        if constexpr (FULL) {
            if (mass.targets) t = load<T>(mass.targets + k);
            if (mass.weight) w = load<T>(mass.weight + k);
            if (CAREFUL && row.mask) seen = load_mask<T>(row.mask + k);
        }
        const Vec<T> e = add(i, row.at(k), t, w, seen);
        if constexpr (KEEP) store<T>(kept + k, e);
    }
    HEADWAY_INLINE void add_some(int64_t k, int64_t size) {
        Vec<T> t = splat<T>(0), w = splat<T>(1);
        Mask<T> seen = all_lanes<T>();
        if constexpr (FULL) {
            if (mass.targets) t = load_some<T>(mass.targets + k, size, T(0));
            if (mass.weight) w = load_some<T>(mass.weight + k, size, T(0));
            if (CAREFUL && row.mask) seen = load_some_mask<T>(row.mask + k, size);
        }
        const Vec<T> e = add(0, row.some(k, size), t, w, seen);
        if constexpr (KEEP) store_some<T>(kept + k, e, size);
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
    // Fetches the next row meanwhile, and where the gradient goes; null is nothing.
    HEADWAY_INLINE RowSums run(int64_t K, const T *next, const T *goal) {
        constexpr int64_t BLOCK = 32 * L;  // short enough that floats lose nothing
        int64_t k = 0;
        while (k + L <= K) {
            const int64_t end = k + BLOCK < K ? k + BLOCK : K;
            fetch<false>(next, k, end);
            if constexpr (KEEP) fetch<true>(goal, k, end);
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
        sums.ties = ties.total();
        if constexpr (FULL) {
            sums.mass = sum<double>(wide_mass);
            sums.inner = sum<double>(wide_inner);
            sums.given = sum<double>(wide_given);
            const bool negative = any<T>(is_less<T>(splat<T>(0), most_negative));
            sums.flags = (negative ? TARGET_WRONG : 0) | (any<T>(misplaced) ? MASS_MASKED : 0);
        }
        return sums;
    }
};

// Writes probs * scale - mass, and takes `spike` off at the label.
template <class T, bool CAREFUL, bool FULL, bool KEEP> struct Slope {
    static constexpr int L = LANES<T>;
    const Row<T, CAREFUL> row;
    const Mass<T> mass;
    const Vec<T> m, scale;
    T *const out;
    const int64_t label;
    const T spike;
    const T *const kept;
    const T *const next;  // the row to fetch meanwhile if KEEP, or null

    HEADWAY_INLINE Vec<T> slope(Vec<T> z, Vec<T> e, Vec<T> t, Vec<T> w) const {
        const Vec<T> p = (KEEP ? e : exp_below(z - m)) * scale;
        if constexpr (FULL) return p - mass.of(z, t, w);
        return p;
    }
    HEADWAY_INLINE Vec<T> at(int64_t k) const {
        Vec<T> t = splat<T>(0), w = splat<T>(1);
        if constexpr (FULL) {
            if (mass.targets) t = load<T>(mass.targets + k);
            if (mass.weight) w = load<T>(mass.weight + k);
        }
        return slope(row.at(k), KEEP ? load<T>(kept + k) : t, t, w);
    }
    HEADWAY_INLINE void spiked(int64_t k, int64_t size) const {
        Vec<T> t = splat<T>(0), w = splat<T>(1);
        if constexpr (FULL) {
            if (mass.targets) t = load_some<T>(mass.targets + k, size, T(0));
            if (mass.weight) w = load_some<T>(mass.weight + k, size, T(0));
        }
        const Vec<T> e = KEEP ? load_some<T>(kept + k, size, T(0)) : t;
        Vec<T> g = slope(row.some(k, size), e, t, w);
        if (label >= k && label < k + size) {
            g = add_if<T>(is_same<T>(lane_numbers<T>(), splat_int<T>(int(label - k))), g,
                          splat<T>(-spike));
        }
        store_some<T>(out + k, g, size);
    }
    template <bool STREAM> HEADWAY_INLINE void many(int64_t k, int64_t end) const {
        for (; k < end; k += L) {
            if constexpr (KEEP) fetch<false>(next, k, k + L);
            if constexpr (STREAM) store_stream<T>(out + k, at(k));
            else store<T>(out + k, at(k));
        }
    }
    template <bool STREAM> HEADWAY_INLINE void run(int64_t K) const {
        // Whole vectors lie on both sides of the one with the label, incomplete ones at the ends.
        const int64_t head = STREAM ? unaligned<T>(out, K) : 0;
        const int64_t end = head + (K - head) / L * L;
        const bool inside = label >= head && label < end;
        const int64_t at_label = inside ? head + (label - head) / L * L : end;
        const int64_t ranges[2][2] = {{head, at_label}, {inside ? at_label + L : end, end}};
        for (const auto &range : ranges) many<STREAM>(range[0], range[1]);
        const int64_t others[3][2] = {{0, head}, {at_label, inside ? L : 0}, {end, K - end}};
        for (const auto &other : others) {
            if (other[1] > 0) spiked(other[0], other[1]);
        }
    }
};

}  // namespace HEADWAY_LEVEL
}  // namespace headway
