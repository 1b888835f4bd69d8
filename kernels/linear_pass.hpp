// The fused pass over a linear problem: what linear_job.hpp describes, block by block.
#pragma once

#include "linear_few.hpp"
#include "linear_plan.hpp"
#include "linear_sparse.hpp"
#include "pool.hpp"

namespace headway {
namespace HEADWAY_LEVEL {
namespace {

// -- the pass --------------------------------------------------------------------------------

template <class T> struct Pass {
    const Job &job;
    const Plan &plan;
    Packed<T> packed;
    int64_t K, d, width;
    SparseRows<T> forward_rows = nullptr, backward_rows = nullptr;
    const bool *idle_tiles = nullptr;  // sparse tiles whose weights are all zero

    Pass(const Job &j, const Plan &p, char *shared) : job(j), plan(p) {
        K = job.K;
        d = job.x.d;
        width = row_width(job, plan);
        Cutter cut{shared};
        packed.lay_out(cut, job, plan);
        if (job.x.sparse) {
            forward_rows = pick_sparse<T>(job.x, plan.tile, Way::forward);
            backward_rows = pick_sparse<T>(
                job.x, plan.tile, job.op == Op::diagonal ? Way::squared : Way::backward);
        }
    }

    // One sigmoid on few features: rows side by side in a vector.
    bool goes_by_features(int64_t stride) const {
        return is_one_sigmoid<T>(job, width) && !job.x.sparse && d <= FEW_FEATURES &&
               stride < (int64_t(1) << 24) &&
               (job.op == Op::gradient || (job.op == Op::product && job.probs != nullptr));
    }
    // Likewise the certificate of float features, in double and without a copy of them.
    bool certificate_by_features(const Bench<T> &b, int64_t row, int64_t rows) const {
        const bool dual = job.op == Op::dual;
        if (!VECTOR_CERTIFICATE || sizeof(T) != 8 || !(dual || job.op == Op::moments) || !is_one_sigmoid<T>(job, width) ||
            job.x.sparse || d > FEW_FEATURES || !in_place<float>(job.x) || job.probs == nullptr) {
            return false;
        }
        int64_t stride = 0;
        const float *x = dense_block<float>(job.x, row, rows, nullptr, stride);
        if (dual) {
            few_features_dual(job, row, rows, x, stride, b.values, b.next_values, b.excess);
        } else {
            few_features_moments(job, row, rows, x, stride, b.sums, b.bias_sums, b.values);
        }
        return true;
    }
    bool idle(int64_t tile) const { return idle_tiles != nullptr && idle_tiles[tile]; }
    void clear(T *z, int64_t rows) const {
        for (int64_t i = 0; i < rows; ++i) {
            for (int64_t k = 0; k < plan.tile; ++k) z[i * width + k] = T(0);
        }
    }

    void pack(const double *weights, T *to, T *bias, T *rows) const {
        for (int64_t k = 0; k < K; ++k) bias[k] = T(weights[k * (d + 1) + d]);
        if (job.x.sparse) {
            // A strip of features at a time: read along the rows of weights, written to a place
            // in the first-level cache.
            const int64_t W = plan.tile, strips = (d + PACK_STRIP - 1) / PACK_STRIP;
            parallel(plan.tiles * strips, [&](int64_t task) {
                const int64_t tile = task / strips, first = task % strips * PACK_STRIP;
                const int64_t last = least(d, first + PACK_STRIP);
                T *out = to + tile * d * W;
                for (int64_t i = 0; i < W; ++i) {
                    const int64_t k = tile * W + i;
                    const double *in = weights + k * (d + 1);
                    for (int64_t j = first; j < last; ++j) out[j * W + i] = k < K ? T(in[j]) : T(0);
                }
            });
            return;
        }
        const T *from = (const T *)weights;
        if (sizeof(T) == 4) {
            parallel((K + 15) / 16, [&](int64_t task) {
                for (int64_t k = task * 16; k < least(K, task * 16 + 16); ++k) {
                    for (int64_t j = 0; j < d; ++j) rows[k * d + j] = T(weights[k * (d + 1) + j]);
                }
            });
            from = rows;
        }
        const int64_t stride = sizeof(T) == 4 ? d : d + 1;
        if (!plan.wide) {
            pack_weights<T>(from, stride, K, d, to);
            return;
        }
        parallel(plan.tiles, [&](int64_t t) {
            const int64_t k = t * plan.tile;
            pack_weights<T>(from + k * stride, stride, least(plan.tile, K - k), d,
                            to + t * packed_size<T>(plan.tile, d));
        });
    }

    void certificate_row(const Bench<T> &b, int64_t row, double *z, double *dz, double *scratch,
                         double *values, double *next_values, int64_t group) const {
        const bool kept = job.op == Op::moments && job.probs != nullptr;
        double *q = kept ? scratch + 2 * K : dz;
        if (kept) {
            load_probs<double>(job.probs + row * K, q, K);
        } else {
            double *excess = b.excess + group * K;
            double *unused = b.unused + group * (job.coupled ? 1 : K);
            double *at = job.op == Op::dual ? values : unused;
            add_bias<double>(z, (const double *)packed.bias, K);
            add_bias<double>(dz, (const double *)packed.second_bias, K);
            if (job.coupled) dual_softmax(job, row, z, dz, scratch, at, next_values, excess);
            else dual_sigmoid(job, row, z, dz, scratch, at, next_values, excess);
        }
        if (job.op == Op::moments) moments_row(job, row, q, z, scratch, values);
        else if (job.probs != nullptr) store_probs<double>(q, job.probs + row * K, K);
    }

    // Logits of one row become what the op makes of them.
    void do_row(const Bench<T> &b, int64_t row, T *z, T *dz, T *scratch, int64_t group) const {
        double *values = b.values + group * (job.coupled ? 1 : K);
        double *next_values = b.next_values + group * (job.coupled ? 1 : K);
        if constexpr (sizeof(T) == 8) {
            if (job.op == Op::moments || job.op == Op::dual) {
                certificate_row(b, row, z, dz, scratch, values, next_values, group);
                return;
            }
        }
        if (job.op == Op::diagonal) {
            load_probs<T>(job.probs + row * K, z, K);
            for (int64_t k = 0; k < K; ++k) scratch[2 * K + k] = T(1) - z[k];
            weigh<T>(job, row, z, scratch + 2 * K, scratch);
            return;
        }
        add_bias<T>(z, packed.bias, K);
        if (job.op == Op::gradient) {
            if (job.coupled) gradient_softmax<T>(job, row, z, scratch, values);
            else gradient_sigmoid<T>(job, row, z, scratch, values);
            return;
        }
        // product: z is V x; the probs are kept ones, or made again from W x.
        T *p = scratch + 2 * K;
        if (job.probs != nullptr) {
            load_probs<T>(job.probs + row * K, p, K);
        } else {
            add_bias<T>(dz, packed.second_bias, K);
            p = dz;
            if (job.coupled) {
                softmax_row<T>(p, K, row_top<T>(p, K));
            } else {
                HEADWAY_EACH_VECTOR(T, K) {
                    Vec<T> probs, unused;
                    sigmoid_vector<T>(load_some<T>(p + k, count, T(0)), probs, unused);
                    store_some<T>(p + k, probs, count);
                }
            }
        }
        if (job.coupled) jacobian_softmax<T>(p, z, K, T(row_weight(job, row)));
        else jacobian_sigmoid<T>(job, row, p, z, scratch);
    }

    // All rows of a block, or of a group of one.
    void do_rows(const Bench<T> &b, int64_t row, int64_t rows, T *z, T *dz, T *scratch,
                 int64_t group) const {
        double *values = b.values + group * (job.coupled ? 1 : K);
        const bool product = job.op == Op::product && job.probs != nullptr;
        if constexpr (sizeof(T) == 8) {
            if (VECTOR_CERTIFICATE && is_one_sigmoid<T>(job, width) && job.probs != nullptr) {
                if (job.op == Op::dual) {
                    one_sigmoid_dual(job, row, rows, z, dz, packed.bias[0], packed.second_bias[0],
                                     values, b.next_values + group, b.excess + group);
                    return;
                }
                if (job.op == Op::moments) {
                    one_sigmoid_moments(job, row, rows, z, values);
                    return;
                }
            }
        }
        if (is_short_softmax<T>(job) && job.op == Op::gradient) {
            short_gradients<T>(job, row, rows, z, width, packed.bias, values);
        } else if (is_short_softmax<T>(job) && product) {
            short_products<T>(job, row, rows, z, width, packed.bias);
        } else if (is_one_sigmoid<T>(job, width) && job.op == Op::gradient) {
            one_sigmoid_gradients<T>(job, row, rows, z, packed.bias[0], values);
        } else if (is_one_sigmoid<T>(job, width) && product) {
            one_sigmoid_products<T>(job, row, rows, z, packed.bias[0]);
        } else {
            for (int64_t i = 0; i < rows; ++i) {
                do_row(b, row + i, z + i * width, dz + i * width, scratch, group);
            }
        }
    }

    // -- narrow: lanes of rows -------------------------------------------------------------

    void run_lane(const Bench<T> &b, int64_t lane) const {
        const bool sums = has_sums(job), sparse = job.x.sparse;
        const bool direct = sizeof(T) == 8 || plan.flushless;
        const int64_t cells = sparse ? plan.tiles * d * plan.tile : K * d;
        const int64_t value_count = job.coupled ? 1 : K;
        T *gradient = sizeof(T) == 8 ? (T *)b.sums : b.gradient;
        if (sums) {
            for (int64_t i = 0; i < cells; ++i) gradient[i] = T(0);
            if (!direct) {
                for (int64_t i = 0; i < cells; ++i) b.sums[i] = 0.0;
            }
            for (int64_t k = 0; k < K; ++k) b.bias_sums[k] = 0.0;
        }
        for (int64_t k = 0; k < value_count; ++k) b.values[k] = b.next_values[k] = 0.0;
        for (int64_t k = 0; k < K; ++k) b.excess[k] = 0.0;
        if (width > K) {
            for (int64_t i = 0; i < plan.block * width; ++i) b.z[i] = T(0);
        }
        const int64_t begin = lane * plan.lane_rows, end = least(job.x.n, begin + plan.lane_rows);
        int64_t unflushed = 0;
        const int64_t step = plan.block * job.every;
        for (int64_t row = begin; row < end; row += step) {
            const int64_t rows = least(plan.block, end - row);
            if (certificate_by_features(b, row, rows)) continue;
            int64_t stride = 0;
            const T *x = sparse ? nullptr : dense_block<T>(job.x, row, rows, b.x, stride);
            const bool fused = goes_by_features(stride);
            if (fused) {
                few_features<T>(job, row, rows, x, stride, packed.first, packed.bias[0], gradient,
                                b.bias_sums, b.values);
            } else {
                forward(b, x, stride, row, rows);
                do_rows(b, row, rows, b.z, b.dz, b.row, 0);
            }
            for (int64_t i = 0; sums && !fused && i < rows; ++i) {
                T *z = b.z + i * width;
                for (int64_t k = 0; k < K; ++k) b.bias_sums[k] += double(z[k]);
                // A tile's classes beyond K must not reach the sums.
                for (int64_t k = K; k < width; ++k) z[k] = T(0);
            }
            if (!sums) continue;
            if (sparse) {
                for (int64_t t = 0; t < plan.tiles; ++t) {
                    if (idle(t)) continue;
                    backward_rows(job.x, row, rows, b.z + t * plan.tile,
                                  gradient + t * d * plan.tile, width);
                }
                unflushed += job.x.indptr[row + rows] - job.x.indptr[row];
            } else {
                if (!fused) multiply_backward<T>(b.z, width, rows, K, x, stride, d, gradient, d);
                unflushed += rows;
            }
            const int64_t limit = sparse ? most(FLUSH_NONZEROS * d, 1) : FLUSH_ROWS;
            if (!direct && (unflushed >= limit || row + step >= end)) {
                for (int64_t i = 0; i < cells; ++i) {
                    b.sums[i] += double(gradient[i]);
                    gradient[i] = T(0);
                }
                unflushed = 0;
            }
        }
    }

    void forward(const Bench<T> &b, const T *x, int64_t stride, int64_t row, int64_t rows) const {
        if (!has_forward(job)) return;
        for (int part = 0; part < (has_second(job) ? 2 : 1); ++part) {
            const T *weights = part == 0 ? packed.first : packed.second;
            T *z = part == 0 ? b.z : b.dz;
            if (job.x.sparse) {
                for (int64_t t = 0; t < plan.tiles; ++t) {
                    if (idle(t)) {
                        clear(z + t * plan.tile, rows);
                        continue;
                    }
                    forward_rows(job.x, row, rows, weights + t * d * plan.tile, z + t * plan.tile,
                                 width);
                }
            } else {
                multiply_forward<T>(x, stride, rows, d, weights, K, z, width);
            }
        }
    }

    // -- wide: classes split among the threads ---------------------------------------------

    // Where `b.sums` is null, the sums stay in b.gradient.
    void run_wide(const Bench<T> &b) const {
        const bool sums = has_sums(job), sparse = job.x.sparse;
        const bool direct = sizeof(T) == 8 || plan.flushless || (sparse && b.sums == nullptr);
        const int64_t groups_most = (plan.block + GROUP - 1) / GROUP;
        const int64_t value_count = job.coupled ? 1 : K;
        const int64_t cells = sparse ? plan.tiles * d * plan.tile : K * d;
        T *gradient = sizeof(T) == 8 ? (T *)b.sums : b.gradient;
        if (sums) {
            parallel((cells + 65535) / 65536, [&](int64_t task) {
                const int64_t to = least(cells, (task + 1) * 65536);
                for (int64_t i = task * 65536; i < to; ++i) gradient[i] = T(0);
                if (sparse && !direct) {
                    for (int64_t i = task * 65536; i < to; ++i) b.sums[i] = 0.0;
                }
            });
            for (int64_t i = 0; !sparse && i < K * (d + 1); ++i) job.sums[i] = 0.0;
            for (int64_t k = 0; k < K; ++k) b.bias_sums[k] = 0.0;
        }
        for (int64_t i = 0; i < groups_most * value_count; ++i) b.values[i] = b.next_values[i] = 0.0;
        for (int64_t i = 0; i < groups_most * K; ++i) b.excess[i] = 0.0;
        if (width > K) {
            for (int64_t i = 0; i < plan.block * width; ++i) b.z[i] = T(0);
        }
        int64_t unflushed = 0;
        for (int64_t row = 0; row < job.x.n; row += plan.block) {
            const int64_t rows = least(plan.block, job.x.n - row);
            const int64_t groups = (rows + GROUP - 1) / GROUP;
            int64_t stride = d;
            const T *x = b.x;
            if (!sparse && in_place<T>(job.x)) {
                x = dense_block<T>(job.x, row, rows, b.x, stride);
            } else if (!sparse) {
                parallel(groups, [&](int64_t g) {
                    const int64_t first = g * GROUP, count = least(GROUP, rows - first);
                    int64_t unused = 0;
                    dense_block<T>(job.x, row + first, count, b.x + first * d, unused);
                });
            }
            if (has_forward(job)) forward_wide(b, x, stride, row, rows);
            parallel(groups, [&](int64_t g) {
                const int64_t first = g * GROUP, last = least(rows, first + GROUP);
                do_rows(b, row + first, last - first, b.z + first * width, b.dz + first * width,
                        b.row + g * 4 * K, g);
                for (int64_t i = first; sums && i < last; ++i) {
                    for (int64_t k = K; k < width; ++k) b.z[i * width + k] = T(0);
                }
            });
            if (!sums) continue;
            backward_wide(b, x, stride, row, rows, gradient);
            unflushed += sparse ? job.x.indptr[row + rows] - job.x.indptr[row] : rows;
            const int64_t limit = sparse ? FLUSH_NONZEROS * d : FLUSH_ROWS;
            if (!direct && (unflushed >= limit || row + rows >= job.x.n)) {
                flush_wide(b, gradient, cells);
                unflushed = 0;
            }
        }
        for (int64_t g = 1; g < groups_most; ++g) {
            for (int64_t k = 0; k < value_count; ++k) {
                b.values[k] += b.values[g * value_count + k];
                b.next_values[k] += b.next_values[g * value_count + k];
            }
            if (job.op != Op::dual) continue;
            for (int64_t k = 0; k < K; ++k) b.excess[k] += b.excess[g * K + k];
        }
    }

    void forward_wide(const Bench<T> &b, const T *x, int64_t stride, int64_t row,
                      int64_t rows) const {
        constexpr int64_t STRIP = 4 * GROUP;
        const int64_t strips = (rows + STRIP - 1) / STRIP;
        const int64_t parts = has_second(job) ? 2 : 1;
        const int64_t tile_size = job.x.sparse ? d * plan.tile : packed_size<T>(plan.tile, d);
        parallel(parts * plan.tiles * strips, [&](int64_t task) {
            const int64_t part = task / (plan.tiles * strips), t = task / strips % plan.tiles;
            const int64_t first = task % strips * STRIP, count = least(STRIP, rows - first);
            const int64_t k = t * plan.tile;
            const T *weights = part == 0 ? packed.first : packed.second;
            T *z = (part == 0 ? b.z : b.dz) + first * width + k;
            if (idle(t)) {
                clear(z, count);
            } else if (job.x.sparse) {
                forward_rows(job.x, row + first, count, weights + t * tile_size, z, width);
            } else {
                multiply_forward<T>(x + first * stride, stride, count, d, weights + t * tile_size,
                                    least(plan.tile, K - k), z, width);
            }
        });
    }

    void backward_wide(const Bench<T> &b, const T *x, int64_t stride, int64_t row, int64_t rows,
                       T *gradient) const {
        const int64_t panels = job.x.sparse ? 1 : (d + PANEL - 1) / PANEL;
        parallel(plan.tiles * panels, [&](int64_t task) {
            const int64_t t = task / panels, j = task % panels * PANEL, k = t * plan.tile;
            const int64_t classes = least(plan.tile, K - k);
            if (idle(t)) return;
            if (j == 0) {
                for (int64_t i = 0; i < rows; ++i) {
                    const T *z = b.z + i * width + k;
                    for (int64_t c = 0; c < classes; ++c) b.bias_sums[k + c] += double(z[c]);
                }
            }
            if (job.x.sparse) {
                backward_rows(job.x, row, rows, b.z + k, gradient + t * d * plan.tile, width);
            } else {
                multiply_backward<T>(b.z + k, width, rows, classes, x + j, stride,
                                     least(PANEL, d - j), gradient + k * d + j, d);
            }
        });
    }

    void flush_wide(const Bench<T> &b, T *gradient, int64_t cells) const {
        if (job.x.sparse) {
            parallel((cells + 65535) / 65536, [&](int64_t task) {
                const int64_t to = least(cells, (task + 1) * 65536);
                for (int64_t i = task * 65536; i < to; ++i) {
                    b.sums[i] += double(gradient[i]);
                    gradient[i] = T(0);
                }
            });
            return;
        }
        parallel(K, [&](int64_t k) {
            for (int64_t j = 0; j < d; ++j) {
                job.sums[k * (d + 1) + j] += double(gradient[k * d + j]);
                gradient[k * d + j] = T(0);
            }
        });
    }

    // How many rows each of those read stands for.
    double share() const {
        int64_t seen = 0;
        for (int64_t lane = 0; job.every > 1 && lane < plan.lanes; ++lane) {
            const int64_t begin = lane * plan.lane_rows;
            const int64_t end = least(job.x.n, begin + plan.lane_rows);
            for (int64_t row = begin; row < end; row += plan.block * job.every) {
                seen += least(plan.block, end - row);
            }
        }
        return seen ? double(job.x.n) / double(seen) : 1.0;
    }

    // The sum over the lanes, in order, of one cell.
    HEADWAY_INLINE double cell_sum(const Bench<T> *benches, int64_t at) const {
        double total = 0.0;
        for (int64_t lane = 0; lane < plan.lanes; ++lane) {
            total += plan.flushless ? double(benches[lane].gradient[at]) : benches[lane].sums[at];
        }
        return total;
    }

    // Add up the lanes into the rows of the result.
    void collect(const Bench<T> *benches) const {
        const double scale = share();
        constexpr int64_t STRIP = PACK_STRIP;
        const int64_t W = job.x.sparse ? plan.tile : 1, tiles = job.x.sparse ? plan.tiles : K;
        const int64_t strips = (d + STRIP - 1) / STRIP;
        // Where wide dense sums are float, they have gone to the result already.
        const bool there = plan.wide && !job.x.sparse && sizeof(T) == 4;
        const double *at = job.op == Op::product ? job.direction : job.weights;
        parallel(there && job.penalty == nullptr ? 0 : (tiles * strips + 31) / 32, [&](int64_t task) {
            for (int64_t s = task * 32; s < least(tiles * strips, task * 32 + 32); ++s) {
                const int64_t tile = s / strips, first = s % strips * STRIP;
                const int64_t last = least(d, first + STRIP);
                for (int64_t i = 0; i < least(W, K - tile * W); ++i) {
                    const int64_t k = tile * W + i;
                    double *out = job.sums + k * (d + 1);
                    for (int64_t j = first; !there && j < last; ++j) {
                        out[j] = scale * cell_sum(benches, (tile * d + j) * W + i);
                    }
                    for (int64_t j = first; job.penalty != nullptr && j < last; ++j) {
                        out[j] += job.penalty[j] * at[k * (d + 1) + j];
                    }
                }
            }
        });
        for (int64_t k = 0; k < K; ++k) {
            double total = 0.0;
            for (int64_t lane = 0; lane < plan.lanes; ++lane) total += benches[lane].bias_sums[k];
            const double pull = job.penalty != nullptr ? job.penalty[d] * at[k * (d + 1) + d] : 0.0;
            job.sums[k * (d + 1) + d] = scale * total + pull;
        }
    }

    // -- both ------------------------------------------------------------------------------

    void run(char *scratch) const {
        const int64_t value_count = job.coupled ? 1 : K;
        Bench<T> benches[MOST_LANES];
        for (int64_t lane = 0; lane < plan.lanes; ++lane) {
            Cutter cut{scratch + lane * plan.scratch};
            benches[lane].lay_out(cut, job, plan);
        }
        if (has_forward(job)) {
            // The gradient's place is free until the rows begin: packing goes through it.
            T *rows = benches[0].gradient;
            pack(job.op == Op::product ? job.direction : job.weights, packed.first, packed.bias,
                 rows);
            if (has_second(job)) {
                pack(job.op == Op::product ? job.weights : job.direction, packed.second,
                     packed.second_bias, rows);
            }
        }
        if (plan.wide) run_wide(benches[0]);
        else parallel(plan.lanes, [&](int64_t lane) { run_lane(benches[lane], lane); });

        if (has_sums(job)) collect(benches);
        for (int64_t k = 0; k < value_count; ++k) {
            double value = 0.0, next = 0.0;
            for (int64_t lane = 0; lane < plan.lanes; ++lane) {
                value += benches[lane].values[k];
                next += benches[lane].next_values[k];
            }
            if (job.values != nullptr) job.values[k] = value;
            if (job.next_values != nullptr) job.next_values[k] = next;
        }
        if (job.op != Op::dual) return;
        for (int64_t k = 0; k < K; ++k) {
            double total = 0.0;
            for (int64_t lane = 0; lane < plan.lanes; ++lane) total += benches[lane].excess[k];
            job.excess[k] = total;
        }
    }
};

}  // namespace
}  // namespace HEADWAY_LEVEL
}  // namespace headway
