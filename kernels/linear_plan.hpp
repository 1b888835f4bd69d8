// How a pass is cut up, and where its memory lies.
#pragma once

#include "gemm.hpp"
#include "linear_features.hpp"

namespace headway {
namespace HEADWAY_LEVEL {
namespace {

constexpr int64_t BLOCK_BYTES = 256 << 10;      // features of a block, a share of the L2 cache
constexpr int64_t NARROW_CELLS = 192 << 10;     // weights up to which rows are split, not classes
constexpr int64_t WIDE_BYTES = 32 << 20;        // logits of a wide block
constexpr int64_t MOST_LANES = 16;
constexpr int64_t FLUSH_ROWS = 1024;            // rows summed in T before they go to double
constexpr int64_t FLUSH_NONZEROS = 64;          // nonzeros a column, likewise
constexpr int64_t GROUP = 32;                   // rows of one task of a wide block
constexpr int64_t PANEL = 512;                  // columns of one task of a wide block
constexpr int64_t PACK_STRIP = 64;              // features whose weights are moved at once

inline int64_t round_up(int64_t x, int64_t to) { return (x + to - 1) / to * to; }
inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

// Hands out pieces of a buffer, each on a cache line of its own.
struct Cutter {
    char *at;
    int64_t used = 0;
    template <class T> T *take(int64_t count) {
        T *piece = reinterpret_cast<T *>(at + used);
        used += round_up(count * int64_t(sizeof(T)), 64);
        return piece;
    }
};

// Probs that are not kept are made again: from the weights, and of the certificate's from the
// weights and the step.
inline bool has_forward(const Job &job) {
    return job.op != Op::diagonal && (job.op != Op::moments || job.probs == nullptr);
}
inline bool has_second(const Job &job) {
    return job.op == Op::dual || (has_forward(job) && job.op != Op::gradient && !job.probs);
}
inline bool has_sums(const Job &job) { return job.op != Op::dual; }

// Logits of a row: those of whole tiles where the features are sparse.
inline int64_t row_width(const Job &job, const Plan &plan) {
    return job.x.sparse ? plan.tiles * plan.tile : job.K;
}

template <class T> inline int64_t weights_size(const Job &job, const Plan &plan) {
    if (job.x.sparse) return plan.tiles * job.x.d * plan.tile;
    return plan.wide ? plan.tiles * packed_size<T>(plan.tile, job.x.d)
                     : packed_size<T>(job.K, job.x.d);
}

// -- memory ----------------------------------------------------------------------------------

// Weights as the products want them; the same for all lanes.
template <class T> struct Packed {
    T *first = nullptr, *second = nullptr, *bias = nullptr, *second_bias = nullptr;
    void lay_out(Cutter &cut, const Job &job, const Plan &plan) {
        const int64_t size = weights_size<T>(job, plan);
        if (has_forward(job)) {
            first = cut.take<T>(size);
            bias = cut.take<T>(row_width(job, plan));
        }
        if (has_second(job)) {
            second = cut.take<T>(size);
            second_bias = cut.take<T>(row_width(job, plan));
        }
    }
};

// Where a run of rows is worked on: one for each lane, or one in all for a wide problem.
template <class T> struct Bench {
    T *x, *z, *dz, *row, *gradient;
    double *sums, *bias_sums, *values, *next_values, *excess, *unused;
    void lay_out(Cutter &cut, const Job &job, const Plan &plan) {
        const int64_t K = job.K, d = job.x.d, width = row_width(job, plan);
        const int64_t groups = plan.wide ? (plan.block + GROUP - 1) / GROUP : 1;
        const int64_t cells = job.x.sparse ? plan.tiles * d * plan.tile : K * d;
        const bool direct = sizeof(T) == 8;  // sums in double already
        x = cut.take<T>(job.x.sparse || in_place<T>(job.x) ? 0 : plan.block * d);
        z = cut.take<T>(plan.block * width);
        dz = cut.take<T>(has_second(job) ? plan.block * width : 0);
        row = cut.take<T>(groups * 4 * K);  // scratch of do_row
        gradient = cut.take<T>(has_sums(job) && !direct ? cells : 0);
        const bool doubles = direct || (job.x.sparse ? !plan.flushless : !plan.wide);
        sums = cut.take<double>(has_sums(job) && doubles ? cells : 0);
        bias_sums = cut.take<double>(K);
        values = cut.take<double>(groups * (job.coupled ? 1 : K));
        next_values = cut.take<double>(groups * (job.coupled ? 1 : K));
        excess = cut.take<double>(groups * K);
        unused = cut.take<double>(groups * (job.coupled ? 1 : K));
    }
};

template <class T> Plan make_plan(const Job &job, int64_t) {
    Plan plan;
    const int64_t n = job.x.n, d = job.x.d, K = job.K;
    if (job.x.sparse) {
        int64_t tile = 1;
        // Tiles of independent columns are left out one by one as they are solved.
        const int64_t widest = job.coupled ? 4 * LANES<T> : 2 * LANES<T>;
        while (tile < K && tile < widest) tile *= 2;
        // A wide sparse problem keeps the weights and sums of a tile in the last-level cache, and
        // has few lanes beyond its classes.
        while (tile > LANES<T> && (d * tile * int64_t(sizeof(T)) > (6 << 20) ||
                                   round_up(K, tile) > round_up(K, tile / 2))) {
            tile /= 2;
        }
        plan.tile = tile;
        plan.tiles = (K + tile - 1) / tile;
    } else {
        plan.tile = K <= 64 ? K : 64;
        plan.tiles = (K + plan.tile - 1) / plan.tile;
    }
    plan.wide = K > 8 && K * d > NARROW_CELLS;
    const int64_t width = row_width(job, plan);
    if (plan.wide) {
        plan.block = least(2048, WIDE_BYTES / (width * int64_t(sizeof(T))));
        plan.block = round_up(most(plan.block, 64), GROUP);
        plan.lanes = 1;
        plan.lane_rows = n;
    } else {
        const int64_t row_bytes = int64_t(sizeof(T)) * (job.x.sparse ? width : d + width);
        plan.block = least(512, most(16, BLOCK_BYTES / row_bytes / 8 * 8));
        const int64_t blocks = (n + plan.block - 1) / plan.block;
        const int64_t lane_bytes = width * d * int64_t(sizeof(T) + 8);
        plan.lanes = most(1, least(least(MOST_LANES, blocks), (int64_t(128) << 20) / lane_bytes));
        plan.lane_rows = (blocks + plan.lanes - 1) / plan.lanes * plan.block;
        plan.lanes = most(1, (n + plan.lane_rows - 1) / most(plan.lane_rows, 1));
    }
    plan.flushless = job.x.sparse && sizeof(T) == 4 &&
                     job.x.indptr[n] <= 2 * FLUSH_NONZEROS * d * plan.lanes;
    plan.block = most(1, least(plan.block, round_up(n, GROUP)));
    Cutter lane{nullptr};
    Bench<T>().lay_out(lane, job, plan);
    plan.scratch = lane.used;
    Cutter shared{nullptr};
    Packed<T>().lay_out(shared, job, plan);
    plan.shared = shared.used;
    return plan;
}

}  // namespace
}  // namespace HEADWAY_LEVEL
}  // namespace headway
