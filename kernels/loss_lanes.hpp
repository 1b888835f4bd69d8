// Cross-entropy of short rows, LANES rows at a time: lane i of column k is entry k of row i.
//
// A row of ten logits fills no vector, and its maximum and sum would be taken across lanes.
// Turned around in registers, every step works on whole vectors.  Gradients are turned back into
// a stage in the first-level cache, from where whole lines go to memory.
#pragma once

#include "loss_simd.hpp"
#include "loss_transpose.hpp"

namespace headway {
namespace HEADWAY_LEVEL {

constexpr int64_t MOST_IN_LANES = 32;  // longer rows fill vectors of their own

template <class T, bool FULL> struct LaneTask {
    static constexpr int L = LANES<T>;
    const CrossEntropyJob<T> &job;
    LossReport *report;

    // L rows of K entries in `in`, as K columns; reads up to L entries beyond.
    HEADWAY_INLINE void turn(const T *in, Vec<T> *columns) const {
        const int64_t K = job.K;
        for (int64_t c = 0; c < K; c += L) {
            Vec<T> square[L];
            for (int i = 0; i < L; ++i) square[i] = load<T>(in + i * K + c);
            transpose<T>(square);
            const int64_t size = K - c < L ? K - c : L;
            for (int64_t k = 0; k < size; ++k) columns[c + k] = square[k];
        }
    }
    // The way back; writes up to L entries beyond.
    HEADWAY_INLINE void turn_back(const Vec<T> *columns, T *out) const {
        const int64_t K = job.K;
        Vec<T> square[(MOST_IN_LANES + L - 1) / L][L];
        for (int64_t c = 0; c < K; c += L) {
            Vec<T> (&part)[L] = square[c / L];
            for (int k = 0; k < L; ++k) part[k] = columns[c + k];
            transpose<T>(part);
        }
        // In the order of memory, so that each row overwrites what is beyond the one before.
        for (int i = 0; i < L; ++i) {
            for (int64_t c = 0; c < K; c += L) store<T>(out + i * K + c, square[c / L][i]);
        }
    }
    HEADWAY_INLINE void load_labels(int64_t i, int64_t size, typename Types<T>::Scalar *y) const {
        using S = typename Types<T>::Scalar;
        if (job.labels) {
            for (int64_t j = 0; j < size; ++j) y[j] = S(job.labels[i + j]);
        } else if (job.short_labels) {
            for (int64_t j = 0; j < size; ++j) y[j] = S(job.short_labels[i + j]);
        }
    }
    // Masked entries to -inf; returns whether `mass`, a label or targets, lies on one.
    bool apply_mask(int64_t i, int64_t size, Vec<T> *z, const typename Types<T>::Scalar *y,
                    const T *targets) const {
        bool misplaced = false;
        for (int64_t j = 0; j < size; ++j) {
            const uint8_t *mask = job.mask + (i + j) * job.mask_step;
            for (int64_t k = 0; k < job.K; ++k) {
                if (mask[k]) continue;
                z[k][int(j)] = -Limits<T>::infinity;
                misplaced |= targets ? targets[j * job.K + k] > 0 : int64_t(y[j]) == k;
            }
        }
        return misplaced;
    }
    // +inf becomes the largest number beside its negative, in the rows whose top it is.
    void limit(Vec<T> *z, Vec<T> &m) const {
        using C = Limits<T>;
        const Vec<T> top = splat<T>(C::most), infinity = splat<T>(C::infinity);
        const Mask<T> infinite = is_equal<T>(m, infinity);
        for (int64_t k = 0; k < job.K; ++k) {
            const Vec<T> beside = pick<T>(is_equal<T>(z[k], -infinity), z[k], -top);
            const Vec<T> known = pick<T>(is_equal<T>(z[k], infinity), top, beside);
            z[k] = pick<T>(infinite & is_equal<T>(z[k], z[k]), known, z[k]);
        }
        m = pick<T>(infinite, top, pick<T>(is_equal<T>(m, -infinity), splat<T>(0), m));
    }

    // `size` rows from i on: logits and targets are read from `z_in` and `t_in`, the gradient goes
    // to `out`; all three have room for L rows and L entries more.
    HEADWAY_INLINE void block(int64_t i, int64_t size, const T *z_in, const T *t_in, T *out) const {
        const int64_t K = job.K;
        const Vec<T> zero = splat<T>(0), one = splat<T>(1);
        const Vec<T> impossible = splat<T>(-Limits<T>::infinity);
        Vec<T> z[MOST_IN_LANES + L], t[FULL ? MOST_IN_LANES : 1], mass[FULL ? MOST_IN_LANES : 1];
        typename Types<T>::Scalar labels[L] = {};
        turn(z_in, z);
        load_labels(i, size, labels);
        if constexpr (FULL) {
            if (t_in) turn(t_in, t);
        }
        int flags = 0;
        if (job.mask && apply_mask(i, size, z, labels, t_in)) flags |= MASS_MASKED;
        Int<T> y;
        std::memcpy(&y, labels, sizeof y);

        Vec<T> m = pick<T>(is_equal<T>(z[0], z[0]), z[0], impossible), m_odd = impossible;
        int64_t k = 1;
        for (; k + 1 < K; k += 2) {
            m = upper<T>(z[k], m);
            m_odd = upper<T>(z[k + 1], m_odd);
        }
        if (k < K) m = upper<T>(z[k], m);
        m = upper<T>(m, m_odd);
        if (__builtin_expect(any<T>(~is_equal<T>(m - m, zero)), 0)) limit(z, m);

        Vec<T> total_mass = one, inner = zero;
        if constexpr (FULL) {
            Vec<T> share = zero;
            if (job.smoothing > 0) {
                Vec<T> n = zero;
                for (k = 0; k < K; ++k) n = add_if<T>(~is_equal<T>(z[k], impossible), n, one);
                share = splat<T>(job.smoothing) / n;
            }
            Vec<T> given = zero, most_negative = zero;
            total_mass = zero;
            const Vec<T> kept = splat<T>(1 - job.smoothing);
            for (k = 0; k < K; ++k) {
                if (!t_in) t[k] = pick<T>(is_same<T>(y, splat_int<T>(int(k))), one, zero);
                most_negative = upper<T>(-t[k], most_negative);
                given += t[k];
                const Mask<T> nothing = is_equal<T>(z[k], impossible);
                mass[k] = fma<T>(t[k], kept, pick<T>(nothing, zero, share));
                if (job.weight) mass[k] *= splat<T>(job.weight[k]);
                total_mass += mass[k];
                inner = add_if<T>(~is_equal<T>(mass[k], zero), inner, mass[k] * (z[k] - m));
            }
            const Mask<T> near = is_less<T>(magnitude<T>(given - one), splat<T>(T(job.tolerance)));
            const Vec<T> wrong = pick<T>(near & ~is_less<T>(zero, most_negative), zero, one);
            for (int64_t j = 0; t_in && j < size; ++j) flags |= wrong[int(j)] > 0 ? TARGET_WRONG : 0;
        }

        Vec<T> rest = zero, rest_odd = zero, ties = zero;
        Int<T> at_k = splat_int<T>(0);
        const auto add = [&](int64_t at, Vec<T> &sum) {
            const Vec<T> d = z[at] - m, e = exp_below(d);
            const Mask<T> at_top = is_equal<T>(d, zero);
            sum = add_if<T>(~at_top, sum, e);
            ties = add_if<T>(at_top, ties, one);
            if constexpr (!FULL) inner = pick<T>(is_same<T>(y, at_k), d, inner);
            at_k += 1;
            z[at] = e;
        };
        for (k = 0; k + 1 < K; k += 2) {
            add(k, rest);
            add(k + 1, rest_odd);
        }
        if (k < K) add(k, rest);
        rest += rest_odd;
        const Vec<T> total = rest + ties;
        report_flags(i, size, flags, total);
        if (job.losses) {
            const Vec<T> log_total = log1p_or_nan<T>(rest + (ties - one));
            store_some<T>(job.losses + i, log_total * total_mass - inner, size);
        }
        if (!out) return;
        const Vec<T> scale = FULL && job.weight ? total_mass / total : one / total;
        at_k = splat_int<T>(0);
        for (k = 0; k < K; ++k) {
            if constexpr (FULL) z[k] = z[k] * scale - mass[k];
            else z[k] = add_if<T>(is_same<T>(y, at_k), z[k] * scale, -one);
            at_k += 1;
        }
        turn_back(z, out);
    }
    HEADWAY_INLINE void report_flags(int64_t i, int64_t size, int flags, Vec<T> total) const {
        if (__builtin_expect(any<T>(is_equal<T>(total, splat<T>(0))), 0)) {
            for (int64_t j = 0; j < size; ++j) {
                if (total[int(j)] == 0) report_empty(report, i + j);
            }
        }
        raise_flag(report, flags);
    }

    void run(int64_t first, int64_t last) const {
        const int64_t K = job.K, square = L * K;
        const int64_t most = STAGE / square < 1 ? L : STAGE / square * L;  // rows on the stage
        alignas(64) T stage[(STAGE > L * MOST_IN_LANES ? STAGE : L * MOST_IN_LANES) + L];
        for (int64_t start = first; start < last; start += most) {
            const int64_t end = start + most < last ? start + most : last;
            for (int64_t i = start; i < end; i += L) {
                T *const out = job.gradient ? stage + (i - start) * K : nullptr;
                const T *const t = job.targets ? job.targets + i * K : nullptr;
                // Nothing beyond this task is read: another thread may be writing it.
                if ((i + L) * K + L <= last * K) {
                    block(i, L, job.logits + i * K, t, out);
                } else {
                    alignas(64) T z_rows[L * MOST_IN_LANES + L] = {}, t_rows[L * MOST_IN_LANES + L] = {};
                    const int64_t size = end - i < L ? end - i : L;
                    std::memcpy(z_rows, job.logits + i * K, size_t(size * K) * sizeof(T));
                    if (t) std::memcpy(t_rows, t, size_t(size * K) * sizeof(T));
                    block(i, size, z_rows, t ? t_rows : nullptr, out);
                }
            }
            if (job.gradient) write_out(stage, job.gradient + start * K, (end - start) * K, job.stream);
        }
    }
};

}  // namespace HEADWAY_LEVEL
}  // namespace headway
