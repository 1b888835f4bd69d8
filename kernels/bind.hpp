// What the bindings share: array types that are never converted or copied on the way in.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace headway {

namespace nb = nanobind;

// C-contiguous arrays of any number of dimensions.
template <class T> using In = nb::ndarray<const T, nb::c_contig, nb::device::cpu>;
template <class T> using Out = nb::ndarray<T, nb::c_contig, nb::device::cpu>;

inline void check_same_size(size_t input, size_t output) {
    if (input != output) throw nb::value_error("`out` must have as many entries as the input.");
}

inline void expect(bool holds, const char *what) {
    if (!holds) throw nb::value_error(what);
}

// Other Python threads run meanwhile, unless the work is over before they would notice.
class Unlocked {
  public:
    explicit Unlocked(int64_t entries) {
        if (entries > 4096) release.emplace();
    }

  private:
    std::optional<nb::gil_scoped_release> release;
};

void bind_cells(nb::module_ &m);
void bind_compression(nb::module_ &m);
void bind_example_f1(nb::module_ &m);
void bind_factor(nb::module_ &m);
void bind_linear(nb::module_ &m);
void bind_losses(nb::module_ &m);
void bind_many_classes(nb::module_ &m);
void bind_math(nb::module_ &m);
void bind_matrix(nb::module_ &m);
void bind_predictor(nb::module_ &m);
void bind_rows(nb::module_ &m);
void bind_temperature(nb::module_ &m);

}  // namespace headway
