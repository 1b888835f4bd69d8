// Linear logits, their cross-entropy and its gradients, without the (n, K) logits.
//
// Chunk by chunk of rows, in two passes over tiles of classes: logits and their exponentials,
// held for the chunk; then, with the sums of whole rows known, residuals and from them the
// gradients.  Threads share out the classes, so that each entry of the gradient by the weights
// belongs to one thread and is summed in the order of the rows; the gradient by the features is
// summed over slices of the classes, in their order.  Both are the same for any number of threads.
//
// To form the logits a second time instead of holding those of a chunk would cost a third more
// arithmetic and save a memory that is hardly more than that of the gradient by the weights.
#include <cmath>

#include "many_classes.hpp"
#include "pool.hpp"

namespace headway {
namespace HEADWAY_LEVEL {
namespace {

// Parts of the scratch memory, each on a boundary of 64 bytes.
struct Carver {
    char *at;
    int64_t used = 0;
    template <class T> T *take(int64_t count) {
        T *part = reinterpret_cast<T *>(at + used);
        used += (count * int64_t(sizeof(T)) + 63) / 64 * 64;
        return part;
    }
};

template <class T> struct Scratch {
    T *logits;          // (K, columns)
    T *packed;          // the chunk's features
    T *slices;          // (slices, rows, d)
    TileSums<T> sums;   // (tiles, columns) each
    T *scale;           // (tiles, columns): exponentials of a tile to weighted probabilities
    T *share;           // (columns): what smoothing takes from every possible class
    T *label_logit;     // (columns)
    int64_t bytes;

    Scratch(const ManyClassesJob<T> &job, const Cut &cut, void *memory) {
        Carver carve{static_cast<char *>(memory)};
        const int64_t cells = cut.tiles * cut.columns;
        const bool smooth = job.smoothing > 0;
        logits = carve.take<T>(job.K * cut.columns);
        packed = carve.take<T>(job.d * cut.columns);
        slices = carve.take<T>(job.features_gradient ? cut.slices * cut.rows * job.d : 0);
        sums.top = carve.take<T>(cells);
        sums.ties = carve.take<T>(cells);
        sums.rest = carve.take<double>(cells);
        sums.possible = carve.take<T>(smooth ? cells : 0);
        sums.shift = carve.take<double>(smooth ? cells : 0);
        scale = carve.take<T>(cells);
        share = carve.take<T>(cut.columns);
        label_logit = carve.take<T>(cut.columns);
        bytes = carve.used;
    }
    TileSums<T> sums_of(int64_t t, int64_t columns) const {
        const int64_t at = t * columns;
        return {sums.top + at, sums.ties + at, sums.rest + at, sums.possible + at,
                sums.shift + at};
    }
};

template <class T> struct Chunk {
    ManyClassesJob<T> &job;
    const Cut &cut;
    const Scratch<T> &scratch;
    int64_t first, rows;  // of the chunk

    int64_t classes(int64_t t) const {
        const int64_t left = job.K - t * cut.classes;
        return left < cut.classes ? left : cut.classes;
    }
    T *logits(int64_t t) const { return scratch.logits + t * cut.classes * cut.columns; }
    const T *features() const { return job.features + first * job.features_step; }
    T weight(int64_t i) const {
        return job.sample_weights ? job.sample_weights[first + i] : T(1);
    }

    const T *weights(int64_t t) const { return job.weights + t * cut.classes * job.weights_step; }
    int64_t slice_begin(int64_t slice) const { return slice * cut.tiles / cut.slices; }

    // The weights of a tile, to be fetched during a product of so many panels.
    Ahead weights_ahead(int64_t t, int64_t panels) const {
        if (t >= cut.tiles) return {nullptr, nullptr, 0};
        const int64_t bytes = classes(t) * job.weights_step * int64_t(sizeof(T));
        if (bytes > 2 * TILE_BYTES) return {nullptr, nullptr, 0};
        const int64_t calls = panels * ((cut.classes + TILE_ROWS - 1) / TILE_ROWS);
        const char *start = reinterpret_cast<const char *>(weights(t));
        return {start, start + bytes, (bytes / calls + 127) / 64 * 64};
    }

    void exponentials(int64_t t) const {
        const int64_t k = t * cut.classes, some = classes(t);
        T *Z = logits(t);
        Ahead next = weights_ahead(t + 1, cut.columns / TILE_COLUMNS<T>);
        tile_logits<T>(weights(t), job.weights_step, some, scratch.packed, cut.columns, job.d, Z,
                       &next);
        const T *bias = job.bias ? job.bias + k : nullptr;
        for (int64_t i = 0; i < rows; ++i) {
            const int64_t y = job.labels[first + i] - k;
            if (y >= 0 && y < some) {
                scratch.label_logit[i] = Z[y * cut.columns + i] + (bias ? bias[y] : T(0));
            }
        }
        const TileSums<T> sums = scratch.sums_of(t, cut.columns);
        if (job.smoothing > 0) {
            tile_exponentials<T, true>(Z, cut.columns, some, bias, sums);
        } else {
            tile_exponentials<T, false>(Z, cut.columns, some, bias, sums);
        }
    }

    // Losses, and the factors of the residuals; `i` is one row.
    void finish_row(int64_t i, T top, double ties, double rest, double possible, double shift) {
        if (top == -T(__builtin_inf()) && rest == rest) {
            if (job.empty_row < 0) job.empty_row = first + i;
            return;
        }
        const double a = job.smoothing, z = scratch.label_logit[i];
        const double log_sum = std::log(ties) + std::log1p(rest / ties);
        double below = double(top) == z ? 0.0 : double(top) - z;
        if (a > 0) below = (1 - a) * below - a * shift / possible;
        job.losses[first + i] = T(log_sum + below);
        const double w = weight(i);
        scratch.share[i] = T(a > 0 ? w * a / possible : 0.0);
        const T by = T(w == 0 ? 0.0 : w / (ties + rest));
        for (int64_t t = 0; t < cut.tiles; ++t) scratch.scale[t * cut.columns + i] *= by;
    }

    void whole_rows() {
        const int64_t columns = cut.columns;
        T top[MOST_ROWS];
        double ties[MOST_ROWS] = {}, rest[MOST_ROWS] = {}, possible[MOST_ROWS] = {},
               shift[MOST_ROWS] = {};
        for (int64_t i = 0; i < columns; ++i) top[i] = -T(__builtin_inf());
        for (int64_t t = 0; t < cut.tiles; ++t) {
            const T *tops = scratch.sums_of(t, columns).top;
            for (int64_t i = 0; i < columns; ++i) top[i] = tops[i] > top[i] ? tops[i] : top[i];
        }
        for (int64_t t = 0; t < cut.tiles; ++t) {
            const TileSums<T> sums = scratch.sums_of(t, columns);
            T *scale = scratch.scale + t * columns;
            for (int64_t i = 0; i < columns; i += LANES<T>) {
                const Vec<T> own = load<T>(sums.top + i), whole = load<T>(top + i);
                store<T>(scale + i, choose<T>(own == whole, splat<T>(T(1)), exp<T>(own - whole)));
            }
            for (int64_t i = 0; i < rows; ++i) {
                const bool at_top = sums.top[i] == top[i];
                ties[i] += at_top ? double(sums.ties[i]) : 0.0;
                rest[i] += at_top ? sums.rest[i] : (sums.rest[i] + sums.ties[i]) * scale[i];
                if (job.smoothing > 0 && sums.possible[i] > 0) {
                    possible[i] += sums.possible[i];
                    const double down = at_top ? 0.0 : double(sums.top[i]) - double(top[i]);
                    shift[i] += sums.shift[i] + double(sums.possible[i]) * down;
                }
            }
        }
        for (int64_t i = 0; i < rows; ++i) {
            finish_row(i, top[i], ties[i], rest[i], possible[i], shift[i]);
        }
        for (int64_t i = rows; i < columns; ++i) {
            scratch.share[i] = T(0);
            for (int64_t t = 0; t < cut.tiles; ++t) scratch.scale[t * columns + i] = T(0);
        }
    }

    void residuals(int64_t t) const {
        const int64_t k = t * cut.classes, some = classes(t);
        T *Z = logits(t);
        const T *scale = scratch.scale + t * cut.columns;
        if (job.smoothing > 0) {
            tile_residuals<T, true>(Z, cut.columns, some, scale, scratch.share);
        } else {
            tile_residuals<T, false>(Z, cut.columns, some, scale, scratch.share);
        }
        for (int64_t i = 0; i < rows; ++i) {
            const int64_t y = job.labels[first + i] - k;
            if (y >= 0 && y < some) {
                Z[y * cut.columns + i] -= T(double(weight(i)) * (1 - job.smoothing));
            }
        }
    }

    void gradients(int64_t slice) const {
        T *by_features = scratch.slices + slice * cut.rows * job.d;
        const int64_t from = slice_begin(slice);
        for (int64_t t = from; t < slice_begin(slice + 1); ++t) {
            const int64_t k = t * cut.classes, some = classes(t);
            residuals(t);
            const T *Z = logits(t);
            if (job.bias_gradient) {
                for (int64_t c = 0; c < some; ++c) {
                    Vec<T> total = load<T>(Z + c * cut.columns);
                    for (int64_t i = LANES<T>; i < cut.columns; i += LANES<T>) {
                        total += load<T>(Z + c * cut.columns + i);
                    }
                    T &b = job.bias_gradient[k + c];
                    b = (first > 0 ? b : T(0)) + sum<T>(total);
                }
            }
            Ahead own = weights_ahead(t, (job.d + TILE_COLUMNS<T> - 1) / TILE_COLUMNS<T>);
            multiply_columns<T, Rows::along>(Z, cut.columns, some, rows, features(),
                                             job.features_step, job.d,
                                             job.weights_gradient + k * job.d, job.d, first > 0,
                                             job.features_gradient ? &own : nullptr);
            if (job.features_gradient) {
                multiply_columns<T, Rows::across>(Z, cut.columns, rows, some, weights(t),
                                                  job.weights_step, job.d, by_features, job.d,
                                                  t > from);
            }
        }
    }

    void sum_slices(int64_t i) const {
        T *out = job.features_gradient + (first + i) * job.d;
        const T *in = scratch.slices + i * job.d;
        const int64_t step = cut.rows * job.d;
        for (int64_t j = 0; j < job.d; j += LANES<T>) {
            const int64_t some = job.d - j < LANES<T> ? job.d - j : LANES<T>;
            Vec<T> total = load_some<T>(in + j, some, T(0));
            for (int64_t s = 1; s < cut.slices; ++s) {
                total += load_some<T>(in + s * step + j, some, T(0));
            }
            store_some<T>(out + j, total, some);
        }
    }
};

template <class T> int64_t scratch_bytes(const ManyClassesJob<T> &job) {
    return Scratch<T>(job, cut_of(job), nullptr).bytes;
}

template <class T> void run(ManyClassesJob<T> &job, void *memory) {
    const Cut cut = cut_of(job);
    const Scratch<T> scratch(job, cut, memory);
    job.empty_row = -1;
    for (int64_t first = 0; first < job.n; first += cut.rows) {
        const int64_t rows = job.n - first < cut.rows ? job.n - first : cut.rows;
        Chunk<T> chunk{job, cut, scratch, first, rows};
        pack_rows(chunk.features(), job.features_step, rows, cut.columns, job.d, scratch.packed);
        parallel(cut.slices, [&](int64_t slice) {
            const int64_t end = chunk.slice_begin(slice + 1);
            for (int64_t t = chunk.slice_begin(slice); t < end; ++t) chunk.exponentials(t);
        });
        chunk.whole_rows();
        if (job.empty_row >= 0) return;
        parallel(cut.slices, [&](int64_t slice) { chunk.gradients(slice); });
        if (job.features_gradient) {
            parallel(rows, [&](int64_t i) { chunk.sum_slices(i); });
        }
    }
}

template <class T> constexpr ManyClassesFunctions<T> FUNCTIONS = {scratch_bytes<T>, run<T>};

}  // namespace

extern const ManyClassesTable many_classes_table = {FUNCTIONS<float>, FUNCTIONS<double>};

}  // namespace HEADWAY_LEVEL
}  // namespace headway
