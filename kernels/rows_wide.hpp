// Rows of many columns, one after the other, each read once from memory.
//
// A row that fits into the first-level cache is read for its maximum, read again there for its
// sum, and its results wait in a stage.  A longer row is cut into chunks of that size: each gives
// its own maximum and sum, which are put together (Milakov and Gimelshein 2018), and the second
// reading comes from the second-level cache.  The cuts depend on the shape alone, so it makes no
// difference to any bit whether one thread takes a row or several share it.
#pragma once

#include "rows.hpp"
#include "stream.hpp"

namespace headway {
namespace HEADWAY_LEVEL {
namespace {

constexpr int64_t CHUNK_BYTES = 16384;
template <class T> constexpr int64_t CHUNK = CHUNK_BYTES / int64_t(sizeof(T));
constexpr int64_t MOST_SEGMENTS = 256;

// What a stretch of a row contributes: sum(exp(z)) = exp(top) (1 + rest).
template <class T> struct Share {
    T top;
    double rest;
};

template <class T> HEADWAY_INLINE Share<T> together(Share<T> a, Share<T> b) {
    // exp(-inf) adds nothing, and -inf - -inf would be NaN.
    if (b.rest == -1.0) return a;
    if (a.rest == -1.0) return b;
    if (a.top < b.top) {
        const Share<T> c = a;
        a = b;
        b = c;
    }
    const double weight = __builtin_exp(double(b.top) - double(a.top));
    return {a.top, a.rest + (1.0 + b.rest) * weight};
}

template <class T> HEADWAY_INLINE T row_top(const T *in, int64_t count) {
    constexpr int L = LANES<T>;
    const Vec<T> least = splat<T>(-T(INFINITE));
    Vec<T> tops[4] = {least, least, least, least};
    int64_t i = 0;
    for (; i + 4 * L <= count; i += 4 * L) {
        for (int k = 0; k < 4; ++k) tops[k] = larger<T>(load<T>(in + i + k * L), tops[k]);
    }
    for (; i + L <= count; i += L) tops[0] = larger<T>(load<T>(in + i), tops[0]);
    if (i < count) tops[1] = larger<T>(load_some<T>(in + i, count - i, -T(INFINITE)), tops[1]);
    return largest<T>(larger<T>(larger<T>(tops[0], tops[1]), larger<T>(tops[2], tops[3])));
}

// sum(exp(z - top)) - 1; with COUNTED, exact however small.  Leaves exp(z - top) in `stage` if
// there is one.  What lies `count` entries ahead is fetched meanwhile.
template <bool COUNTED, bool STAGED, class T>
HEADWAY_INLINE double row_rest(const T *in, T *stage, int64_t count, T top) {
    constexpr int L = LANES<T>;
    Sum<T> total;
    Vec<T> ties{};
    const Vec<T> shift = splat<T>(top);
    const auto term = [&](Vec<T> z, int64_t i) {
        const Vec<T> d = z - shift;
        Vec<T> e = exp_negative<T>(d);
        if constexpr (STAGED) store<T>(stage + i, e);
        if constexpr (COUNTED) {
            const Int<T> at_top = d == splat<T>(0);
            ties += choose<T>(at_top, splat<T>(1), Vec<T>{});
            e = choose<T>(at_top, Vec<T>{}, e);
        }
        return e;
    };
    int64_t i = 0;
    for (; i + 4 * L <= count; i += 4 * L) {
        for (int k = 0; k < 4 * L * int(sizeof(T)) / 64; ++k) {
            __builtin_prefetch(reinterpret_cast<const char *>(in + i + count) + 64 * k);
        }
        Vec<T> e[4];
        for (int k = 0; k < 4; ++k) e[k] = term(load<T>(in + i + k * L), i + k * L);
        total.add(e[0], e[1], e[2], e[3]);
    }
    for (; i + L <= count; i += L) total.add(term(load<T>(in + i), i));
    if (i < count) total.add(term(load_some<T>(in + i, count - i, -T(INFINITE)), i));
    const double ones = COUNTED ? double(sum<T>(ties)) : 0.0;
    return total.total() + (ones - 1.0);
}

template <bool COUNTED, class T> HEADWAY_INLINE Share<T> chunk_share(const T *in, int64_t count) {
    const T top = row_top(in, count);
    // Shifted by 0, a chunk of nothing but -inf sums to 0.
    return {top, row_rest<COUNTED, false, T>(in, nullptr, count, top == -T(INFINITE) ? T(0) : top)};
}

template <bool COUNTED, class T> Share<T> segment_share(const T *in, int64_t count) {
    Share<T> all{-T(INFINITE), -1.0};
    for (int64_t i = 0; i < count; i += CHUNK<T>) {
        const int64_t some = count - i < CHUNK<T> ? count - i : CHUNK<T>;
        all = together(all, chunk_share<COUNTED>(in + i, some));
    }
    return all;
}

// How a long row is cut: into at most MOST_SEGMENTS segments of whole chunks.
template <class T> HEADWAY_INLINE int64_t segment_length(int64_t n_columns) {
    const int64_t chunks = (n_columns + CHUNK<T> - 1) / CHUNK<T>;
    const int64_t a_segment = (chunks + MOST_SEGMENTS - 1) / MOST_SEGMENTS;
    return CHUNK<T> * (a_segment < 4 ? 4 : a_segment);
}

// log(1 + rest), in double.
HEADWAY_INLINE double log_total(double rest) {
    return log1p_positive<double>(splat<double>(rest))[0];
}

template <Result KIND, class T>
void finish_segment(const T *in, T *out, int64_t count, Share<T> row, bool streaming) {
    const Vec<T> top = splat<T>(row.top);
    const Vec<T> scale =
        splat<T>(T(KIND == Result::softmax ? 1.0 / (1.0 + row.rest) : log_total(row.rest)));
    const auto f = [=](Vec<T> z) {
        if constexpr (KIND == Result::softmax) {
            return exp_negative<T>(z - top) * scale;
        } else {
            return (z - top) - scale;
        }
    };
    map(in, out, count, f, streaming);
}

template <Result KIND, class T> HEADWAY_INLINE T log_of_sum(Share<T> row) {
    return T(double(row.top) + log_total(row.rest));
}

// A row longer than a chunk, by one thread; true if all its entries are -inf.
template <Result KIND, class T>
bool long_row(const T *in, T *out, int64_t n_columns, bool streaming) {
    constexpr bool COUNTED = KIND != Result::softmax;
    const int64_t length = segment_length<T>(n_columns);
    Share<T> row{-T(INFINITE), -1.0};
    for (int64_t i = 0; i < n_columns; i += length) {
        const int64_t count = n_columns - i < length ? n_columns - i : length;
        row = together(row, segment_share<COUNTED>(in + i, count));
    }
    if (is_infinite(row.top)) return limits<KIND>(in, out, n_columns);
    if constexpr (KIND == Result::logsumexp) {
        *out = log_of_sum<KIND>(row);
    } else {
        finish_segment<KIND>(in, out, n_columns, row, streaming);
    }
    return false;
}

// A row of up to a chunk; true if all its entries are -inf.
template <Result KIND, class T>
HEADWAY_INLINE bool wide_row(const T *in, T *out, int64_t n_columns, bool streaming, T *stage) {
    const T top = row_top(in, n_columns);
    if (__builtin_expect(is_infinite(top), 0)) return limits<KIND>(in, out, n_columns);
    if constexpr (KIND == Result::softmax) {
        const double rest = row_rest<false, true, T>(in, stage, n_columns, top);
        const Vec<T> scale = splat<T>(T(1.0 / (1.0 + rest)));
        map(stage, out, n_columns, [=](Vec<T> e) { return e * scale; }, streaming);
    } else {
        const Share<T> row{top, row_rest<true, false, T>(in, nullptr, n_columns, top)};
        if constexpr (KIND == Result::logsumexp) {
            *out = log_of_sum<KIND>(row);
        } else {
            finish_segment<KIND>(in, out, n_columns, row, streaming);
        }
    }
    return false;
}

template <Result KIND, class T>
void wide_rows(const T *in, T *out, int64_t first_row, int64_t n_rows, int64_t n_columns,
               bool streaming, FirstRow &impossible) {
    alignas(64) T stage[CHUNK<T> + LANES<T>];
    const int64_t width = KIND == Result::logsumexp ? 1 : n_columns;
    for (int64_t r = 0; r < n_rows; ++r) {
        const T *from = in + r * n_columns;
        T *to = out + r * width;
        const bool nothing = n_columns <= CHUNK<T>
                                 ? wide_row<KIND>(from, to, n_columns, streaming, stage)
                                 : long_row<KIND>(from, to, n_columns, streaming);
        if (nothing) impossible.report(first_row + r);
    }
}

}  // namespace
}  // namespace HEADWAY_LEVEL
}  // namespace headway
