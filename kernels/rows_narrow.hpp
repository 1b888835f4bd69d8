// Rows of few columns: LANES rows at a time, one a lane.
//
// Row by row, a vector of 16 floats would be mostly empty and every row would end in two
// reductions across its lanes.  Instead 16 bytes of each row (a group of GROUP entries) are put
// side by side and transposed within each 16 bytes of the vector, so that a vector holds one
// column of LANES rows; maxima, sums and logarithms are then lane by lane.
//
// The traps: a group at the end of a row holds entries of the next one, which are not used; and
// when groups are written back, what they spill over into the next row is overwritten by that
// row, so that rows must be written in ascending order.
#pragma once

#include "rows.hpp"
#include "stream.hpp"

namespace headway {
namespace HEADWAY_LEVEL {
namespace {

constexpr int64_t NARROW = 32;  // columns at most

template <class T> constexpr int GROUP = 16 / int(sizeof(T));
constexpr int PARTS = BYTES / 16;

// 16 bytes from each of p, p + step, ...
template <class T> HEADWAY_INLINE Vec<T> load_parts(const T *p, int64_t step) {
#if HEADWAY_BYTES >= 32
    const auto part = [=](int i) {
        return _mm_loadu_si128(reinterpret_cast<const __m128i *>(p + i * step));
    };
#endif
#if HEADWAY_BYTES == 64
    __m512i v = _mm512_castsi128_si512(part(0));
    v = _mm512_inserti32x4(v, part(1), 1);
    v = _mm512_inserti32x4(v, part(2), 2);
    return (Vec<T>)_mm512_inserti32x4(v, part(3), 3);
#elif HEADWAY_BYTES == 32
    return (Vec<T>)_mm256_inserti128_si256(_mm256_castsi128_si256(part(0)), part(1), 1);
#else
    (void)step;
    return load<T>(p);
#endif
}

// In each 16 bytes: a0 b0 a1 b1 of the low halves, or of the high ones.
HEADWAY_INLINE VecFloat zip_low(VecFloat a, VecFloat b) {
#if HEADWAY_BYTES == 64
    return (VecFloat)_mm512_maskz_unpacklo_ps((__mmask16)-1, (__m512)a, (__m512)b);
#elif HEADWAY_BYTES == 32
    return (VecFloat)_mm256_unpacklo_ps((__m256)a, (__m256)b);
#else
    return VecFloat{a[0], b[0], a[1], b[1]};
#endif
}
HEADWAY_INLINE VecFloat zip_high(VecFloat a, VecFloat b) {
#if HEADWAY_BYTES == 64
    return (VecFloat)_mm512_maskz_unpackhi_ps((__mmask16)-1, (__m512)a, (__m512)b);
#elif HEADWAY_BYTES == 32
    return (VecFloat)_mm256_unpackhi_ps((__m256)a, (__m256)b);
#else
    return VecFloat{a[2], b[2], a[3], b[3]};
#endif
}
HEADWAY_INLINE VecDouble zip_low(VecDouble a, VecDouble b) {
#if HEADWAY_BYTES == 64
    return (VecDouble)_mm512_maskz_unpacklo_pd((__mmask8)-1, (__m512d)a, (__m512d)b);
#elif HEADWAY_BYTES == 32
    return (VecDouble)_mm256_unpacklo_pd((__m256d)a, (__m256d)b);
#else
    return VecDouble{a[0], b[0]};
#endif
}
HEADWAY_INLINE VecDouble zip_high(VecDouble a, VecDouble b) {
#if HEADWAY_BYTES == 64
    return (VecDouble)_mm512_maskz_unpackhi_pd((__mmask8)-1, (__m512d)a, (__m512d)b);
#elif HEADWAY_BYTES == 32
    return (VecDouble)_mm256_unpackhi_pd((__m256d)a, (__m256d)b);
#else
    return VecDouble{a[1], b[1]};
#endif
}

// GROUP vectors, each 16 bytes of them transposed like a small square matrix.
HEADWAY_INLINE void transpose(VecFloat *v) {
    const VecDouble low0 = (VecDouble)zip_low(v[0], v[1]), high0 = (VecDouble)zip_high(v[0], v[1]);
    const VecDouble low1 = (VecDouble)zip_low(v[2], v[3]), high1 = (VecDouble)zip_high(v[2], v[3]);
    v[0] = (VecFloat)zip_low(low0, low1);
    v[1] = (VecFloat)zip_high(low0, low1);
    v[2] = (VecFloat)zip_low(high0, high1);
    v[3] = (VecFloat)zip_high(high0, high1);
}
HEADWAY_INLINE void transpose(VecDouble *v) {
    const VecDouble low = zip_low(v[0], v[1]), high = zip_high(v[0], v[1]);
    v[0] = low;
    v[1] = high;
}

// LANES rows from `in` (readable for GROUP entries beyond them) to `out` (writable likewise), or
// one number a row for logsumexp.  `odd` collects the rows whose largest entry is not finite.
template <Result KIND, class T>
HEADWAY_INLINE void narrow_block(const T *in, T *out, int64_t n_columns, Int<T> &odd) {
    constexpr int G = GROUP<T>;
    const int64_t padded = (n_columns + G - 1) / G * G;
    Vec<T> columns[NARROW];
    Vec<T> top = splat<T>(-T(INFINITE));
    for (int64_t j = 0; j < padded; j += G) {
        Vec<T> group[G];
        for (int i = 0; i < G; ++i) group[i] = load_parts(in + i * n_columns + j, G * n_columns);
        transpose(group);
        for (int i = 0; i < G; ++i) {
            columns[j + i] = group[i];
            if (j + i < n_columns) top = larger<T>(group[i], top);
        }
    }
    odd |= ~((top - top) == splat<T>(0));

    // Four sums: a shorter chain, and fewer roundings for each term.
    Vec<T> sums[4] = {};
    Vec<T> ties{};
    for (int64_t j = 0; j < n_columns; ++j) {
        const Vec<T> d = columns[j] - top;
        Vec<T> e = exp<T>(d);
        if constexpr (KIND == Result::softmax) {
            columns[j] = e;
        } else {
            const Int<T> at_top = d == splat<T>(0);
            ties += choose<T>(at_top, splat<T>(1), Vec<T>{});
            e = choose<T>(at_top, Vec<T>{}, e);
            columns[j] = d;
        }
        sums[j % 4] += e;
    }
    const Vec<T> total = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    if constexpr (KIND == Result::logsumexp) {
        store<T>(out, top + log1p_positive<T>(total + (ties - splat<T>(1))));
        return;
    }
    const Vec<T> scale = KIND == Result::softmax
                             ? splat<T>(1) / total
                             : log1p_positive<T>(total + (ties - splat<T>(1)));
    for (int64_t j = 0; j < padded; j += G) {
        Vec<T> group[G];
        for (int i = 0; i < G; ++i) {
            group[i] = KIND == Result::softmax ? columns[j + i] * scale : columns[j + i] - scale;
        }
        transpose(group);
        for (int i = 0; i < G; ++i) columns[j + i] = group[i];
    }
    for (int part = 0; part < PARTS; ++part) {
        for (int i = 0; i < G; ++i) {
            for (int64_t j = 0; j < padded; j += G) {
                std::memcpy(out + (part * G + i) * n_columns + j,
                            reinterpret_cast<const char *>(&columns[j + i]) + 16 * part, 16);
            }
        }
    }
}

constexpr int64_t STAGE_BYTES = 8192;  // results wait here, in the first-level cache

// Rows that pass through the stage together: whole blocks.
template <class T> HEADWAY_INLINE int64_t narrow_stage(int64_t n_columns) {
    const int64_t blocks = STAGE_BYTES / int64_t(sizeof(T)) / (LANES<T> * n_columns);
    return (blocks < 1 ? 1 : blocks) * LANES<T>;
}

template <Result KIND, class T>
void narrow_rows(const T *in, T *out, int64_t first_row, int64_t n_rows, int64_t n_columns,
                 bool streaming, FirstRow &impossible) {
    constexpr int64_t L = LANES<T>;
    // A stage holds whole blocks: at most STAGE_BYTES, or one block of NARROW columns.
    constexpr int64_t ONE = L * NARROW;
    constexpr int64_t MOST = STAGE_BYTES / int64_t(sizeof(T)) > ONE ? STAGE_BYTES / int64_t(sizeof(T)) : ONE;
    alignas(64) T stage[MOST + GROUP<T>];
    alignas(64) T edge[ONE + GROUP<T>];
    constexpr bool ONE_A_ROW = KIND == Result::logsumexp;
    const int64_t width = ONE_A_ROW ? 1 : n_columns;
    const int64_t most = narrow_stage<T>(n_columns);
    const int64_t readable = n_rows * n_columns - GROUP<T>;
    for (int64_t start = 0; start < n_rows; start += most) {
        const int64_t count = n_rows - start < most ? n_rows - start : most;
        Int<T> odd{};
        for (int64_t row = 0; row < count; row += L) {
            const T *from = in + (start + row) * n_columns;
            if ((start + row + L) * n_columns > readable) {
                // The last rows, and nothing of them is read beyond the end.
                const int64_t left = n_rows - start - row < L ? n_rows - start - row : L;
                for (int64_t i = 0; i < left * n_columns; ++i) edge[i] = from[i];
                for (int64_t i = left * n_columns; i < L * n_columns + GROUP<T>; ++i) edge[i] = 0;
                from = edge;
            }
            narrow_block<KIND>(from, stage + row * width, n_columns, odd);
        }
        if (__builtin_expect(any<T>(odd), 0)) {
            for (int64_t row = 0; row < count; ++row) {
                const T *from = in + (start + row) * n_columns;
                T top = -T(INFINITE);
                for (int64_t j = 0; j < n_columns; ++j) top = from[j] > top ? from[j] : top;
                if (is_infinite(top) && limits<KIND>(from, stage + row * width, n_columns)) {
                    impossible.report(first_row + start + row);
                }
            }
        }
        copy(stage, out + start * width, count * width, streaming);
    }
}

}  // namespace
}  // namespace HEADWAY_LEVEL
}  // namespace headway
