#include "bind.hpp"

#include <memory>

#include "factor_table.hpp"
#include "pool.hpp"

namespace headway {
namespace {

const FactorFunctions<float> &functions_of(float) { return factor_table().of_float; }
const FactorFunctions<double> &functions_of(double) { return factor_table().of_double; }

using Table = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using TableOut = nb::ndarray<double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

template <class T> void bind(nb::module_ &m) {
    using Matrices = nb::ndarray<T, nb::ndim<3>, nb::c_contig, nb::device::cpu>;
    m.def(
        "factor",
        [](Matrices matrices, TableOut scales, double floor) {
            const int64_t count = matrices.shape(0), width = matrices.shape(1);
            expect(int64_t(matrices.shape(2)) == width, "matrices must be square");
            expect(int64_t(scales.shape(0)) == count && int64_t(scales.shape(1)) == width,
                   "scales must have shape (count, width)");
            nb::gil_scoped_release release;
            const FixedThreads fixed;
            const std::unique_ptr<T[]> scratch(new T[threads() * FACTOR_STRIP * width]);
            functions_of(T{}).factor(matrices.data(), count, width, scales.data(), floor,
                                     scratch.get());
        },
        nb::arg().noconvert(), nb::arg().noconvert(), nb::arg());
    m.def(
        "factor_solve",
        [](Matrices factors, Table scales, Table rhs, nb::object which, TableOut out) {
            const int64_t count = factors.shape(0), width = factors.shape(1);
            const int64_t rows = rhs.shape(0);
            expect(int64_t(rhs.shape(1)) == width && int64_t(out.shape(1)) == width &&
                       int64_t(out.shape(0)) == rows && int64_t(scales.size()) == count * width,
                   "right sides must have shape (rows, width)");
            const int64_t *places = nullptr;
            In<int64_t> some;
            if (!which.is_none()) {
                some = nb::cast<In<int64_t>>(which, false);
                places = some.data();
                expect(int64_t(some.size()) == rows, "one matrix for each right side");
                for (int64_t r = 0; r < rows; ++r) {
                    expect(places[r] >= 0 && places[r] < count, "no such matrix");
                }
            }
            nb::gil_scoped_release release;
            const FixedThreads fixed;
            const std::unique_ptr<T[]> scratch(new T[threads() * SOLVE_SIDES * width]);
            functions_of(T{}).solve(factors.data(), scales.data(), width, rhs.data(), places, rows,
                                    out.data(), scratch.get());
        },
        nb::arg().noconvert(), nb::arg().noconvert(), nb::arg().noconvert(), nb::arg().none(),
        nb::arg().noconvert());
}

}  // namespace

void bind_factor(nb::module_ &m) {
    bind<float>(m);
    bind<double>(m);
}

}  // namespace headway
