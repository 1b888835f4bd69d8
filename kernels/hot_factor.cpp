// The factors and solves of factor.hpp, on many matrices.
#include "factor.hpp"

namespace headway {
namespace HEADWAY_LEVEL {
namespace {

template <class T>
void factor(T *matrices, int64_t count, int64_t width, double *scales, double floor, T *scratch) {
    parallel(count, [&](int64_t c) {
        factor_one<T>(matrices + c * width * width, width, scales + c * width, floor,
                      scratch + worker_index() * STRIP * width);
    });
}

template <class T>
void solve(const T *factors, const double *scales, int64_t w, const double *rhs,
           const int64_t *which, int64_t rows, double *out, T *scratch) {
    const auto place = [&] { return scratch + worker_index() * SOLVE_SIDES * w; };
    if (which != nullptr) {
        parallel(rows, [&](int64_t r) {
            const int64_t c = which[r];
            solve_some<T, 1>(factors + c * w * w, scales + c * w, w, rhs + r * w, out + r * w,
                             place());
        });
        return;
    }
    parallel(pieces(rows, SOLVE_SIDES), [&](int64_t task) {
        const int64_t r = task * SOLVE_SIDES;
        const double *b = rhs + r * w;
        double *x = out + r * w;
        switch (rows - r < SOLVE_SIDES ? rows - r : SOLVE_SIDES) {
            case 4: return solve_some<T, 4>(factors, scales, w, b, x, place());
            case 3: return solve_some<T, 3>(factors, scales, w, b, x, place());
            case 2: return solve_some<T, 2>(factors, scales, w, b, x, place());
            default: return solve_some<T, 1>(factors, scales, w, b, x, place());
        }
    });
}

}  // namespace

extern const FactorTable factor_table = {{factor<float>, solve<float>},
                                         {factor<double>, solve<double>}};

}  // namespace HEADWAY_LEVEL
}  // namespace headway
