#include <algorithm>

#include "bind.hpp"
#include "loss_table.hpp"
#include "pool.hpp"

namespace headway {
namespace {

template <class T> const LossFunctions<T> &functions();
template <> const LossFunctions<float> &functions<float>() { return loss_table().of_float; }
template <> const LossFunctions<double> &functions<double>() { return loss_table().of_double; }

template <class T> const BinaryLossFunctions<T> &binary_functions();
template <> const BinaryLossFunctions<float> &binary_functions<float>() {
    return binary_loss_table().of_float;
}
template <> const BinaryLossFunctions<double> &binary_functions<double>() {
    return binary_loss_table().of_double;
}

constexpr int64_t TASK_BYTES = 1 << 18;    // of logits
constexpr int64_t STREAM_BYTES = 1 << 24;  // smaller gradients stay in the caches for their reader

// Rows of a task: a multiple of every number of lanes, so that whole blocks stay whole; and some
// of the longest rows where there are many, because a task fetches its next row ahead.
template <class T> int64_t rows_of_task(int64_t n, int64_t K) {
    const int64_t rows = TASK_BYTES / (int64_t(sizeof(T)) * K);
    const int64_t some = std::clamp<int64_t>(n / 64, 1, 8);
    return rows < some ? some : rows < 64 ? rows : rows / 64 * 64;
}

template <class Body> void over_rows(int64_t n, int64_t step, const Body &body) {
    parallel((n + step - 1) / step, [&](int64_t task) {
        const int64_t first = task * step;
        body(first, first + step < n ? first + step : n);
    });
}

template <class A> auto *data_or_null(const A &array) {
    return array.is_valid() ? array.data() : nullptr;
}

template <class A> void check_size(const A &array, int64_t size, const char *name) {
    if (array.is_valid() && int64_t(array.size()) != size) {
        throw nb::value_error(name);
    }
}

template <class T>
void fill(LossJob<T> &job, const In<T> &logits, const In<T> &targets, const In<uint8_t> &mask,
          const In<T> &weight, double smoothing, const Out<T> &losses, const Out<T> &gradient) {
    if (logits.ndim() != 2 || logits.shape(1) == 0) throw nb::value_error("logits must be (n, K)");
    const int64_t n = int64_t(logits.shape(0)), K = int64_t(logits.shape(1));
    check_size(targets, n * K, "targets must be (n, K)");
    check_size(weight, K, "weight must be (K,)");
    check_size(losses, n, "losses must be (n,)");
    check_size(gradient, n * K, "gradient must be (n, K)");
    const bool shared = mask.is_valid() && int64_t(mask.size()) == K;
    if (!shared) check_size(mask, n * K, "mask must be (K,) or (n, K)");
    job.n = n;
    job.K = K;
    job.logits = logits.data();
    job.targets = data_or_null(targets);
    job.mask = data_or_null(mask);
    job.mask_step = shared ? 0 : K;
    job.weight = data_or_null(weight);
    job.smoothing = T(smoothing);
    job.losses = data_or_null(losses);
    job.gradient = data_or_null(gradient);
    job.stream = job.gradient && static_cast<const T *>(job.gradient) != job.logits &&
                 n * K * int64_t(sizeof(T)) >= STREAM_BYTES;
}

nb::tuple answer(const LossReport &report) {
    return nb::make_tuple(report.flags, report.flags & ROW_EMPTY ? report.empty_row : -1);
}

template <class T> void bind(nb::module_ &m) {
    m.def(
        "cross_entropy",
        [](In<T> logits, In<int64_t> labels, In<int32_t> short_labels, In<T> targets,
           In<uint8_t> mask, In<T> weight, double smoothing, double tolerance, Out<T> losses,
           Out<T> gradient) {
            CrossEntropyJob<T> job;
            fill(job, logits, targets, mask, weight, smoothing, losses, gradient);
            check_size(labels, job.n, "labels must be (n,)");
            check_size(short_labels, job.n, "labels must be (n,)");
            job.labels = data_or_null(labels);
            job.short_labels = data_or_null(short_labels);
            job.tolerance = tolerance;
            if (!job.labels && !job.short_labels && !job.targets && job.n > 0) {
                throw nb::value_error("labels or targets must be given");
            }
            LossReport report;
            {
                nb::gil_scoped_release released;
                const LossFunctions<T> &run = functions<T>();
                over_rows(job.n, TASK_BYTES, [&](int64_t first, int64_t last) {
                    if (!run.labels_inside(job, first, last)) {
                        __atomic_fetch_or(&report.flags, LABEL_OUTSIDE, __ATOMIC_RELAXED);
                    }
                });
                if (report.flags == 0) {
                    const int64_t step = rows_of_task<T>(job.n, job.K);
                    over_rows(job.n, step, [&](int64_t first, int64_t last) {
                        run.cross_entropy(job, first, last, &report);
                    });
                }
            }
            return answer(report);
        },
        nb::arg("logits").noconvert(), nb::arg("labels").noconvert().none(),
        nb::arg("short_labels").noconvert().none(), nb::arg("targets").noconvert().none(),
        nb::arg("mask").noconvert().none(), nb::arg("weight").noconvert().none(),
        nb::arg("smoothing"), nb::arg("tolerance"), nb::arg("losses").noconvert().none(),
        nb::arg("gradient").noconvert().none());
    m.def(
        "binary_cross_entropy",
        [](In<T> logits, In<T> targets, In<uint8_t> mask, In<T> weight, double smoothing,
           Out<T> losses, Out<T> gradient) {
            LossJob<T> job;
            fill(job, logits, targets, mask, weight, smoothing, losses, gradient);
            LossReport report;
            {
                nb::gil_scoped_release released;
                const BinaryLossFunctions<T> &run = binary_functions<T>();
                over_rows(job.n, rows_of_task<T>(job.n, job.K), [&](int64_t first, int64_t last) {
                    run.binary_cross_entropy(job, first, last, &report);
                });
            }
            return report.flags;
        },
        nb::arg("logits").noconvert(), nb::arg("targets").noconvert(),
        nb::arg("mask").noconvert().none(), nb::arg("weight").noconvert().none(),
        nb::arg("smoothing"), nb::arg("losses").noconvert().none(),
        nb::arg("gradient").noconvert().none());
}

}  // namespace

void bind_losses(nb::module_ &m) {
    bind<float>(m);
    bind<double>(m);
}

}  // namespace headway
