// Newton's method with the exact Hessian on problems so small that a call costs more than a step.
//
//     repeat   H s = -g,   w <- w + s, halved until the objective falls
//     until    -<g, s> / 2 <= settled * objective
//
// In double throughout, on a dense copy of the rows.  A softmax is one part of K (d + 1) weights;
// independent sigmoids are parts of d + 1.  The Hessian of a softmax is singular along a shift
// that all classes share; |1><1| on the classes fills that null space and changes nothing else.
#include "factor.hpp"
#include "linear_features.hpp"
#include "linear_rows.hpp"
#include "newton_table.hpp"

namespace headway {
namespace HEADWAY_LEVEL {
namespace {

constexpr double ENOUGH = 0.2;   // share of its promise that a step must keep
constexpr double NOISE = 1e-13;  // relative, of an objective
constexpr double FLOOR = 7e-15;  // of a pivot of unit diagonal
constexpr int HALVINGS = 30;
constexpr int64_t GROUP = 128;   // rows of a task

inline int64_t aligned(int64_t doubles) { return (doubles + 7) / 8 * 8; }

// One part and the memory that it works in.
struct Part {
    const Job &job;
    const double *rows;  // (n, w), ones in the last column
    int64_t column;      // of a sigmoid, or 0
    int64_t n, w, C, P;  // rows, d + 1, classes, weights
    double *logits, *slopes, *cells, *lanes, *sums, *packed, *hessian, *scales, *strip, *sides;
    double *gradient, *step, *there;

    static int64_t classes(const Job &job) { return job.coupled ? job.K : 1; }
    // Of each thread: targets of a row, a matrix of one pair of classes and its weights.
    static int64_t lane_doubles(const Job &job) {
        const int64_t w = job.x.d + 1;
        return aligned(2 * job.K) + aligned(w * w) + aligned(job.x.n);
    }
    static int64_t doubles(const Job &job) {
        const int64_t n = job.x.n, w = job.x.d + 1, C = classes(job), P = C * w;
        return aligned(n * C) * 2 + aligned(n) + threads() * lane_doubles(job) +
               aligned(pieces(n, GROUP)) + aligned(packed_size<double>(C, w)) + aligned(P * P) +
               aligned(FACTOR_STRIP * P) + 5 * aligned(P);
    }
    Part(const Job &j, const double *x, double *scratch) : job(j), rows(x), column(0) {
        n = job.x.n;
        w = job.x.d + 1;
        C = classes(job);
        P = C * w;
        double *at = scratch;
        const auto take = [&](int64_t count) {
            double *piece = at;
            at += aligned(count);
            return piece;
        };
        logits = take(n * C);
        slopes = take(n * C);
        cells = take(n);
        lanes = take(threads() * lane_doubles(job));
        sums = take(pieces(n, GROUP));
        packed = take(packed_size<double>(C, w));
        hessian = take(P * P);
        strip = take(FACTOR_STRIP * P);
        scales = take(P);
        sides = take(P);
        gradient = take(P);
        step = take(P);
        there = take(P);
    }

    // The objective at `weights`; logits become probs, slopes the gradients of the rows.
    double value_at(const double *weights, const double *penalty) const {
        pack_weights<double>(weights, w, C, w, packed);
        parallel(pieces(n, GROUP), [&](int64_t task) {
            const int64_t first = task * GROUP, some = smallest(GROUP, n - first);
            multiply_forward<double>(rows + first * w, w, some, w, packed, C, logits + first * C,
                                     C);
            double *targets = lanes + worker_index() * lane_doubles(job);
            sums[task] = 0.0;
            for (int64_t i = first; i < first + some; ++i) sums[task] += loss_of(i, targets);
        });
        double value = 0.0;
        for (int64_t k = 0; k < P; ++k) value += 0.5 * penalty[k % w] * weights[k] * weights[k];
        for (int64_t task = 0; task < pieces(n, GROUP); ++task) value += sums[task];
        return value;
    }

    double loss_of(int64_t i, double *targets) const {
        double *z = logits + i * C, *slope = slopes + i * C;
        const double weight = row_weight(job, i);
        if (job.coupled) {
            if (job.targets.kind != TargetKind::labels) {
                fill_targets<double>(job, i, targets, targets + job.K);
            }
            const double loss = weight * softmax_loss<double>(job, i, z, targets);
            for (int64_t k = 0; k < C; ++k) slope[k] = z[k];
            softmax_residual<double>(job, i, slope, targets, weight);
            return loss;
        }
        fill_targets<double>(job, i, targets, targets + job.K);
        const double present = targets[column], factor = targets[job.K + column];
        const double at = z[0], tail = std::exp(at < 0 ? at : -at);
        z[0] = (at < 0 ? tail : 1.0) / (1.0 + tail);
        slope[0] = weight * (factor * z[0] - present);
        cells[i] = weight * factor * z[0] * (1.0 - z[0]);
        return weight * (factor * (std::log1p(tail) + (at > 0 ? at : 0.0)) - present * at);
    }

    // From the probs and slopes that `value_at` left.
    void find_step(const double *weights, const double *penalty) const {
        for (int64_t k = 0; k < P; ++k) gradient[k] = 0.0;
        multiply_backward<double>(slopes, C, n, C, rows, w, w, gradient, w);
        for (int64_t k = 0; k < P; ++k) gradient[k] = -gradient[k] - penalty[k % w] * weights[k];
        if (!job.coupled) {
            block(0, 0);
        } else {
            parallel(C * (C - 1) / 2, [&](int64_t task) {
                int64_t a = 1;
                for (; (a + 1) * a / 2 <= task; ++a) {}
                block(a, task - a * (a - 1) / 2);
            });
            diagonal_blocks();
        }
        for (int64_t j = 0; job.coupled && j < w; ++j) {
            double trace = 0.0;
            for (int64_t a = 0; a < C; ++a) trace += at(a, j, a, j);
            for (int64_t a = 0; a < C; ++a) {
                for (int64_t b = 0; b <= a; ++b) at(a, j, b, j) += trace / double(C * C);
            }
        }
        for (int64_t k = 0; k < P; ++k) hessian[k * P + k] += penalty[k % w];
        factor_one<double>(hessian, P, scales, FLOOR, strip);
        solve_some<double, 1>(hessian, scales, P, gradient, step, sides);
        for (int64_t j = 0; job.coupled && j < w; ++j) {
            double mean = 0.0;
            for (int64_t a = 0; a < C; ++a) mean += step[a * w + j] / double(C);
            for (int64_t a = 0; a < C; ++a) step[a * w + j] -= mean;
        }
    }

    double &at(int64_t a, int64_t i, int64_t b, int64_t j) const {
        return hessian[(a * w + i) * P + b * w + j];
    }

    // The sum over the rows of the curvature times x x', at its place in the Hessian: of a sigmoid
    // w p (1 - p), of two classes of a softmax - w p_a p_b.
    void block(int64_t a, int64_t b) const {
        double *gram = lanes + worker_index() * lane_doubles(job) + aligned(2 * job.K);
        double *curvature = job.coupled ? gram + aligned(w * w) : cells;
        for (int64_t i = 0; job.coupled && i < n; ++i) {
            const double *p = logits + i * C;
            curvature[i] = row_weight(job, i) * p[a] * p[b];
        }
        for (int64_t i = 0; i < w * w; ++i) gram[i] = 0.0;
        add_gram<double>(rows, w, n, w, curvature, gram, w);
        const double sign = job.coupled ? -1.0 : 1.0;
        for (int64_t i = 0; i < w; ++i) {
            for (int64_t j = 0; j <= i; ++j) at(a, i, b, j) = at(a, j, b, i) = sign * gram[i * w + j];
        }
    }

    // w p_a (1 - p_a) is the sum of w p_a p_b over the other classes: nothing cancels.
    void diagonal_blocks() const {
        for (int64_t a = 0; a < C; ++a) {
            for (int64_t i = 0; i < w; ++i) {
                for (int64_t j = 0; j <= i; ++j) {
                    double total = 0.0;
                    for (int64_t b = 0; b < C; ++b) {
                        if (b != a) total -= a > b ? at(a, i, b, j) : at(b, i, a, j);
                    }
                    at(a, i, a, j) = at(a, j, a, i) = total;
                }
            }
        }
    }

    // Steps taken, or 0 if it did not settle; `weights` and `step` are where it ended.
    int64_t solve(double *weights, const NewtonJob &newton) const {
        double value = value_at(weights, newton.penalty);
        for (int64_t taken = 1; taken <= newton.most; ++taken) {
            find_step(weights, newton.penalty);
            double promise = 0.0;
            for (int64_t k = 0; k < P; ++k) promise += 0.5 * gradient[k] * step[k];
            if (!(promise >= 0.0)) return 0;
            if (promise <= newton.settled * value) return taken;
            double length = 1.0;
            for (int halving = 0;; ++halving, length *= 0.5) {
                if (halving == HALVINGS) return 0;
                for (int64_t k = 0; k < P; ++k) there[k] = weights[k] + length * step[k];
                const double next = value_at(there, newton.penalty);
                if (!(next <= value - ENOUGH * length * promise + NOISE * value)) continue;
                value = next;
                break;
            }
            for (int64_t k = 0; k < P; ++k) weights[k] = there[k];
        }
        return 0;
    }
};

int64_t scratch(const Job &job) {
    const int64_t lanes = job.coupled ? 1 : threads();
    return 8 * (aligned(job.x.n * (job.x.d + 1)) + lanes * Part::doubles(job));
}

int64_t run(const Job &job, const NewtonJob &newton, char *memory) {
    const int64_t n = job.x.n, d = job.x.d, w = d + 1;
    double *rows = reinterpret_cast<double *>(memory);
    for (int64_t i = 0; i < n; ++i) {
        gather_row<double>(job.x, i, rows + i * w);
        rows[i * w + d] = 1.0;
    }
    const int64_t parts = job.coupled ? 1 : job.K, size = Part::classes(job) * w;
    int64_t most = 0, failed = 0;
    int64_t taken[64];
    for (int64_t first = 0; first < parts; first += 64) {
        const int64_t some = parts - first < 64 ? parts - first : 64;
        parallel(some, [&](int64_t task) {
            Part part(job, rows, rows + aligned(n * w) + worker_index() * Part::doubles(job));
            part.column = first + task;
            double *weights = newton.weights + (first + task) * size;
            taken[task] = part.solve(weights, newton);
            for (int64_t k = 0; k < size; ++k) newton.step[(first + task) * size + k] = part.step[k];
        });
        for (int64_t task = 0; task < some; ++task) {
            most = taken[task] > most ? taken[task] : most;
            failed += taken[task] == 0;
        }
    }
    return failed ? 0 : most;
}

}  // namespace

extern const NewtonTable newton_table = {scratch, run};

}  // namespace HEADWAY_LEVEL
}  // namespace headway
