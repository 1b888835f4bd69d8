#include "math.hpp"
#include "math_table.hpp"

namespace headway {
namespace HEADWAY_LEVEL {
namespace {

template <class T, class F> void map(const T *in, T *out, int64_t size, F f) {
    for (int64_t i = 0; i < size; i += LANES<T>) {
        const int64_t count = size - i < LANES<T> ? size - i : LANES<T>;
        store_some<T>(out + i, f(load_some<T>(in + i, count, T(0))), count);
    }
}
template <class T> void exp_many(const T *in, T *out, int64_t size) {
    map(in, out, size, [](Vec<T> x) { return exp<T>(x); });
}
template <class T> void log1p_many(const T *in, T *out, int64_t size) {
    map(in, out, size, [](Vec<T> x) { return log1p_positive<T>(x); });
}
template <class T> void log1p_unit_many(const T *in, T *out, int64_t size) {
    map(in, out, size, [](Vec<T> x) { return log1p_unit<T>(x); });
}
template <class T> constexpr MathFunctions<T> FUNCTIONS = {
    exp_many<T>, log1p_many<T>, log1p_unit_many<T>};

}  // namespace

extern const MathTable math_table = {FUNCTIONS<float>, FUNCTIONS<double>};

}  // namespace HEADWAY_LEVEL
}  // namespace headway
