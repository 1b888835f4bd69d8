// Softmax, its logarithm and its potential: which way the rows of a matrix go, and in what tasks.
#include "pool.hpp"
#include "rows_narrow.hpp"
#include "rows_table.hpp"
#include "rows_wide.hpp"

namespace headway {
namespace HEADWAY_LEVEL {
namespace {

constexpr int64_t TASK = int64_t(1) << 15;  // entries, about

// A few long rows: all threads share each row, segment by segment.
template <Result KIND, class T>
void shared_rows(const T *in, T *out, int64_t n_rows, int64_t n_columns, bool streaming,
                 FirstRow &impossible) {
    constexpr bool COUNTED = KIND != Result::softmax;
    const int64_t length = segment_length<T>(n_columns);
    const int64_t segments = (n_columns + length - 1) / length;
    const auto size_of = [=](int64_t i) {
        return n_columns - i * length < length ? n_columns - i * length : length;
    };
    for (int64_t r = 0; r < n_rows; ++r) {
        const T *from = in + r * n_columns;
        Share<T> shares[MOST_SEGMENTS];
        parallel(segments, [&](int64_t i) {
            shares[i] = segment_share<COUNTED>(from + i * length, size_of(i));
        });
        Share<T> row{-T(INFINITE), -1.0};
        for (int64_t i = 0; i < segments; ++i) row = together(row, shares[i]);
        T *to = out + (KIND == Result::logsumexp ? r : r * n_columns);
        if (is_infinite(row.top)) {
            if (limits<KIND>(from, to, n_columns)) impossible.report(r);
        } else if constexpr (KIND == Result::logsumexp) {
            *to = log_of_sum<KIND>(row);
        } else {
            parallel(segments, [&](int64_t i) {
                finish_segment<KIND>(from + i * length, to + i * length, size_of(i), row,
                                     streaming);
                if (streaming) end_of_stream();
            });
        }
    }
}

template <Result KIND, class T>
int64_t every(const T *in, T *out, int64_t n_rows, int64_t n_columns) {
    const int64_t width = KIND == Result::logsumexp ? 1 : n_columns;
    const bool streaming = worth_streaming(in, out, n_rows * width);
    FirstRow impossible;
    if (n_columns > CHUNK<T> * 8 && n_rows < 4 * threads()) {
        shared_rows<KIND>(in, out, n_rows, n_columns, streaming, impossible);
        return impossible.get();
    }
    const int64_t together = n_columns <= NARROW ? narrow_blocks<T>(n_columns) * LANES<T> : 1;
    const int64_t wanted = TASK / (together * n_columns);
    const int64_t step = together * (wanted < 1 ? 1 : wanted);
    parallel((n_rows + step - 1) / step, [&](int64_t task) {
        const int64_t start = task * step;
        const int64_t count = n_rows - start < step ? n_rows - start : step;
        const T *from = in + start * n_columns;
        T *to = out + start * width;
        if (n_columns <= NARROW) {
            narrow_rows<KIND>(from, to, start, count, n_columns, streaming, impossible);
        } else {
            wide_rows<KIND>(from, to, start, count, n_columns, streaming, impossible);
        }
        if (streaming) end_of_stream();
    });
    return impossible.get();
}

template <class T> constexpr RowFunctions<T> FUNCTIONS = {
    every<Result::softmax, T>, every<Result::log_softmax, T>, every<Result::logsumexp, T>};

}  // namespace

extern const RowTable row_table = {FUNCTIONS<float>, FUNCTIONS<double>};

}  // namespace HEADWAY_LEVEL
}  // namespace headway
