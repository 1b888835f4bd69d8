// A linear model that is ready to predict: one row in less than two microseconds, from Python.
//
// nanobind's conversion of arrays costs as much as all the arithmetic of a row; so arrays come in
// as plain objects and are looked at through the buffer protocol.  Nothing is checked twice, and
// nothing is made: the caller brings the output, and may bring the same one again.
#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <nanobind/stl/string.h>

#include "bind.hpp"
#include "predictor_table.hpp"

namespace headway {
namespace {

template <class T> const PredictorFunctions<T> &functions();
template <> const PredictorFunctions<float> &functions<float>() {
    return predictor_table().of_float;
}
template <> const PredictorFunctions<double> &functions<double>() {
    return predictor_table().of_double;
}
template <class T> constexpr char FORMAT = sizeof(T) == 4 ? 'f' : 'd';
template <class T> constexpr const char *DTYPE = sizeof(T) == 4 ? "float32" : "float64";

constexpr int64_t ALONE = 1 << 20;  // multiply-adds from which others may run meanwhile

class Buffer {
  public:
    Buffer(nb::handle object, int flags) {
        if (PyObject_GetBuffer(object.ptr(), &view_, flags) != 0) throw nb::python_error();
    }
    ~Buffer() { PyBuffer_Release(&view_); }
    Buffer(const Buffer &) = delete;
    Buffer &operator=(const Buffer &) = delete;
    const Py_buffer &operator*() const { return view_; }
    const Py_buffer *operator->() const { return &view_; }
    bool is(char format) const {
        const char *f = view_.format;
        return f && f[0] == format && f[1] == 0;
    }
    std::string shape() const {
        std::string text = "(";
        for (int i = 0; i < view_.ndim; ++i) {
            text += (i ? ", " : "") + std::to_string(view_.shape[i]);
        }
        return text + (view_.ndim == 1 ? ",)" : ")");
    }

  private:
    Py_buffer view_;
};

// The rows of an array of float32 or float64, in T; converted if they are not.
template <class T> struct Input {
    const T *data;
    int64_t n, step;
    std::vector<T> copy;

    Input(const Buffer &X, int64_t d) {
        if ((X->ndim != 1 && X->ndim != 2) || X->shape[X->ndim - 1] != d) {
            throw nb::value_error(("`X` must be a row of shape (" + std::to_string(d) +
                                   ",) or rows of shape (n, " + std::to_string(d) + "), got " +
                                   X.shape() + ". Give the features the model was fitted with.")
                                      .c_str());
        }
        n = X->ndim == 1 ? 1 : X->shape[0];
        const int64_t down = X->ndim == 1 ? 0 : X->strides[0];
        const int64_t along = X->strides[X->ndim - 1];
        const bool own = X.is(FORMAT<T>);
        constexpr int64_t SIZE = sizeof(T);
        if (own && (along == SIZE || d < 2) && (n < 2 || down % SIZE == 0) &&
            reinterpret_cast<uintptr_t>(X->buf) % SIZE == 0) {
            data = static_cast<const T *>(X->buf);
            step = down / SIZE;
        } else if (X.is('f')) {
            convert<float>(X, d, down, along);
        } else if (X.is('d')) {
            convert<double>(X, d, down, along);
        } else {
            throw nb::type_error(
                "`X` must be of dtype float32 or float64. Convert it with `X.astype`.");
        }
    }
    template <class S> void convert(const Buffer &X, int64_t d, int64_t down, int64_t along) {
        copy.resize(size_t(n * d));
        for (int64_t i = 0; i < n; ++i) {
            const char *row = static_cast<const char *>(X->buf) + i * down;
            for (int64_t j = 0; j < d; ++j) {
                S value;
                std::memcpy(&value, row + j * along, sizeof value);
                copy[size_t(i * d + j)] = T(value);
            }
        }
        data = copy.data();
        step = d;
    }
};

template <class T> class LeanPredictor {
  public:
    LeanPredictor(In<T> coefficients, In<T> intercepts, const std::string &link) {
        if (coefficients.ndim() != 2 || coefficients.shape(0) == 0 ||
            intercepts.size() != coefficients.shape(0)) {
            throw nb::value_error("coefficients must be (K, d), intercepts (K,)");
        }
        K_ = int64_t(coefficients.shape(0));
        d_ = int64_t(coefficients.shape(1));
        link_ = link == "softmax"      ? Link::softmax
                : link == "sigmoid"    ? Link::sigmoid
                : link == "normalised" ? Link::normalised
                                       : Link::binary;
        if ((link_ == Link::binary && link != "binary") || (link == "binary" && K_ != 1)) {
            throw nb::value_error(
                "link must be softmax, sigmoid, normalised, or binary with K = 1");
        }
        const int64_t step = whole_lines<T>(d_);
        // On a boundary of cache lines, since loads that cross one count double.
        constexpr size_t LINE = 64;
        held_.assign(size_t(K_ * step) + LINE / sizeof(T), T(0));
        const auto address = reinterpret_cast<uintptr_t>(held_.data());
        coefficients_ = held_.data() + (LINE - address % LINE) % LINE / sizeof(T);
        for (int64_t k = 0; k < K_; ++k) {
            const T *row = coefficients.data() + k * d_;
            std::copy(row, row + d_, coefficients_ + k * step);
        }
        intercepts_.assign(intercepts.data(), intercepts.data() + K_);
    }

    LeanPredictor(const LeanPredictor &) = delete;
    LeanPredictor &operator=(const LeanPredictor &) = delete;

    nb::object logits(nb::handle X, nb::object out) { return run(X, std::move(out), false); }
    nb::object probs(nb::handle X, nb::object out) { return run(X, std::move(out), true); }
    int64_t n_features() const { return d_; }
    int64_t n_logits() const { return K_; }
    int64_t n_probs() const { return link_ == Link::binary ? 2 : K_; }

  private:
    nb::object run(nb::handle X, nb::object out, bool to_probs) {
        const Buffer given(X, PyBUF_STRIDES | PyBUF_FORMAT);
        const Input<T> input(given, d_);
        const Buffer result(out, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE | PyBUF_FORMAT);
        const int64_t columns = to_probs ? n_probs() : K_;
        if (!result.is(FORMAT<T>) || result->ndim != given->ndim ||
            result->shape[result->ndim - 1] != columns ||
            (result->ndim == 2 && result->shape[0] != input.n)) {
            throw nb::value_error(
                ("`out` must be a C-contiguous array of dtype " + std::string(DTYPE<T>) + " with " +
                 std::to_string(columns) + " columns and one row for each row of `X`, got shape " +
                 result.shape() + ". Make it with `numpy.empty`.")
                    .c_str());
        }
        T *to = static_cast<T *>(result->buf);
        if (input.n * K_ * d_ < ALONE) {
            compute(input, to, to_probs);
        } else {
            nb::gil_scoped_release released;
            compute(input, to, to_probs);
        }
        return out;
    }

    void compute(const Input<T> &input, T *to, bool to_probs) const {
        const PredictorFunctions<T> &run = functions<T>();
        const bool apart = to_probs && link_ == Link::binary;
        std::vector<T> held(apart ? size_t(input.n * K_) : 0);
        T *z = apart ? held.data() : to;
        run.logits(input.data, input.step, input.n, d_, coefficients_, intercepts_.data(), K_, z);
        if (to_probs) run.probs(z, input.n, K_, link_, to);
    }

    int64_t K_, d_;
    Link link_;
    std::vector<T> held_, intercepts_;
    T *coefficients_;  // in `held_`
};

template <class T> void bind(nb::module_ &m, const char *name) {
    using Predictor = LeanPredictor<T>;
    nb::class_<Predictor>(m, name)
        .def(nb::init<In<T>, In<T>, const std::string &>(), nb::arg("coefficients").noconvert(),
             nb::arg("intercepts").noconvert(), nb::arg("link"))
        .def("logits", &Predictor::logits)
        .def("probs", &Predictor::probs)
        .def_prop_ro("n_features", &Predictor::n_features)
        .def_prop_ro("n_logits", &Predictor::n_logits)
        .def_prop_ro("n_probs", &Predictor::n_probs);
}

}  // namespace

void bind_predictor(nb::module_ &m) {
    bind<float>(m, "LeanPredictorFloat32");
    bind<double>(m, "LeanPredictorFloat64");
}

}  // namespace headway
