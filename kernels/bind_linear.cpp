#include "bind.hpp"

#include <cstdlib>
#include <new>
#include <stdexcept>

#include "gram_table.hpp"
#include "linear_job.hpp"
#include "newton_table.hpp"
#include "pool.hpp"

namespace headway {
namespace {

using Doubles = nb::ndarray<const double, nb::c_contig, nb::device::cpu>;
using DoublesOut = nb::ndarray<double, nb::c_contig, nb::device::cpu>;
using Floats = nb::ndarray<float, nb::c_contig, nb::device::cpu>;
using AnyArray = nb::ndarray<nb::ro, nb::device::cpu>;

constexpr int64_t WORTH_WAKING = int64_t(1) << 21;

// Memory that is kept between passes: fresh pages cost more than the arithmetic.
class Buffer {
  public:
    Buffer() = default;
    Buffer(const Buffer &) = delete;
    Buffer &operator=(const Buffer &) = delete;
    ~Buffer() { std::free(data_); }
    char *at_least(int64_t bytes) {
        if (bytes > size_) {
            std::free(data_);
            size_ = 0;
            data_ = static_cast<char *>(std::malloc(static_cast<size_t>(bytes) + 64));
            if (data_ == nullptr) throw std::bad_alloc();
            size_ = bytes;
        }
        const auto address = reinterpret_cast<uintptr_t>(data_);
        return data_ + (64 - address % 64) % 64;
    }
    int64_t size() const { return size_; }

  private:
    char *data_ = nullptr;
    int64_t size_ = 0;
};

Cell cell_of(nb::dlpack::dtype type) {
    if (type == nb::dtype<float>()) return Cell::f32;
    if (type == nb::dtype<double>()) return Cell::f64;
    if (type == nb::dtype<uint8_t>()) return Cell::u8;
    throw nb::type_error("features must be float32, float64 or uint8");
}

// A linear problem's rows and targets; the arrays are kept alive, never copied.
class LinearPass {
  public:
    LinearPass(int64_t n, int64_t d, int64_t K, bool coupled) {
        job_.x.n = n;
        job_.x.d = d;
        job_.K = K;
        job_.coupled = coupled;
    }

    void set_dense(AnyArray x, nb::object shift, nb::object scale) {
        expect(x.ndim() == 2 && int64_t(x.shape(0)) == job_.x.n && int64_t(x.shape(1)) == job_.x.d,
               "features must have shape (n, d)");
        job_.x.sparse = false;
        job_.x.cell = cell_of(x.dtype());
        const int64_t size = job_.x.cell == Cell::f32 ? 4 : job_.x.cell == Cell::f64 ? 8 : 1;
        job_.x.data = x.data();
        job_.x.row_stride = x.stride(0) * size;
        job_.x.column_stride = x.stride(1) * size;
        keep_x_ = nb::cast(x);
        if (!shift.is_none()) {
            shift_ = nb::cast<Doubles>(shift, false);
            scale_ = nb::cast<Doubles>(scale, false);
            expect(int64_t(shift_.size()) == job_.x.d && int64_t(scale_.size()) == job_.x.d,
                   "shift and scale must have shape (d,)");
            job_.x.shift = shift_.data();
            job_.x.scale = scale_.data();
        }
    }

    void set_sparse(AnyArray data, AnyArray indices,
                    nb::ndarray<const int64_t, nb::c_contig, nb::device::cpu> indptr) {
        expect(int64_t(indptr.size()) == job_.x.n + 1, "indptr must have shape (n + 1,)");
        expect(data.ndim() == 1 && indices.ndim() == 1 && data.stride(0) == 1 &&
                   indices.stride(0) == 1,
               "data and indices must be contiguous");
        const int64_t last = indptr.data()[job_.x.n];
        expect(int64_t(data.size()) >= last && int64_t(indices.size()) >= last,
               "data and indices must be as long as indptr says");
        job_.x.sparse = true;
        job_.x.cell = cell_of(data.dtype());
        if (indices.dtype() == nb::dtype<uint16_t>()) job_.x.index = Index::u16;
        else if (indices.dtype() == nb::dtype<int32_t>()) job_.x.index = Index::i32;
        else if (indices.dtype() == nb::dtype<int64_t>()) job_.x.index = Index::i64;
        else throw nb::type_error("indices must be uint16, int32 or int64");
        job_.x.data = data.data();
        job_.x.indices = indices.data();
        job_.x.indptr = indptr.data();
        keep_x_ = nb::make_tuple(data, indices, indptr);
    }

    // The features of another pass over the same rows.
    void share_features(const LinearPass &other) {
        expect(other.job_.x.n == job_.x.n && other.job_.x.d == job_.x.d,
               "features must have the same shape");
        job_.x = other.job_.x;
        keep_x_ = other.keep_x_;
        shift_ = other.shift_;
        scale_ = other.scale_;
    }

    void set_labels(nb::ndarray<const int32_t, nb::c_contig, nb::device::cpu> labels, double on,
                    double off) {
        expect(int64_t(labels.size()) == job_.x.n, "labels must have shape (n,)");
        for (int64_t i = 0; i < job_.x.n; ++i) {
            expect(labels.data()[i] >= 0 && labels.data()[i] < job_.K, "labels must be in 0..K-1");
        }
        job_.targets.kind = TargetKind::labels;
        job_.targets.labels = labels.data();
        job_.targets.on = on;
        job_.targets.off = off;
        keep_targets_ = nb::cast(labels);
    }

    void set_codes(nb::ndarray<const uint8_t, nb::c_contig, nb::device::cpu> codes, double on,
                   double off) {
        expect(int64_t(codes.size()) == job_.x.n * job_.K, "codes must have shape (n, K)");
        job_.targets.kind = TargetKind::codes;
        job_.targets.codes = codes.data();
        for (size_t i = 0; i < codes.size(); ++i) job_.targets.plain &= codes.data()[i] != 2;
        job_.targets.on = on;
        job_.targets.off = off;
        keep_targets_ = nb::cast(codes);
    }

    void set_values(Doubles values) {
        expect(int64_t(values.size()) == job_.x.n * job_.K, "targets must have shape (n, K)");
        job_.targets.kind = TargetKind::values;
        job_.targets.values = values.data();
        job_.targets.plain = false;
        keep_targets_ = nb::cast(values);
    }

    void set_weights(nb::object row_weights, nb::object positive_weight) {
        if (!row_weights.is_none()) {
            row_weights_ = nb::cast<Doubles>(row_weights, false);
            expect(int64_t(row_weights_.size()) == job_.x.n, "row weights must have shape (n,)");
            job_.targets.row_weights = row_weights_.data();
        }
        if (!positive_weight.is_none()) {
            positive_weight_ = nb::cast<Doubles>(positive_weight, false);
            expect(int64_t(positive_weight_.size()) == job_.K, "positive weight must be (K,)");
            job_.targets.positive_weight = positive_weight_.data();
            job_.targets.plain = false;
        }
    }

    // With a penalty (d + 1,) the sums are those of the penalised objective; values never are.
    void gradient(Doubles weights, DoublesOut values, DoublesOut sums, nb::object probs, bool single,
                  nb::object penalty) {
        Job job = job_;
        job.op = Op::gradient;
        const Doubles pull = penalty_of(penalty);
        job.penalty = pull.is_valid() ? pull.data() : nullptr;
        job.weights = all_weights(weights);
        job.values = values_of(values);
        job.sums = all_sums(sums);
        Floats kept = probs_of(probs);
        job.probs = kept.is_valid() ? kept.data() : nullptr;
        run(job, single);
    }

    // Of one block of rows in `every`, standing for all, where classes are not split.
    void product(Doubles direction, DoublesOut sums, nb::object probs, nb::object weights,
                 bool single, int64_t every, nb::object penalty) {
        Job job = job_;
        job.op = Op::product;
        job.every = at_least_one(every);
        const Doubles pull = penalty_of(penalty);
        job.penalty = pull.is_valid() ? pull.data() : nullptr;
        job.direction = all_weights(direction);
        job.sums = all_sums(sums);
        Floats kept = probs_of(probs);
        job.probs = kept.is_valid() ? kept.data() : nullptr;
        Doubles at;
        if (!kept.is_valid()) {
            at = nb::cast<Doubles>(weights, false);
            job.weights = all_weights(at);
        }
        run(job, single);
    }

    // Newton's step from a diagonal preconditioner; returns the number of products.
    int64_t cg(Doubles gradient, Doubles diagonal,
               nb::ndarray<const float, nb::c_contig, nb::device::cpu> penalty,
               nb::ndarray<const float, nb::c_contig, nb::device::cpu> means, Doubles values,
               Floats probs, DoublesOut step, int64_t most, double near, double lost,
               double forcing, double loose, int64_t every) {
        expect(job_.x.sparse && job_.K <= MOST_CLASSES, "features must be sparse, classes few");
        Job job = job_;
        job.op = Op::product;
        job.every = at_least_one(every);
        expect(int64_t(probs.size()) == job.x.n * job.K, "probs must have shape (n, K)");
        job.probs = probs.data();
        CgJob cg;
        cg.gradient = all_weights(gradient);
        cg.diagonal = all_weights(diagonal);
        expect(int64_t(penalty.size()) == job.x.d && int64_t(means.size()) == job.x.d,
               "penalty and means must have shape (d,)");
        cg.penalty = penalty.data();
        cg.means = means.data();
        expect(int64_t(values.size()) == (job.coupled ? 1 : job.K),
               "values must have one entry for each independent part");
        cg.values = values.data();
        cg.step = all_sums(step);
        cg.most = most;
        cg.near = near;
        cg.lost = lost;
        cg.forcing = forcing;
        cg.loose = loose;
        cg.keep_going = [] {
            nb::gil_scoped_acquire acquire;
            return PyErr_CheckSignals() == 0;
        };
        int64_t products = 0;
        {
            nb::gil_scoped_release release;
            const Plan plan = linear_table().of_float.plan(job, 0);
            char *scratch = scratch_.at_least(linear_table().cg_bytes(job, plan));
            char *shared = shared_.at_least(plan.shared);
            products = linear_table().cg(job, cg, plan, scratch, shared);
        }
        if (PyErr_Occurred()) throw nb::python_error();
        return products;
    }

    // Newton's method as a whole, for small problems: weights and step (K, d + 1) are written.
    int64_t newton(DoublesOut weights, DoublesOut step, Doubles penalty, double settled,
                   int64_t most) {
        NewtonJob newton;
        newton.weights = all_sums(weights);
        newton.step = all_sums(step);
        expect(int64_t(penalty.size()) == job_.x.d + 1, "penalty must have shape (d + 1,)");
        newton.penalty = penalty.data();
        newton.settled = settled;
        newton.most = most;
        nb::gil_scoped_release release;
        const int64_t part = (job_.coupled ? job_.K : 1) * (job_.x.d + 1);
        const FixedThreads fixed = sized(job_.x.n * part * part / 2);
        return newton_table().run(job_, newton, scratch_.at_least(newton_table().scratch(job_)));
    }

    void diagonal(Floats probs, DoublesOut sums) {
        expect(job_.x.sparse, "the diagonal pass is for sparse features");
        Job job = job_;
        job.op = Op::diagonal;
        expect(int64_t(probs.size()) == job.x.n * job.K, "probs must have shape (n, K)");
        job.probs = probs.data();
        job.sums = all_sums(sums);
        run(job, true);
    }

    void dual(Doubles weights, Doubles step, DoublesOut values, DoublesOut next_values,
              DoublesOut excess, nb::object probs) {
        Job job = job_;
        job.op = Op::dual;
        job.weights = all_weights(weights);
        job.direction = all_weights(step);
        job.values = values_of(values);
        job.next_values = values_of(next_values);
        expect(int64_t(excess.size()) == job.K, "excess must have shape (K,)");
        job.excess = excess.data();
        Floats kept = probs_of(probs);
        job.probs = kept.is_valid() ? kept.data() : nullptr;
        run(job, false);
    }

    void moments(nb::object probs, Doubles weights, Doubles step, Doubles tilt, Doubles shift_by, Doubles shares, Doubles mix, DoublesOut values,
                 DoublesOut sums) {
        Job job = job_;
        job.op = Op::moments;
        expect(int64_t(tilt.size()) == job.K && int64_t(shift_by.size()) == job.K && int64_t(shares.size()) == job.K &&
                   int64_t(mix.size()) == job.K,
               "tilt, shift, shares and mix must have shape (K,)");
        Floats kept = probs_of(probs);
        job.probs = kept.is_valid() ? kept.data() : nullptr;
        job.weights = all_weights(weights);
        job.direction = all_weights(step);
        job.tilt = tilt.data();
        job.shift_by = shift_by.data();
        job.shares = shares.data();
        job.mix = mix.data();
        job.values = values_of(values);
        job.sums = all_sums(sums);
        run(job, false);
    }

    // Gram matrices (count, d + 1, d + 1), lower triangles, of rows drawn (count, rows) or all.
    template <class T>
    void grams(nb::object drawn, nb::object weights,
               nb::ndarray<T, nb::ndim<3>, nb::c_contig, nb::device::cpu> out) {
        GramJob job;
        job.x = job_.x;
        job.count = out.shape(0);
        job.rows = job_.x.n;
        const int64_t width = job_.x.d + 1;
        expect(int64_t(out.shape(1)) == width && int64_t(out.shape(2)) == width,
               "matrices must have shape (count, d + 1, d + 1)");
        nb::ndarray<const int64_t, nb::c_contig, nb::device::cpu> rows;
        if (!drawn.is_none()) {
            rows = nb::cast<nb::ndarray<const int64_t, nb::c_contig, nb::device::cpu>>(drawn, false);
            expect(rows.ndim() == 2 && int64_t(rows.shape(0)) == job.count,
                   "drawn rows must have shape (count, rows)");
            for (size_t i = 0; i < rows.size(); ++i) {
                expect(rows.data()[i] >= 0 && rows.data()[i] < job_.x.n, "no such row");
            }
            job.rows = rows.shape(1);
            job.drawn = rows.data();
        }
        Doubles row_weights;
        if (!weights.is_none()) {
            row_weights = nb::cast<Doubles>(weights, false);
            expect(int64_t(row_weights.size()) == job.count * job.rows,
                   "weights must have shape (count, rows)");
            job.weights = row_weights.data();
        }
        const GramFunctions<T> &f = functions_of(T{});
        T *matrices = out.data();
        nb::gil_scoped_release release;
        const FixedThreads fixed;
        f.run(job, matrices, scratch_.at_least(f.scratch(job) * threads()));
    }

    bool sparse() const { return job_.x.sparse; }
    // Whether products of some of the rows cost less: where classes are split, all are read.
    bool thins() const { return !linear_table().of_float.plan(job_, 0).wide; }
    int64_t scratch_bytes() const { return scratch_.size() + shared_.size(); }

  private:
    static const GramFunctions<float> &functions_of(float) { return gram_table().of_float; }
    static const GramFunctions<double> &functions_of(double) { return gram_table().of_double; }

    void run(const Job &job, bool single) {
        const LinearFunctions &f = single ? linear_table().of_float : linear_table().of_double;
        nb::gil_scoped_release release;
        const FixedThreads fixed = sized(job.K * (job.x.sparse ? job.x.indptr[job.x.n] : job.x.n * job.x.d));
        const Plan plan = f.plan(job, 0);
        f.run(job, plan, scratch_.at_least(plan.scratch * plan.lanes),
              shared_.at_least(plan.shared));
    }

    // One thread for few multiply-adds: waking another takes longer.
    static FixedThreads sized(int64_t work) { return FixedThreads(work < WORTH_WAKING ? 1 : 1 << 30); }

    static int64_t at_least_one(int64_t every) {
        expect(every >= 1, "every must be positive");
        return every;
    }
    const double *all_weights(const Doubles &array) const {
        expect(int64_t(array.size()) == job_.K * (job_.x.d + 1), "weights must be (K, d + 1)");
        return array.data();
    }
    double *all_sums(DoublesOut &array) const {
        expect(int64_t(array.size()) == job_.K * (job_.x.d + 1), "sums must be (K, d + 1)");
        return array.data();
    }
    double *values_of(DoublesOut &array) const {
        expect(int64_t(array.size()) == (job_.coupled ? 1 : job_.K),
               "values must have one entry for each independent part");
        return array.data();
    }
    Doubles penalty_of(nb::object penalty) const {
        if (penalty.is_none()) return Doubles();
        Doubles given = nb::cast<Doubles>(penalty, false);
        expect(int64_t(given.size()) == job_.x.d + 1, "penalty must have shape (d + 1,)");
        return given;
    }
    Floats probs_of(nb::object probs) const {
        if (probs.is_none()) return Floats();
        Floats kept = nb::cast<Floats>(probs, false);
        expect(int64_t(kept.size()) == job_.x.n * job_.K, "probs must have shape (n, K)");
        return kept;
    }

    Job job_;
    nb::object keep_x_, keep_targets_;
    Doubles shift_, scale_, row_weights_, positive_weight_;
    Buffer scratch_, shared_;
};

}  // namespace

void bind_linear(nb::module_ &m) {
    using nb::arg;
    nb::class_<LinearPass>(m, "LinearPass")
        .def(nb::init<int64_t, int64_t, int64_t, bool>())
        .def("set_dense", &LinearPass::set_dense, arg().noconvert(), arg().none(), arg().none())
        .def("set_sparse", &LinearPass::set_sparse, arg().noconvert(), arg().noconvert(),
             arg().noconvert())
        .def("share_features", &LinearPass::share_features)
        .def("set_labels", &LinearPass::set_labels, arg().noconvert(), arg(), arg())
        .def("set_codes", &LinearPass::set_codes, arg().noconvert(), arg(), arg())
        .def("set_values", &LinearPass::set_values, arg().noconvert())
        .def("set_weights", &LinearPass::set_weights, arg().none(), arg().none())
        .def("gradient", &LinearPass::gradient, arg().noconvert(), arg().noconvert(),
             arg().noconvert(), arg().none(), arg(), arg("penalty").none() = nb::none())
        .def("product", &LinearPass::product, arg().noconvert(), arg().noconvert(), arg().none(),
             arg().none(), arg(), arg("every") = 1, arg("penalty").none() = nb::none())
        .def("diagonal", &LinearPass::diagonal, arg().noconvert(), arg().noconvert())
        .def("cg", &LinearPass::cg, arg().noconvert(), arg().noconvert(), arg().noconvert(),
             arg().noconvert(), arg().noconvert(), arg().noconvert(), arg().noconvert(), arg(),
             arg(), arg(), arg(), arg(), arg("every") = 1)
        .def("newton", &LinearPass::newton, arg().noconvert(), arg().noconvert(),
             arg().noconvert(), arg(), arg())
        .def_prop_ro("thins", &LinearPass::thins)
        .def_prop_ro("sparse", [](const LinearPass &pass) { return pass.sparse(); })
        .def("dual", &LinearPass::dual, arg().noconvert(), arg().noconvert(), arg().noconvert(),
             arg().noconvert(), arg().noconvert(), arg().none())
        .def("moments", &LinearPass::moments, arg().none(), arg().noconvert(), arg().noconvert(),
             arg().noconvert(), arg().noconvert(), arg().noconvert(), arg().noconvert(),
             arg().noconvert(), arg().noconvert())
        .def("grams", &LinearPass::grams<float>, arg().none(), arg().none(), arg().noconvert())
        .def("grams", &LinearPass::grams<double>, arg().none(), arg().none(), arg().noconvert())
        .def_prop_ro("scratch_bytes", &LinearPass::scratch_bytes);
}

}  // namespace headway
