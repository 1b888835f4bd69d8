// The losses of all rows under one temperature, added up in a fixed order.
#include "bind.hpp"

#include <vector>

#include "pool.hpp"
#include "temperature_table.hpp"

namespace headway {
namespace {

constexpr int64_t TASK_CELLS = 1 << 16;

template <class T> const TemperatureFunctions<T> &functions();
template <> const TemperatureFunctions<float> &functions<float>() {
    return temperature_table().of_float;
}
template <> const TemperatureFunctions<double> &functions<double>() {
    return temperature_table().of_double;
}

template <class T>
nb::tuple derivatives(In<T> logits, In<int64_t> labels, In<T> targets, In<double> weights,
                      double sharpness) {
    expect(logits.ndim() == 2 && logits.shape(1) > 0, "logits must be (n, K)");
    TemperatureJob<T> job;
    job.n = int64_t(logits.shape(0));
    job.K = int64_t(logits.shape(1));
    job.logits = logits.data();
    job.sharpness = sharpness;
    if (labels.is_valid()) {
        expect(int64_t(labels.size()) == job.n, "labels must be (n,)");
        job.labels = labels.data();
        for (int64_t i = 0; i < job.n; ++i) {
            expect(job.labels[i] >= 0 && job.labels[i] < job.K, "labels must be in 0..K-1");
        }
    } else {
        expect(targets.is_valid() && int64_t(targets.size()) == job.n * job.K,
               "targets must be (n, K)");
        job.targets = targets.data();
    }
    if (weights.is_valid()) {
        expect(int64_t(weights.size()) == job.n, "weights must be (n,)");
        job.weights = weights.data();
    }
    TemperatureSums total;
    {
        const Unlocked unlocked(job.n * job.K);
        const int64_t step = TASK_CELLS / job.K > 0 ? TASK_CELLS / job.K : 1;
        const int64_t tasks = (job.n + step - 1) / step;
        std::vector<TemperatureSums> sums(static_cast<size_t>(tasks));
        const auto run = job.labels != nullptr ? functions<T>().softmax : functions<T>().sigmoid;
        parallel(tasks, [&](int64_t task) {
            const int64_t first = task * step;
            sums[size_t(task)] = run(job, first, first + step < job.n ? first + step : job.n);
        });
        for (const TemperatureSums &some : sums) {
            total.loss += some.loss;
            total.slope += some.slope;
            total.curvature += some.curvature;
        }
    }
    return nb::make_tuple(total.loss, total.slope, total.curvature);
}

template <class T> void bind(nb::module_ &m) {
    m.def("temperature", &derivatives<T>, nb::arg("logits").noconvert(),
          nb::arg("labels").noconvert().none(), nb::arg("targets").noconvert().none(),
          nb::arg("weights").noconvert().none(), nb::arg("sharpness"));
}

}  // namespace

void bind_temperature(nb::module_ &m) {
    bind<float>(m);
    bind<double>(m);
}

}  // namespace headway
