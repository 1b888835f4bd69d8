// Cross-entropy and its gradient: long rows one by one, short rows LANES at a time.
#include "loss_lanes.hpp"
#include "loss_wide.hpp"

namespace headway {
namespace HEADWAY_LEVEL {
namespace {

template <class T> using Job = CrossEntropyJob<T>;

constexpr int64_t PENDING = 64;
constexpr int64_t KEPT = 1536;  // the longest row whose exponentials are kept
// The longest row that leaves the next one room in the nearest cache.
template <class T> constexpr int64_t BRIEF = 32768 / int64_t(sizeof(T));

// The losses of some rows before their logarithms, which are taken of many rows at once.
template <class T> struct Pending {
    T rest[PENDING], mass[PENDING], inner[PENDING];
};

template <class T> HEADWAY_INLINE void finish_losses(const Pending<T> &p, T *losses, int64_t size) {
    for (int64_t i = 0; i < size; i += LANES<T>) {
        const Vec<T> log_total = log1p_or_nan<T>(load<T>(p.rest + i));
        const Vec<T> loss = log_total * load<T>(p.mass + i) - load<T>(p.inner + i);
        store_some<T>(losses + i, loss, size - i < LANES<T> ? size - i : LANES<T>);
    }
}

template <class T, bool FULL> struct Wide {
    const Job<T> &job;
    LossReport *report;
    // Where the exponentials are kept, there is time to fetch the lines of the gradient, and a
    // store into them costs less than one past the caches.
    const bool stream = job.stream && job.K > KEPT;
    int64_t last = 0;  // where the rows of this task end
    Pending<T> pending;
    alignas(64) T room[KEPT];

    Wide(const Job<T> &j, LossReport *r) : job(j), report(r) {}

    HEADWAY_INLINE int64_t label(int64_t i) const {
        return job.labels ? job.labels[i] : job.short_labels ? job.short_labels[i] : -1;
    }

    template <bool CAREFUL>
    HEADWAY_INLINE void finish(int64_t i, int64_t slot, const Row<T, CAREFUL> &row, T top) {
        // Where a mass depends on the logits, they must not be overwritten yet.
        const bool needed = FULL && job.gradient == job.logits;
        T *const kept = job.K <= KEPT ? room : stream || needed ? nullptr : job.gradient + i * job.K;
        if (CAREFUL || !job.gradient || !kept) finish<CAREFUL, false>(i, slot, row, top, kept);
        else finish<CAREFUL, !CAREFUL>(i, slot, row, top, kept);
    }
    template <bool CAREFUL, bool KEEP>
    void finish(int64_t i, int64_t slot, const Row<T, CAREFUL> &row, T top, T *kept) {
        const int64_t K = job.K, y = label(i);
        Mass<T> mass{job.targets ? job.targets + i * K : nullptr, job.weight, 1 - job.smoothing, 0};
        if (FULL && job.smoothing > 0) mass.share = T(job.smoothing / possible_in(row, K));
        // Read before the gradient is written over it.
        const T own = y >= 0 ? row.one(y) - top : T(0);
        // A long next row would push this one out of the cache before its last read.
        const T *const after = i + 1 < last ? row.logits + K : nullptr;
        const bool roomy = kept == room;
        const T *const early = !KEEP || (!roomy && K <= BRIEF<T>) ? after : nullptr;
        T *const goal = KEEP && roomy ? job.gradient + i * K : nullptr;
        RowSums sums = Sums<T, CAREFUL, FULL, KEEP>(row, mass, top, kept).run(K, early, goal);
        T spike = 0;
        int flags = sums.flags;
        if (y >= 0) {
            spike = FULL ? T(mass.kept * (job.weight ? job.weight[y] : T(1))) : T(1);
            sums.mass += spike;
            if (spike > 0) sums.inner += double(spike) * double(own);
            if (CAREFUL && row.mask && !row.mask[y]) flags |= MASS_MASKED;
        } else if (!(__builtin_fabs(sums.given - 1) <= job.tolerance)) {
            flags |= TARGET_WRONG;
        }
        const double total = sums.rest + sums.ties;
        raise_flag(report, flags);
        if (total == 0) report_empty(report, i);
        pending.rest[slot] = T(sums.rest + (sums.ties - 1));
        pending.mass[slot] = T(sums.mass);
        pending.inner[slot] = T(sums.inner);
        if (job.gradient) {
            const double scale = (job.weight ? sums.mass : 1.0) / total;
            const Slope<T, CAREFUL, FULL, KEEP> slope{
                row, mass, splat<T>(top), splat<T>(T(scale)), job.gradient + i * K, y, spike, kept,
                roomy ? after : nullptr};
            if (stream) slope.template run<true>(K);
            else slope.template run<false>(K);
        }
    }
    void row(int64_t i, int64_t slot) {
        const int64_t K = job.K;
        const Row<T, false> plain{job.logits + i * K};
        T top;
        if (!job.mask) {
            top = top_of(plain, K);
            if (is_finite(top)) return finish<false>(i, slot, plain, top);
        }
        Row<T, true> careful{plain.logits, job.mask ? job.mask + i * job.mask_step : nullptr};
        top = top_of(careful, K);
        careful.infinite = top == Limits<T>::infinity;
        // Without any class every exponential is 0, and that tells.
        if (!is_finite(top)) top = careful.infinite ? Limits<T>::most : T(0);
        finish<true>(i, slot, careful, top);
    }
    void run(int64_t first, int64_t end) {
        last = end;
        for (int64_t i = first; i < last; i += PENDING) {
            const int64_t size = last - i < PENDING ? last - i : PENDING;
            for (int64_t slot = 0; slot < size; ++slot) row(i + slot, slot);
            if (job.losses) finish_losses(pending, job.losses + i, size);
        }
    }
};

template <class T>
void cross_entropy(const Job<T> &job, int64_t first, int64_t last, LossReport *report) {
    const bool full = job.targets || job.weight || job.smoothing > 0;
    if (job.K <= MOST_IN_LANES) {
        if (full) LaneTask<T, true>{job, report}.run(first, last);
        else LaneTask<T, false>{job, report}.run(first, last);
    } else if (full) {
        Wide<T, true>(job, report).run(first, last);
    } else {
        Wide<T, false>(job, report).run(first, last);
    }
    if (job.stream) end_stream();
}

template <class T> bool labels_inside(const Job<T> &job, int64_t first, int64_t last) {
    uint64_t outside = 0;
    const uint64_t K = uint64_t(job.K);
    if (job.labels) {
        for (int64_t i = first; i < last; ++i) outside |= uint64_t(job.labels[i]) >= K;
    } else if (job.short_labels) {
        for (int64_t i = first; i < last; ++i) {
            outside |= uint64_t(int64_t(job.short_labels[i])) >= K;
        }
    }
    return outside == 0;
}

}  // namespace

extern const LossTable loss_table = {{labels_inside<float>, cross_entropy<float>},
                                     {labels_inside<double>, cross_entropy<double>}};

}  // namespace HEADWAY_LEVEL
}  // namespace headway
