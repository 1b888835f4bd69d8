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
        const Int<T> infinite = m == splat<T>(C::infinity);
        for (int64_t k = 0; k < job.K; ++k) {
            const Vec<T> beside = choose<T>(z[k] == splat<T>(-C::infinity), z[k], splat<T>(-C::most));
            const Vec<T> known = choose<T>(z[k] == splat<T>(C::infinity), splat<T>(C::most), beside);
            z[k] = choose<T>(infinite & (z[k] == z[k]), known, z[k]);
        }
        m = choose<T>(infinite, splat<T>(C::most),
                      choose<T>(m == splat<T>(-C::infinity), splat<T>(0), m));
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

        Vec<T> m = z[0] == z[0] ? z[0] : impossible, m_odd = impossible;
        int64_t k = 1;
        for (; k + 1 < K; k += 2) {
            m = larger<T>(z[k], m);
            m_odd = larger<T>(z[k + 1], m_odd);
        }
        if (k < K) m = larger<T>(z[k], m);
        m = larger<T>(m, m_odd);
        if (__builtin_expect(any<T>(m - m != zero), 0)) limit(z, m);

        Vec<T> total_mass = one, inner = zero;
        if constexpr (FULL) {
            Vec<T> share = zero;
            if (job.smoothing > 0) {
                Vec<T> n = zero;
                for (k = 0; k < K; ++k) n += choose<T>(z[k] == impossible, zero, one);
                share = splat<T>(job.smoothing) / n;
            }
            Vec<T> given = zero;
            Int<T> wrong = splat_int<T>(0);
            total_mass = zero;
            const Vec<T> kept = splat<T>(1 - job.smoothing);
            for (k = 0; k < K; ++k) {
                if (!t_in) t[k] = choose<T>(y == splat_int<T>(int(k)), one, zero);
                wrong |= ~(t[k] >= zero);
                given += t[k];
                mass[k] = fma<T>(t[k], kept, choose<T>(z[k] == impossible, zero, share));
                if (job.weight) mass[k] *= splat<T>(job.weight[k]);
                total_mass += mass[k];
                inner += choose<T>(mass[k] == zero, zero, mass[k] * (z[k] - m));
            }
            const Vec<T> tolerance = splat<T>(T(job.tolerance));
            wrong |= ~(magnitude<T>(given - one) <= tolerance);
            wrong &= lane_numbers<T>() < splat_int<T>(int(size));
            if (t_in && any<T>(wrong)) flags |= TARGET_WRONG;
        }

        Vec<T> rest = zero, rest_odd = zero;
        Int<T> ties = splat_int<T>(0);
        const auto add = [&](int64_t at, Vec<T> &sum) {
            const Vec<T> d = z[at] - m, e = exp<T>(d);
            const Int<T> at_top = d == zero;
            sum += choose<T>(at_top, zero, e);
            ties -= at_top;
            if constexpr (!FULL) inner = choose<T>(y == splat_int<T>(int(at)), d, inner);
            z[at] = e;
        };
        for (k = 0; k + 1 < K; k += 2) {
            add(k, rest);
            add(k + 1, rest_odd);
        }
        if (k < K) add(k, rest);
        rest += rest_odd;
        const Vec<T> at_top = __builtin_convertvector(ties, Vec<T>), total = rest + at_top;
        report_flags(i, size, flags, total);
        if (job.losses) {
            const Vec<T> log_total = log1p_or_nan<T>(rest + (at_top - one));
            store_some<T>(job.losses + i, log_total * total_mass - inner, size);
        }
        if (!out) return;
        const Vec<T> scale = FULL && job.weight ? total_mass / total : one / total;
        for (k = 0; k < K; ++k) {
            if constexpr (FULL) z[k] = z[k] * scale - mass[k];
            else z[k] = z[k] * scale - choose<T>(y == splat_int<T>(int(k)), one, zero);
        }
        turn_back(z, out);
    }
    HEADWAY_INLINE void report_flags(int64_t i, int64_t size, int flags, Vec<T> total) const {
        if (__builtin_expect(any<T>(total == splat<T>(0)), 0)) {
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
