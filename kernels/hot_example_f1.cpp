// The set of labels with the largest expected F-beta of a row, for independent labels.
//
// With s true labels in all, h of them among the k predicted,
//
//     F = (1 + b^2) h / (b^2 s + k)
//
// and for each k the best set is that of the k largest p.  Hence
//
//     E F(k) = (1 + b^2) sum_s A_k(s) / (b^2 s + k),   A_k(s) = E[h; s true labels]
//                                                              = A_{k-1}(s) + p_k Q_k(s - 1)
//
// where Q_k is the distribution of how many OTHER labels are true.  It is that of all labels, P,
// with one factor (1 - p + p x) divided out: from below where p <= 1/2 and from above elsewhere,
// so that an error is multiplied by at most 1 from one s to the next.
//
// Two things keep the work far below L^2.  Masses under TINY at the upper end of P are dropped, but
// for that of one true label: in all at most L * TINY.  And h / (b^2 h + k) is concave in h, so
// that no k scores more than (1 + b^2) m / (b^2 m + k) with m the sum of its p; this falls with k,
// and once it is not above the best score so far no larger set is.
#include "example_f1_table.hpp"
#include "simd.hpp"

namespace headway {
namespace HEADWAY_LEVEL {
namespace {

constexpr double TINY = 1e-30;
constexpr int64_t AROUND = 16;  // zeros before and after, so that whole vectors may be read

// The distribution of the number of true labels into P (0 .. the returned value).
int64_t count_distribution(const double *probs, int64_t L, double *P) {
    constexpr int64_t STEP = LANES<double>;
    int64_t top = 0;
    P[0] = 1.0;
    for (int64_t l = 0; l < L; ++l) {
        const double p = probs[l];
        const VecDouble with = splat<double>(p), without = splat<double>(1.0 - p);
        // From above, since each entry needs the old one below it.
        for (int64_t s = (top + 1) / STEP * STEP; s >= 0; s -= STEP) {
            store<double>(P + s, without * load<double>(P + s) + with * load<double>(P + s - 1));
        }
        if (P[top + 1] > (top == 0 ? 0.0 : TINY)) ++top;
        else P[top + 1] = 0.0;
    }
    return top;
}

// hits[s] += p Q(s - 1), with Q the distribution of the labels other than one of probability p.
HEADWAY_INLINE void add_label(double p, const double *P, int64_t top, double *hits) {
    double q = 0.0;
    if (p <= 0.5) {
        const double inverse = 1.0 / (1.0 - p), ratio = p * inverse;
        for (int64_t s = 0; s < top; ++s) {
            q = P[s] * inverse - ratio * q;
            hits[s + 1] += p * q;
        }
    } else {
        const double inverse = 1.0 / p, ratio = (1.0 - p) * inverse;
        for (int64_t s = top; s > 0; --s) {
            q = P[s] * inverse - ratio * q;
            hits[s] += p * q;
        }
    }
}

// sum_s hits[s] / (b^2 s + k) over s = 1 .. top; hits is 0 at 0 and beyond top.
HEADWAY_INLINE double score(const double *hits, int64_t top, double squared, int64_t k) {
    constexpr int64_t STEP = LANES<double>;
    double first[STEP];
    for (int64_t i = 0; i < STEP; ++i) first[i] = squared * double(i) + double(k);
    const VecDouble base = load<double>(first);
    VecDouble total = {};
    for (int64_t s = 0; s <= top; s += STEP) {
        total += load<double>(hits + s) / (base + splat<double>(squared * double(s)));
    }
    return sum<double>(total);
}

int64_t best(const ExampleF1Job &job, const double *probs, double *scratch, double *value) {
    double *P = scratch + AROUND, *hits = P + job.L + 2 * AROUND;
    for (int64_t i = 0; i < example_f1_scratch(job.L); ++i) scratch[i] = 0.0;
    const int64_t top = count_distribution(probs, job.L, P);
    int64_t chosen = 0;
    double most = job.empty * P[0], mass = 0.0;
    const double factor = 1.0 + job.squared;
    for (int64_t k = 1; k <= job.L; ++k) {
        const double p = probs[k - 1];
        mass += p;
        if (factor * mass <= most * (job.squared * mass + double(k))) break;
        add_label(p, P, top, hits);
        const double here = factor * score(hits, top, job.squared, k);
        if (here > most) {
            most = here;
            chosen = k;
        }
    }
    *value = most;
    return chosen;
}

}  // namespace

extern const ExampleF1Table example_f1_table = {best};

}  // namespace HEADWAY_LEVEL
}  // namespace headway
