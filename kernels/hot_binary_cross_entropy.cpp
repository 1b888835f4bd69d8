// Binary cross-entropy and its gradient, cell by cell, summed over rows.
//
// With u = exp(-|z|), a = weight * t, b = 1 - t, and (c, o) = (a, b) for z < 0, else (b, a):
//
//     loss     = (a + b) log(1 + u) + c |z|
//     gradient = +-(c - o u) / (1 + u),   minus for z < 0
//
// Neither cancels.  Without weights a + b = 1, and a sum of log(1 + u) is one logarithm of a
// product: q = (1 + u) (1 + v) .. - 1 grows by u + q u, so that even a loss of 1e-18 is kept.
// The traps: 0 times infinity is 0 here, and a cell without a target adds nothing, whatever its
// logit.
#include "loss_simd.hpp"

namespace headway {
namespace HEADWAY_LEVEL {
namespace {

constexpr int64_t MOST_FLAT = 32;  // shorter rows are taken as one long array of cells

template <class T, bool WEIGHTED> struct Task {
    static constexpr int L = LANES<T>;
    const LossJob<T> &job;
    LossReport *report;
    const Vec<T> kept = splat<T>(1 - job.smoothing), pulled = splat<T>(job.smoothing / 2);
    Vec<T> worst = splat<T>(0);  // t (t - 1), which is above 0 for wrong targets alone

    // What a cell adds to the loss, in parts: linear, and u or its weighted logarithm.
    struct Cell {
        Vec<T> gradient, linear, u;
    };
    // A missing cell is given a certain, true label: nothing comes of that.
    HEADWAY_INLINE Cell cell(Vec<T> z, Vec<T> t, Vec<T> w, Mask<T> seen) {
        const Vec<T> zero = splat<T>(0), one = splat<T>(1);
        worst = upper<T>(t * (t - one), worst);
        seen &= is_equal<T>(t, t);
        z = pick<T>(seen, z, splat<T>(Limits<T>::infinity));
        t = pick<T>(seen, fma<T>(t, kept, pulled), one);
        const Vec<T> a = WEIGHTED ? t * w : t, b = one - t;
        const Mask<T> negative = is_less<T>(z, zero);
        const Vec<T> size = magnitude<T>(z), u = exp_below(-size);
        const Vec<T> c = pick<T>(negative, a, b), o = pick<T>(negative, b, a);
        const Vec<T> slope = (c - o * u) * reciprocal(one + u);
        Cell out;
        out.gradient = pick<T>(negative, zero - slope, slope);
        out.linear = pick<T>(is_equal<T>(c, zero), zero, c * size);
        out.u = WEIGHTED ? (a + b) * log1p_unit<T>(u) : u;
        return out;
    }
    HEADWAY_INLINE Cell at(const T *z, const T *t, const T *w, const uint8_t *mask) {
        return cell(load<T>(z), load<T>(t), WEIGHTED ? load<T>(w) : splat<T>(1),
                    mask ? load_mask<T>(mask) : all_lanes<T>());
    }
    // Lanes from `size` on have no target.
    HEADWAY_INLINE Cell some(const T *z, const T *t, const T *w, const uint8_t *mask, int64_t size) {
        return cell(load_some<T>(z, size, T(0)), load_some<T>(t, size, T(__builtin_nanf(""))),
                    WEIGHTED ? load_some<T>(w, size, T(1)) : splat<T>(1),
                    mask ? load_some_mask<T>(mask, size) : all_lanes<T>());
    }

    // -- long rows -------------------------------------------------------------------------

    HEADWAY_INLINE T row(int64_t i, T *stage, int64_t &staged) {
        const int64_t K = job.K;
        const T *const z = job.logits + i * K, *const t = job.targets + i * K;
        const T *const w = job.weight;
        const uint8_t *const mask = job.mask ? job.mask + i * job.mask_step : nullptr;
        T *const out = job.gradient;
        constexpr int64_t BLOCK = 16 * L;  // 2^16 is far from overflow, and floats lose nothing
        VecDouble total = {};
        for (int64_t start = 0; start < K; start += BLOCK) {
            const int64_t end = start + BLOCK < K ? start + BLOCK : K;
            Vec<T> linear = splat<T>(0), q = splat<T>(0);
            const auto add = [&](const Cell &part, int64_t size) {
                linear += part.linear;
                q = WEIGHTED ? q + part.u : fma<T>(q, part.u, q + part.u);
                if (out) store<T>(stage + staged, part.gradient);
                staged += size;
            };
            int64_t k = start;
            for (; k + L <= end; k += L) add(at(z + k, t + k, w + k, mask ? mask + k : nullptr), L);
            if (k < end) {
                add(some(z + k, t + k, w + k, mask ? mask + k : nullptr, end - k), end - k);
            }
            total += widened(linear + (WEIGHTED ? q : log1p_or_nan<T>(q)));
            if (out && staged > STAGE - BLOCK) flush(stage, staged, i * K + end);
        }
        return T(sum<double>(total));
    }
    // The stage holds the `staged` entries that end at `end`.
    HEADWAY_INLINE void flush(const T *stage, int64_t &staged, int64_t end) const {
        write_out(stage, job.gradient + (end - staged), staged, job.stream);
        staged = 0;
    }
    void long_rows(int64_t first, int64_t last) {
        alignas(64) T stage[STAGE + L];
        int64_t staged = 0;
        for (int64_t i = first; i < last; ++i) {
            const T loss = row(i, stage, staged);
            if (job.losses) job.losses[i] = loss;
        }
        if (job.gradient) flush(stage, staged, last * job.K);
    }

    // -- short rows ------------------------------------------------------------------------

    void short_rows(int64_t first, int64_t last) {
        const int64_t K = job.K, most = STAGE / K;  // rows in one go
        alignas(64) T stage[STAGE + L], losses[STAGE + L], weights[WEIGHTED ? STAGE + L : 1];
        uint8_t masks[STAGE + L];
        const bool shared = job.mask && job.mask_step == 0;
        for (int64_t j = 0; j < most * K; ++j) {
            if (WEIGHTED) weights[j] = job.weight[j % K];
            if (shared) masks[j] = job.mask[j % K];
        }
        for (int64_t i = first; i < last; i += most) {
            const int64_t size = last - i < most ? last - i : most, cells = size * K;
            const T *const z = job.logits + i * K, *const t = job.targets + i * K;
            const uint8_t *const mask = shared ? masks : job.mask ? job.mask + i * K : nullptr;
            const auto keep = [&](int64_t k, const Cell &part) {
                const Vec<T> log_part = WEIGHTED ? part.u : log1p_unit<T>(part.u);
                store<T>(losses + k, log_part + part.linear);
                store<T>(stage + k, part.gradient);
            };
            int64_t k = 0;
            for (; k + L <= cells; k += L) {
                keep(k, at(z + k, t + k, weights + k, mask ? mask + k : nullptr));
            }
            if (k < cells) {
                keep(k, some(z + k, t + k, weights + k, mask ? mask + k : nullptr, cells - k));
            }
            for (int64_t j = 0; job.losses && j < size; ++j) {
                T total = losses[j * K];
                for (k = 1; k < K; ++k) total += losses[j * K + k];
                job.losses[i + j] = total;
            }
            if (job.gradient) write_out(stage, job.gradient + i * K, cells, job.stream);
        }
    }

    void run(int64_t first, int64_t last) {
        if (job.K <= MOST_FLAT) short_rows(first, last);
        else long_rows(first, last);
        if (any<T>(is_less<T>(splat<T>(0), worst))) raise_flag(report, TARGET_WRONG);
        if (job.stream) end_stream();
    }
};

template <class T>
void binary_cross_entropy(const LossJob<T> &job, int64_t first, int64_t last, LossReport *report) {
    if (job.weight) Task<T, true>{job, report}.run(first, last);
    else Task<T, false>{job, report}.run(first, last);
}

}  // namespace

extern const BinaryLossTable binary_loss_table = {{binary_cross_entropy<float>},
                                                  {binary_cross_entropy<double>}};

}  // namespace HEADWAY_LEVEL
}  // namespace headway
