// The set of the largest expected F-beta for each row: labels sorted here, prefixes judged there.
#include "bind.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "example_f1_table.hpp"
#include "pool.hpp"

namespace headway {
namespace {

constexpr int64_t TASK_CELLS = 1 << 14;

template <class T>
void example_f1(In<T> probs, double squared, double empty, Out<int64_t> sets, Out<double> values) {
    expect(probs.ndim() == 2 && probs.shape(1) > 0, "probs must be (n, L)");
    expect(squared > 0.0, "beta squared must be positive");
    const int64_t n = int64_t(probs.shape(0));
    ExampleF1Job job;
    job.L = int64_t(probs.shape(1));
    job.squared = squared;
    job.empty = empty;
    check_same_size(probs.size(), sets.size());
    expect(int64_t(values.size()) == n, "values must be (n,)");
    const T *from = probs.data();
    int64_t *marks = sets.data();
    double *found = values.data();
    const Unlocked unlocked(n * job.L);
    const auto best = example_f1_table().best;
    const int64_t step = TASK_CELLS / job.L > 0 ? TASK_CELLS / job.L : 1;
    parallel((n + step - 1) / step, [&](int64_t task) {
        std::vector<std::pair<double, int64_t>> order(static_cast<size_t>(job.L));
        std::vector<double> sorted(static_cast<size_t>(job.L));
        std::vector<double> scratch(static_cast<size_t>(example_f1_scratch(job.L)));
        const int64_t last = std::min(n, (task + 1) * step);
        for (int64_t i = task * step; i < last; ++i) {
            for (int64_t l = 0; l < job.L; ++l) {
                order[size_t(l)] = {-double(from[i * job.L + l]), l};  // of equals the first
            }
            std::sort(order.begin(), order.end());
            for (int64_t l = 0; l < job.L; ++l) sorted[size_t(l)] = -order[size_t(l)].first;
            const int64_t size = best(job, sorted.data(), scratch.data(), found + i);
            int64_t *row = marks + i * job.L;
            std::fill(row, row + job.L, int64_t{0});
            for (int64_t l = 0; l < size; ++l) row[order[size_t(l)].second] = 1;
        }
    });
}

template <class T> void bind(nb::module_ &m) {
    m.def("example_f1", &example_f1<T>, nb::arg("probs").noconvert(), nb::arg("squared"),
          nb::arg("empty"), nb::arg("sets").noconvert(), nb::arg("values").noconvert());
}

}  // namespace

void bind_example_f1(nb::module_ &m) {
    bind<float>(m);
    bind<double>(m);
}

}  // namespace headway
