// Logits of a chunk of rows and their softmax, one tile of classes at a time.
//
//     Z[k, i] = sum_j W[k, j] X[i, j] + bias[k]        i: rows of the chunk
//
// Logits are kept with the classes down and the rows across: a vector holds one class of LANES
// rows, so that nothing is ever summed across lanes, and the weights are read where they lie.
// Each tile of classes knows its own largest logit of every row; the tiles are brought to the
// largest of the whole row afterwards (the online softmax of Milakov & Gimelshein 2018).
//
// The trap: once the largest logit dominates, the sum of the exponentials rounds to 1 and its
// logarithm to 0.  So the ones (where a logit is the largest) are counted apart from the rest.
#pragma once

#include "gemm.hpp"
#include "many_classes_table.hpp"
#include "math.hpp"

namespace headway {
namespace HEADWAY_LEVEL {

// How the work is cut, by the shapes alone.
struct Cut {
    int64_t rows;     // of a chunk
    int64_t columns;  // the same, padded: of Z
    int64_t classes;  // of a tile
    int64_t tiles;
    int64_t slices;   // runs of tiles, each a task, with a gradient by the features of its own
};

// The logits of a chunk may take as much memory as the weights, within these bounds.  Each chunk
// reads the weights twice and adds to their gradient: a fourth of the rows costs a tenth of the
// speed.
constexpr int64_t LEAST_LOGITS_BYTES = int64_t(1) << 25;
constexpr int64_t MOST_LOGITS_BYTES = int64_t(1) << 27;
constexpr int64_t SLICES_BYTES = int64_t(1) << 23;
constexpr int64_t TILE_BYTES = int64_t(1) << 18;    // of weights: a share of the second-level cache
constexpr int64_t MOST_ROWS = 256;
constexpr int64_t MOST_CLASSES = 240;
constexpr int64_t MOST_SLICES = 64;

inline int64_t between(int64_t low, int64_t value, int64_t high) {
    return value < low ? low : value > high ? high : value;
}
// Of something that is at least 1, rounded down to a multiple.
inline int64_t multiple_in(int64_t whole, int64_t part, int64_t of) {
    return whole / (part < 1 ? 1 : part) / of * of;
}

template <class T> Cut cut_of(const ManyClassesJob<T> &job) {
    Cut cut;
    constexpr int64_t SIZE = sizeof(T), WIDTH = TILE_COLUMNS<T>;
    const int64_t room = between(LEAST_LOGITS_BYTES, SIZE * job.K * job.d, MOST_LOGITS_BYTES);
    cut.rows = between(WIDTH, multiple_in(room, SIZE * job.K, WIDTH), MOST_ROWS);
    if (cut.rows > job.n) cut.rows = job.n;
    cut.columns = (cut.rows + WIDTH - 1) / WIDTH * WIDTH;
    // Fewer classes in a tile where there would be few tiles to share out.
    const int64_t fit = between(48, multiple_in(TILE_BYTES, SIZE * job.d, 12), MOST_CLASSES);
    cut.classes = between(24, (job.K / 32 + 11) / 12 * 12, fit);
    cut.tiles = (job.K + cut.classes - 1) / cut.classes;
    cut.slices = cut.tiles < MOST_SLICES ? cut.tiles : MOST_SLICES;
    if (job.features_gradient) {
        const int64_t most = multiple_in(SLICES_BYTES, SIZE * cut.rows * job.d, 1);
        cut.slices = between(1, between(8, most, MOST_SLICES), cut.slices);
    }
    return cut;
}

// What is known of one tile's share in each row of the chunk.
template <class T> struct TileSums {
    T *top;         // the largest logit
    T *ties;        // how many are as large
    double *rest;   // sum of exp(z - top) over the others
    T *possible;    // how many are above -inf    (with smoothing only)
    double *shift;  // sum of z - top over those  (with smoothing only)
};

// The rows of a chunk as panels [feature][row of the panel], padded with rows of zeros.
template <class T>
void pack_rows(const T *X, int64_t ldx, int64_t rows, int64_t columns, int64_t d, T *packed) {
    for (int64_t i = 0; i < columns; ++i) {
        T *panel_column = packed + i / TILE_COLUMNS<T> * TILE_COLUMNS<T> * d + i % TILE_COLUMNS<T>;
        for (int64_t j = 0; j < d; ++j) {
            panel_column[j * TILE_COLUMNS<T>] = i < rows ? X[i * ldx + j] : T(0);
        }
    }
}

template <class T>
void tile_logits(const T *W, int64_t ldw, int64_t classes, const T *packed, int64_t columns,
                 int64_t d, T *Z, Ahead *ahead = nullptr) {
    for (int64_t j = 0; j == 0 || j < d; j += GEMM_DEPTH) {
        const int64_t depth = d - j < GEMM_DEPTH ? d - j : GEMM_DEPTH;
        for (int64_t i = 0; i < columns; i += TILE_COLUMNS<T>) {
            panel<T, TILE_VECTORS, Rows::along>(W + j, ldw, classes, depth,
                                                packed + i * d + j * TILE_COLUMNS<T>,
                                                TILE_COLUMNS<T>, Z + i, columns, TILE_COLUMNS<T>,
                                                j > 0, ahead);
        }
    }
}

HEADWAY_INLINE void add_wide(double *to, VecFloat v) {
    VecDouble low, high;
    widen(v, low, high);
    store<double>(to, load<double>(to) + low);
    store<double>(to + LANES<double>, load<double>(to + LANES<double>) + high);
}
HEADWAY_INLINE void add_wide(double *to, VecDouble v) {
    store<double>(to, load<double>(to) + v);
}

// Z becomes exp(z - top).  With SMOOTH, an impossible class is marked by -0.
template <class T, bool SMOOTH>
void tile_exponentials(T *Z, int64_t columns, int64_t classes, const T *bias,
                       const TileSums<T> &sums) {
    constexpr int64_t FLUSH = 16;  // terms in one sum of T
    const Vec<T> infinite = splat<T>(T(__builtin_inf()));
    const Vec<T> one = splat<T>(T(1)), none = splat<T>(T(0));
    for (int64_t i = 0; i < columns; i += LANES<T>) {
        T *z = Z + i;
        Vec<T> top = -infinite;
        for (int64_t k = 0; k < classes; ++k) {
            Vec<T> logit = load<T>(z + k * columns);
            if (bias) {
                logit += splat<T>(bias[k]);
                store<T>(z + k * columns, logit);
            }
            top = larger<T>(logit, top);
        }
        Vec<T> ties = none, possible = none;
        double rest[LANES<T>] = {}, shifts[LANES<T>] = {};
        for (int64_t first = 0; first < classes; first += FLUSH) {
            const int64_t last = first + FLUSH < classes ? first + FLUSH : classes;
            Vec<T> some = none, some_shifts = none;
            for (int64_t k = first; k < last; ++k) {
                const Vec<T> logit = load<T>(z + k * columns);
                const Int<T> at_top = logit == top;
                // At an infinite top, its limit.
                const Vec<T> shift = choose<T>(at_top, none, logit - top);
                Vec<T> e = exp_negative<T>(shift);
                ties += choose<T>(at_top, one, none);
                some += choose<T>(at_top, none, e);
                if (SMOOTH) {
                    const Int<T> impossible = logit == -infinite;
                    possible += choose<T>(impossible, none, one);
                    some_shifts += choose<T>(impossible, none, shift);
                    e = choose<T>(impossible, -none, e);
                }
                store<T>(z + k * columns, e);
            }
            add_wide(rest, some);
            if (SMOOTH) add_wide(shifts, some_shifts);
        }
        store<T>(sums.top + i, top);
        store<T>(sums.ties + i, ties);
        std::memcpy(sums.rest + i, rest, sizeof rest);
        if (SMOOTH) {
            store<T>(sums.possible + i, possible);
            std::memcpy(sums.shift + i, shifts, sizeof shifts);
        }
    }
}

// From exponentials to the gradient by the logits, but for the labels' share.
template <class T, bool SMOOTH>
void tile_residuals(T *Z, int64_t columns, int64_t classes, const T *scale, const T *share) {
    const Vec<T> none = splat<T>(T(0));
    for (int64_t k = 0; k < classes; ++k) {
        T *z = Z + k * columns;
        for (int64_t i = 0; i < columns; i += LANES<T>) {
            const Vec<T> e = load<T>(z + i), by = load<T>(scale + i);
            // A row of weight 0 adds nothing, whatever its logits.
            Vec<T> p = choose<T>(by == none, none, e * by);
            if (SMOOTH) {
                const Int<T> marked = float_to_bits<T>(e) == float_to_bits<T>(-none);
                p = choose<T>(marked, none, p - load<T>(share + i));
            }
            store<T>(z + i, p);
        }
    }
}

}  // namespace HEADWAY_LEVEL
}  // namespace headway
