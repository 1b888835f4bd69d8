// Newton's step on sparse rows by conjugate gradients with a diagonal preconditioner.
//
// Where weights outnumber nonzeros (words, categories), a product with the Hessian is cheap and
// what costs is the vectors of the iteration.  So they are float, lie as the products want them
// (tiles of classes, features, W), and are gone through twice an iteration.
//
// Every sum over the weights runs strip by strip in order: the same bits on any number of threads.
#pragma once

#include "linear_pass.hpp"

namespace headway {
namespace HEADWAY_LEVEL {
namespace {

constexpr int64_t CG_STRIP = 128;  // features a task
constexpr int64_t CG_CHUNK = 16, CG_CELLS = 4096;  // most features and cells gone through together
constexpr double CG_SOLVED = 1e-12;  // share of a squared residual that is float rounding

struct SparseSolver {
    const Job &job;
    const CgJob &cg;
    const Plan &plan;
    Pass<float> pass;
    Bench<float> benches[MOST_LANES];
    int64_t K, d, W, tiles, width, cells, parts, strips;
    float *step, *residual, *direction, *product, *inverse;  // (tiles, d, W)
    float *step_b, *residual_b, *direction_b, *inverse_b;    // (tiles * W,): the intercepts
    double *product_b;
    double *partial;                                         // (strips, 3, width)
    double *size, *first, *length, *ratio, *lost, *decrement, *sum;  // (width,)
    float *lengths, *ratios, *moving, *real;                 // (width,): a lane for each class
    bool *finished, *idle;

    SparseSolver(const Job &j, const CgJob &c, const Plan &p, char *scratch, char *shared)
        : job(j), cg(c), plan(p), pass(j, p, shared) {
        K = job.K;
        d = job.x.d;
        W = plan.tile;
        tiles = plan.tiles;
        width = tiles * W;
        cells = tiles * d * W;
        parts = job.coupled ? 1 : width;
        strips = (d + CG_STRIP - 1) / CG_STRIP;
        for (int64_t lane = 0; lane < plan.lanes; ++lane) {
            Cutter cut{scratch + lane * plan.scratch};
            benches[lane].lay_out(cut, job, plan);
        }
        Cutter cut{scratch + plan.lanes * plan.scratch};
        lay_out(cut);
    }

    void lay_out(Cutter &cut) {
        step = cut.take<float>(cells);
        residual = cut.take<float>(cells);
        product = cut.take<float>(cells);
        inverse = cut.take<float>(cells);
        direction = pass.packed.first;
        step_b = cut.take<float>(width);
        residual_b = cut.take<float>(width);
        inverse_b = cut.take<float>(width);
        direction_b = pass.packed.bias;
        product_b = cut.take<double>(width);
        partial = cut.take<double>(strips * 3 * width);
        double **arrays[] = {&size, &first, &length, &ratio, &lost, &decrement, &sum};
        for (double **array : arrays) *array = cut.take<double>(width);
        float **lanes[] = {&lengths, &ratios, &moving, &real};
        for (float **array : lanes) *array = cut.take<float>(width);
        finished = cut.take<bool>(width);
        idle = cut.take<bool>(tiles);
        pass.idle_tiles = idle;
    }

    static int64_t bytes(const Job &job, const Plan &plan) {
        const int64_t width = plan.tiles * plan.tile, cells = width * job.x.d;
        const int64_t strips = (job.x.d + CG_STRIP - 1) / CG_STRIP;
        return 4 * round_up(cells * 4, 64) + 3 * round_up(width * 4, 64) +
               round_up(strips * 3 * width * 8, 64) + 14 * round_up(width * 8, 64);
    }

    // Calls f(feature, tile offset) for each feature of a strip.
    template <class F> void each_strip(const F &f) const {
        parallel(strips, [&](int64_t s) {
            f(s, s * CG_STRIP, least(d, (s + 1) * CG_STRIP));
        });
    }

    // partial[s][which] summed over the strips, into parts.
    void total(int64_t which, double *into) const {
        for (int64_t k = 0; k < width; ++k) into[k] = 0.0;
        for (int64_t s = 0; s < strips; ++s) {
            const double *some = partial + (s * 3 + which) * width;
            for (int64_t k = 0; k < width; ++k) into[k] += some[k];
        }
        if (!job.coupled) return;
        double all = 0.0;
        for (int64_t k = 0; k < K; ++k) all += into[k];
        into[0] = all;
    }

    // Takes the mean over the classes out, where they are coupled.
    void centre_row(float *row) const {
        if (!job.coupled) return;
        float mean = 0.0f;
        for (int64_t k = 0; k < K; ++k) mean += row[k];
        mean /= float(K);
        for (int64_t k = 0; k < K; ++k) row[k] -= mean;
    }

    // The Hessian's data term times the direction; the penalty is added where it is read.
    void multiply() const {
        if (plan.wide) {
            Bench<float> b = benches[0];
            b.gradient = product;
            b.sums = nullptr;
            pass.run_wide(b);
            for (int64_t k = 0; k < width; ++k) product_b[k] = k < K ? b.bias_sums[k] : 0.0;
            return;
        }
        parallel(plan.lanes, [&](int64_t lane) { pass.run_lane(benches[lane], lane); });
        const double share = pass.share();
        parallel((cells + 16383) / 16384, [&](int64_t task) {
            const int64_t last = least(cells, (task + 1) * 16384);
            for (int64_t i = task * 16384; i < last; ++i) {
                product[i] = float(share * pass.cell_sum(benches, i));
            }
        });
        for (int64_t k = 0; k < width; ++k) {
            product_b[k] = 0.0;
            for (int64_t lane = 0; k < K && lane < plan.lanes; ++lane) {
                product_b[k] += share * benches[lane].bias_sums[k];
            }
        }
    }

    // From rows (K, d + 1) of doubles to tiles, times a factor, and back.
    void bring_in(const double *from, float *to, float *to_b, double factor) const {
        each_strip([&](int64_t, int64_t begin, int64_t end) {
            for (int64_t t = 0; t < tiles; ++t) {
                for (int64_t i = 0; i < W; ++i) {
                    const int64_t k = t * W + i;
                    for (int64_t j = begin; j < end; ++j) {
                        to[(t * d + j) * W + i] =
                            k < K ? float(factor * from[k * (d + 1) + j]) : 0.0f;
                    }
                }
            }
        });
        for (int64_t k = 0; k < width; ++k) {
            to_b[k] = k < K ? float(factor * from[k * (d + 1) + d]) : 0.0f;
        }
    }
    void bring_out(const float *from, const float *from_b, double *to) const {
        each_strip([&](int64_t, int64_t begin, int64_t end) {
            for (int64_t k = 0; k < K; ++k) {
                const float *cells_of = from + (k / W * d) * W + k % W;
                for (int64_t j = begin; j < end; ++j) to[k * (d + 1) + j] = cells_of[j * W];
            }
        });
        for (int64_t k = 0; k < K; ++k) to[k * (d + 1) + d] = from_b[k];
    }

    // The cells of some features as vectors, tile by tile so that they are read as they lie:
    // f(feature, place in the tiles, class).  A tile is whole vectors, or it is the only one and a
    // part of a vector.
    template <class F> HEADWAY_INLINE void each_cell(int64_t from, int64_t to, const F &f) const {
        for (int64_t t = 0; t < tiles; ++t) {
            if (idle[t]) continue;
            for (int64_t j = from; j < to; ++j) {
                const int64_t at = (t * d + j) * W;
                for (int64_t i = 0; i < W; i += LANES<float>) f(j, at + i, t * W + i);
            }
        }
    }
    // Some features at a time whose cells of all classes stay in the first-level cache.
    template <class F> void each_chunk(int64_t begin, int64_t end, const F &f) const {
        const int64_t size = most(1, least(CG_CHUNK, CG_CELLS / width));
        for (int64_t j = begin; j < end; j += size) f(j, least(end, j + size));
    }
    HEADWAY_INLINE float class_mean(VecFloat total) const {
        return job.coupled ? HEADWAY_LEVEL::sum<float>(total) / float(K) : 0.0f;
    }
    HEADWAY_INLINE VecFloat get(const float *p) const {
        return W >= LANES<float> ? load<float>(p) : load_some<float>(p, W, 0.0f);
    }
    HEADWAY_INLINE void put(float *p, VecFloat v) const {
        if (W >= LANES<float>) store<float>(p, v);
        else store_some<float>(p, v, W);
    }
    HEADWAY_INLINE void put_sums(double *to, const float *from) const {
        for (int64_t k = 0; k < width; ++k) to[k] = double(from[k]);
    }

    // The step along the direction, the new residual, and the sums over r z and of what is lost.
    void update(bool starting) const {
        for (int64_t k = 0; k < K; ++k) {
            const double a = starting ? 0.0 : length[job.coupled ? 0 : k];
            lengths[k] = float(a);
            if (starting) continue;
            step_b[k] += float(a) * direction_b[k];
            residual_b[k] -= float(a * product_b[k]);
        }
        centre_row(residual_b);
        each_strip([&](int64_t s, int64_t begin, int64_t end) {
            alignas(64) float r[CG_CELLS], rz[MOST_CLASSES], unmet[MOST_CLASSES];
            VecFloat totals[CG_CHUNK];
            float means[CG_CHUNK];
            for (int64_t k = 0; k < width; ++k) rz[k] = unmet[k] = 0.0f;
            each_chunk(begin, end, [&](int64_t from, int64_t to) {
                for (int64_t j = from; j < to; ++j) totals[j - from] = VecFloat{};
                each_cell(from, to, [&](int64_t j, int64_t at, int64_t k) {
                    VecFloat now = get(residual + at);
                    if (!starting) {
                        const VecFloat a = get(lengths + k), p = get(direction + at);
                        put(step + at, get(step + at) + a * p);
                        now -= a * (get(product + at) + splat<float>(cg.penalty[j]) * p);
                    }
                    store<float>(r + (j - from) * width + k, now);
                    totals[j - from] += now;
                });
                for (int64_t j = from; j < to; ++j) means[j - from] = class_mean(totals[j - from]);
                each_cell(from, to, [&](int64_t j, int64_t at, int64_t k) {
                    const VecFloat mean = splat<float>(means[j - from]);
                    const VecFloat now =
                        get(real + k) * (load<float>(r + (j - from) * width + k) - mean);
                    put(residual + at, now);
                    // The mean of z over the classes does not count: that of r is 0.
                    store<float>(rz + k, load<float>(rz + k) + now * now * get(inverse + at));
                    const VecFloat gap = now - splat<float>(cg.means[j]) * get(residual_b + k);
                    const VecFloat cell = gap * gap * splat<float>(1.0f / cg.penalty[j]);
                    store<float>(unmet + k, load<float>(unmet + k) + cell);
                });
            });
            put_sums(partial + s * 3 * width, rz);
            put_sums(partial + (s * 3 + 1) * width, unmet);
        });
    }

    // direction <- z + ratio * direction
    void turn() const {
        float z_b[MOST_CLASSES];
        for (int64_t k = 0; k < K; ++k) z_b[k] = residual_b[k] * inverse_b[k];
        centre_row(z_b);
        for (int64_t k = 0; k < K; ++k) {
            const int64_t part = job.coupled ? 0 : k;
            ratios[k] = float(ratio[part]);
            moving[k] = finished[part] ? 0.0f : 1.0f;
            direction_b[k] = moving[k] * (z_b[k] + ratios[k] * direction_b[k]);
        }
        each_strip([&](int64_t, int64_t begin, int64_t end) {
            VecFloat totals[CG_CHUNK];
            float means[CG_CHUNK];
            each_chunk(begin, end, [&](int64_t from, int64_t to) {
                for (int64_t j = from; j < to; ++j) totals[j - from] = VecFloat{};
                if (job.coupled) {
                    each_cell(from, to, [&](int64_t j, int64_t at, int64_t) {
                        totals[j - from] += get(residual + at) * get(inverse + at);
                    });
                }
                for (int64_t j = from; j < to; ++j) means[j - from] = class_mean(totals[j - from]);
                each_cell(from, to, [&](int64_t j, int64_t at, int64_t k) {
                    const VecFloat z = get(residual + at) * get(inverse + at);
                    const VecFloat old = get(ratios + k) * get(direction + at);
                    put(direction + at, get(moving + k) * (z - splat<float>(means[j - from]) + old));
                });
            });
        });
    }

    void curvatures() const {
        each_strip([&](int64_t s, int64_t begin, int64_t end) {
            alignas(64) float sums[MOST_CLASSES];
            for (int64_t k = 0; k < width; ++k) sums[k] = 0.0f;
            each_cell(begin, end, [&](int64_t j, int64_t at, int64_t k) {
                const VecFloat p = get(direction + at);
                const VecFloat cell = p * (get(product + at) + splat<float>(cg.penalty[j]) * p);
                store<float>(sums + k, load<float>(sums + k) + cell);
            });
            put_sums(partial + s * 3 * width, sums);
        });
        total(0, sum);
        for (int64_t k = 0; k < K; ++k) {
            sum[job.coupled ? 0 : k] += double(direction_b[k]) * product_b[k];
        }
    }

    void sizes(double *into) const {
        total(0, into);
        total(1, lost);
        float z_b[MOST_CLASSES];
        for (int64_t k = 0; k < K; ++k) z_b[k] = residual_b[k] * inverse_b[k];
        centre_row(z_b);
        for (int64_t k = 0; k < K; ++k) {
            into[job.coupled ? 0 : k] += double(residual_b[k]) * double(z_b[k]);
        }
    }

    // Whether the certificate would lose too little to the residual to need more.
    bool is_certain(int64_t k) const { return 0.5 * lost[k] <= cg.lost * cg.values[k]; }

    // Tiles of which nothing is left to do are passed over.
    bool all_finished() const {
        const int64_t count = job.coupled ? 1 : K;
        bool all = true;
        for (int64_t k = 0; k < count; ++k) all = all && finished[k];
        for (int64_t t = 0; t < tiles && !job.coupled; ++t) {
            idle[t] = true;
            for (int64_t k = t * W; k < (t + 1) * W; ++k) idle[t] = idle[t] && finished[k];
        }
        return all;
    }

    // Returns the number of products; `step_out` is (K, d + 1).
    int64_t run() const {
        const int64_t count = job.coupled ? 1 : K;
        bring_in(cg.gradient, residual, residual_b, -1.0);
        bring_in(cg.diagonal, inverse, inverse_b, 1.0);
        parallel((cells + 16383) / 16384, [&](int64_t task) {
            const int64_t last = least(cells, (task + 1) * 16384);
            for (int64_t i = task * 16384; i < last; ++i) {
                inverse[i] = inverse[i] > 0.0f ? 1.0f / inverse[i] : 0.0f;
                step[i] = direction[i] = 0.0f;
            }
        });
        for (int64_t k = 0; k < width; ++k) {
            inverse_b[k] = inverse_b[k] > 0.0f ? 1.0f / inverse_b[k] : 0.0f;
            step_b[k] = direction_b[k] = 0.0f;
            ratio[k] = decrement[k] = length[k] = 0.0;
            finished[k] = k >= count;
            lengths[k] = ratios[k] = moving[k] = 0.0f;
            real[k] = k < K ? 1.0f : 0.0f;
        }
        for (int64_t t = 0; t < tiles; ++t) idle[t] = false;
        update(true);
        sizes(size);
        for (int64_t k = 0; k < count; ++k) {
            first[k] = size[k];
            finished[k] = is_certain(k);  // as it is
        }
        int64_t iteration = 0;
        while (!all_finished() && iteration < cg.most && cg.keep_going()) {
            turn();
            ++iteration;
            multiply();
            curvatures();
            for (int64_t k = 0; k < count; ++k) {
                const bool moves = !finished[k] && sum[k] > 0.0 && size[k] > CG_SOLVED * first[k];
                length[k] = moves ? size[k] / sum[k] : 0.0;
                finished[k] = !moves;
                decrement[k] += 0.5 * length[k] * size[k];
            }
            update(false);
            sizes(sum);
            for (int64_t k = 0; k < count; ++k) {
                const bool near = decrement[k] <= cg.near * cg.values[k];
                const double forcing = near ? cg.forcing : cg.loose;
                const bool solved = sum[k] <= forcing * forcing * first[k] &&
                                    (!near || is_certain(k));
                finished[k] = finished[k] || solved;
                ratio[k] = finished[k] || size[k] <= 0.0 ? 0.0 : sum[k] / size[k];
                size[k] = sum[k];
            }
        }
        bring_out(step, step_b, cg.step);
        return iteration;
    }
};

inline int64_t cg_bytes(const Job &job, const Plan &plan) {
    return plan.lanes * plan.scratch + SparseSolver::bytes(job, plan);
}
inline int64_t run_cg(const Job &job, const CgJob &cg, const Plan &plan, char *scratch,
                      char *shared) {
    return SparseSolver(job, cg, plan, scratch, shared).run();
}

}  // namespace
}  // namespace HEADWAY_LEVEL
}  // namespace headway
