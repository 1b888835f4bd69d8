#include <nanobind/stl/optional.h>

#include <cstdlib>
#include <memory>
#include <new>
#include <optional>

#include "bind.hpp"
#include "many_classes_table.hpp"

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace headway {
namespace {

template <class T> const ManyClassesFunctions<T> &functions();
template <> const ManyClassesFunctions<float> &functions<float>() {
    return many_classes_table().of_float;
}
template <> const ManyClassesFunctions<double> &functions<double>() {
    return many_classes_table().of_double;
}

template <class T> using Rows = nb::ndarray<const T, nb::ndim<2>, nb::device::cpu>;
template <class A> auto *data_or_null(const std::optional<A> &array) {
    return array ? array->data() : nullptr;
}

// Memory on huge pages where the system has them: a page fault for every 4 KB of a chunk of
// logits costs as much as a tenth of the arithmetic.
class ScratchMemory {
  public:
    explicit ScratchMemory(size_t size) : start_(new char[size + HUGE_PAGE]) {
        const auto address = reinterpret_cast<uintptr_t>(start_.get());
        aligned_ = reinterpret_cast<void *>((address + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE);
#ifdef __linux__
        madvise(aligned_, size, MADV_HUGEPAGE);
#endif
    }
    void *get() const { return aligned_; }

  private:
    static constexpr size_t HUGE_PAGE = size_t(1) << 21;
    std::unique_ptr<char[]> start_;
    void *aligned_;
};

template <class T> void bind(nb::module_ &m) {
    m.def(
        "linear_cross_entropy",
        [](Rows<T> features, Rows<T> weights, std::optional<In<T>> bias, In<int64_t> labels,
           std::optional<In<T>> sample_weights, double smoothing, Out<T> losses,
           std::optional<Out<T>> features_gradient, Out<T> weights_gradient,
           std::optional<Out<T>> bias_gradient) {
            ManyClassesJob<T> job;
            job.n = int64_t(features.shape(0));
            job.d = int64_t(features.shape(1));
            job.K = int64_t(weights.shape(0));
            const auto check = [](bool holds, const char *what) {
                if (!holds) throw nb::value_error(what);
            };
            const size_t n = features.shape(0), d = features.shape(1), K = weights.shape(0);
            check(K > 0 && weights.shape(1) == d, "weights must be (K, d)");
            check(d < 2 || (features.stride(1) == 1 && weights.stride(1) == 1),
                  "rows must be contiguous");
            check(!bias || bias->size() == K, "bias must be (K,)");
            check(labels.size() == n && losses.size() == n, "labels and losses must be (n,)");
            check(!sample_weights || sample_weights->size() == n, "weights must be (n,)");
            check(!features_gradient || features_gradient->size() == n * d, "must be (n, d)");
            check(weights_gradient.size() == K * d, "the gradient must be (K, d)");
            check(!bias_gradient || bias_gradient->size() == K, "the gradient must be (K,)");
            job.features = features.data();
            job.features_step = features.stride(0);
            job.weights = weights.data();
            job.weights_step = weights.stride(0);
            job.bias = data_or_null(bias);
            job.labels = labels.data();
            job.sample_weights = data_or_null(sample_weights);
            job.smoothing = smoothing;
            job.losses = losses.data();
            job.features_gradient = data_or_null(features_gradient);
            job.weights_gradient = weights_gradient.data();
            job.bias_gradient = data_or_null(bias_gradient);
            nb::gil_scoped_release released;
            ScratchMemory scratch(size_t(functions<T>().scratch_bytes(job)));
            functions<T>().run(job, scratch.get());
            return job.empty_row;
        },
        nb::arg("features").noconvert(), nb::arg("weights").noconvert(),
        nb::arg("bias").noconvert().none(), nb::arg("labels").noconvert(),
        nb::arg("sample_weights").noconvert().none(), nb::arg("smoothing"),
        nb::arg("losses").noconvert(), nb::arg("features_gradient").noconvert().none(),
        nb::arg("weights_gradient").noconvert(), nb::arg("bias_gradient").noconvert().none());
}

}  // namespace

void bind_many_classes(nb::module_ &m) {
    bind<float>(m);
    bind<double>(m);
}

}  // namespace headway
