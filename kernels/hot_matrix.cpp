#include "gemm.hpp"
#include "matrix_table.hpp"

namespace headway {
namespace HEADWAY_LEVEL {
namespace {

template <class T> constexpr MatrixFunctions<T> FUNCTIONS = {
    packed_size<T>,       pack_weights<T>,      multiply_forward<T>,
    multiply_backward<T>, multiply_features<T>, add_gram<T>};

}  // namespace

extern const MatrixTable matrix_table = {FUNCTIONS<float>, FUNCTIONS<double>};

}  // namespace HEADWAY_LEVEL
}  // namespace headway
