// What one pass over the rows of a linear problem is told: plain data, made by bind_linear.cpp.
//
// A pass reads every block of features once and does with it all that is asked:
//
//     gradient   losses, probs, and the sum over rows of w (probs - targets) x'
//     product    the sum over rows of w J (V x) x': the Hessian times a direction V
//     diagonal   the sum over rows of w p (1 - p) x^2 (sparse features, kept probs)
//     dual       the probs that a step predicts, for the certificate
//     moments    the sum over rows of w (q - targets) x' and the entropies of given probs q
//
// Narrow problems split the rows into lanes, each with sums of its own, added up in order at the
// end.  Wide ones (weights beyond the cache) split the classes among the threads instead, so that
// no thread needs a gradient of its own.  Either way the split depends on shapes alone, and so the
// result has the same bits on any number of threads.
#pragma once

#include <cstdint>

#include "dispatch.hpp"

namespace headway {

enum class Cell : int { f32, f64, u8 };        // type of the features
enum class Index : int { u16, i32, i64 };      // type of the column numbers of CSR
enum class TargetKind : int { labels, codes, values };
enum class Op : int { gradient, product, diagonal, dual, moments };

struct Features {
    int64_t n = 0, d = 0;
    Cell cell = Cell::f32;
    const void *data = nullptr;
    // Dense: strides in bytes, and each column is read as (x - shift) * scale where given.
    bool sparse = false;
    int64_t row_stride = 0, column_stride = 0;
    const double *shift = nullptr, *scale = nullptr;
    // CSR.
    Index index = Index::i32;
    const void *indices = nullptr;
    const int64_t *indptr = nullptr;
};

struct Targets {
    TargetKind kind = TargetKind::labels;
    bool plain = true;                    // nothing is missing, nothing positively weighted: c = 1
    double on = 1.0, off = 0.0;           // targets of the label's class and of the others
    const int32_t *labels = nullptr;      // (n,)
    const uint8_t *codes = nullptr;       // (n, K): 0, 1, or 2 for a missing cell
    const double *values = nullptr;       // (n, K), NaN where missing
    const double *row_weights = nullptr;  // (n,), or all 1
    const double *positive_weight = nullptr;  // (K,), or all 1
};

struct Job {
    Op op = Op::gradient;
    bool coupled = true;
    int64_t K = 0;
    Features x;
    Targets targets;
    const double *weights = nullptr;    // (K, d + 1), intercepts last
    const double *direction = nullptr;  // (K, d + 1): of product, the step of dual
    float *probs = nullptr;             // (n, K): written by gradient and dual, read by product
    int64_t every = 1;                  // product: one block of so many, standing for all (narrow)
    // How moments balances q, see certificate.py: tilted, then shifted and mixed; (K,) each.
    const double *tilt = nullptr, *shift_by = nullptr, *shares = nullptr, *mix = nullptr;
    const double *penalty = nullptr;    // (d + 1,), or none: the sums get it times what was multiplied
    double *values = nullptr;           // (1,) or (K,)
    double *next_values = nullptr;      // (1,) or (K,): of dual
    double *excess = nullptr;           // (K,): of dual, sum of w q
    double *sums = nullptr;             // (K, d + 1): not of dual
};

// How a pass is cut up, and the memory it works in.
struct Plan {
    bool wide = false;
    bool flushless = false;   // so few nonzeros in a lane that their float sums stay float
    int64_t block = 0;        // rows read at once
    int64_t lanes = 1;
    int64_t lane_rows = 0;
    int64_t tile = 0;         // classes in a tile
    int64_t tiles = 0;
    int64_t scratch = 0;      // bytes for each lane (narrow) or in all (wide)
    int64_t shared = 0;       // bytes shared by all: packed weights
};

// Newton's step on sparse rows by conjugate gradients: see linear_cg.hpp.
struct CgJob {
    const double *gradient = nullptr;  // (K, d + 1), of the objective
    const double *diagonal = nullptr;  // (K, d + 1), of its Hessian
    const float *penalty = nullptr;    // (d,), positive
    const float *means = nullptr;      // (d,), rough means of the features
    const double *values = nullptr;    // (parts,): the objective
    double *step = nullptr;            // (K, d + 1)
    int64_t most = 0;                  // products
    // Shares of the values: below `near` the step must be good, losing at most `lost`.
    double near = 0.0, lost = 0.0, forcing = 0.1, loose = 0.25;
    bool (*keep_going)() = nullptr;
};
constexpr int64_t MOST_CLASSES = 2048;  // of that iteration

struct LinearFunctions {
    Plan (*plan)(const Job &job, int64_t cache_bytes);
    void (*run)(const Job &job, const Plan &plan, char *scratch, char *shared);
};
struct LinearTable {
    LinearFunctions of_float, of_double;
    int64_t (*cg_bytes)(const Job &job, const Plan &plan);
    int64_t (*cg)(const Job &job, const CgJob &cg, const Plan &plan, char *scratch, char *shared);
};
HEADWAY_TABLE(LinearTable, linear_table)

}  // namespace headway
