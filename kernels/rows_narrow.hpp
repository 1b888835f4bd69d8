// Rows of few columns: LANES rows at a time, one a lane.
//
// Row by row, a vector of 16 floats would be mostly empty and every row would end in two
// reductions across its lanes.  Instead 16 bytes of each row (a group of GROUP entries) are put
// side by side and transposed within each 16 bytes of the vector, so that a vector holds one
// column of LANES rows; maxima, sums and logarithms are then lane by lane.
//
// The steps are taken for some blocks of LANES rows together, through the first-level cache: the
// chain from the maximum to the result is long, and many are under way at once.
//
// The traps: a group at the end of a row holds entries of the next one, which are not used; and
// when such a group is written back it spills over into the next row, so that it goes before the
// groups that are written there.
#pragma once

#include "rows.hpp"
#include "stream.hpp"

namespace headway {
namespace HEADWAY_LEVEL {
namespace {

constexpr int64_t NARROW = 128;  // columns at most

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

template <int PART, class T> HEADWAY_INLINE void store_part(T *p, Vec<T> v) {
#if HEADWAY_BYTES == 64
    const __m128i part = _mm512_maskz_extracti32x4_epi32((__mmask8)-1, (__m512i)v, PART);
    _mm_storeu_si128(reinterpret_cast<__m128i *>(p), part);
#elif HEADWAY_BYTES == 32
    const __m128i part = _mm256_extracti128_si256((__m256i)v, PART);
    _mm_storeu_si128(reinterpret_cast<__m128i *>(p), part);
#else
    store<T>(p, v);
#endif
}

// The way back for a whole group, in ascending order of the rows.
template <class T> HEADWAY_INLINE void store_group(T *p, const Vec<T> *group, int64_t n_columns) {
    constexpr int G = GROUP<T>;
    for (int i = 0; i < G; ++i) store_part<0>(p + i * n_columns, group[i]);
    if constexpr (PARTS >= 2) {
        for (int i = 0; i < G; ++i) store_part<1>(p + (G + i) * n_columns, group[i]);
    }
    if constexpr (PARTS == 4) {
        for (int i = 0; i < G; ++i) store_part<2>(p + (2 * G + i) * n_columns, group[i]);
        for (int i = 0; i < G; ++i) store_part<3>(p + (3 * G + i) * n_columns, group[i]);
    }
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

constexpr int64_t STAGE_BYTES = 8192;  // two stages and the input share the first-level cache
template <class T> constexpr int64_t STAGE = STAGE_BYTES / int64_t(sizeof(T));

HEADWAY_INLINE int64_t round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

// Blocks of LANES rows that go through the steps below together, so that no step waits for the
// last one.
template <class T> HEADWAY_INLINE int64_t narrow_blocks(int64_t n_columns) {
    return STAGE<T> / (LANES<T> * round_up(n_columns, GROUP<T>));
}

// Step 1: the columns of LANES rows (readable for GROUP entries beyond them), and their maxima.
template <class T>
HEADWAY_INLINE Vec<T> take_columns(const T *in, Vec<T> *columns, int64_t n_columns) {
    constexpr int G = GROUP<T>;
    const auto take = [=](int64_t j) {
        for (int i = 0; i < G; ++i) {
            columns[j + i] = load_parts(in + i * n_columns + j, G * n_columns);
        }
        transpose(columns + j);
    };
    Vec<T> top = splat<T>(-T(INFINITE));
    int64_t j = 0;
    for (; j + G <= n_columns; j += G) {
        take(j);
        for (int i = 0; i < G; ++i) top = larger<T>(columns[j + i], top);
    }
    if (j < n_columns) {
        take(j);
        for (; j < n_columns; ++j) top = larger<T>(columns[j], top);
    }
    return top;
}

// Asks for the i-th vector of a block that will be read soon, harmlessly if it is beyond the end:
// the processor itself does not foresee that LANES rows are read at a time.
template <class T> HEADWAY_INLINE void fetch(const T *block, int64_t i) {
    if (i * BYTES % 64 == 0) {
        __builtin_prefetch(
            reinterpret_cast<const void *>(reinterpret_cast<uintptr_t>(block) + i * BYTES));
    }
}

// Step 2: exp(d) (for softmax) or d in place of the logits; returns what step 3 applies to them.
// With AHEAD, fetches a block meanwhile.
template <Result KIND, bool AHEAD, class T>
HEADWAY_INLINE Vec<T> weigh_columns(Vec<T> *columns, int64_t n_columns, Vec<T> top,
                                    const T *ahead) {
    Vec<T> ties{};
    const auto weigh = [&](int64_t j) {
        if constexpr (AHEAD) fetch(ahead, j);
        const Vec<T> d = columns[j] - top;
        Vec<T> e = exp_negative<T>(d);
        if constexpr (KIND == Result::softmax) {
            columns[j] = e;
        } else {
            const Int<T> at_top = d == splat<T>(0);
            ties += choose<T>(at_top, splat<T>(1), Vec<T>{});
            e = choose<T>(at_top, Vec<T>{}, e);
            columns[j] = d;
        }
        return e;
    };
    // Sums of 4, of 16 and of all: few roundings for each term.
    Vec<T> total{};
    int64_t j = 0;
    while (j < n_columns) {
        Vec<T> part{};
        for (const int64_t end = j + 16; j < end && j + 4 <= n_columns; j += 4) {
            const Vec<T> a = weigh(j), b = weigh(j + 1), c = weigh(j + 2), d = weigh(j + 3);
            part += (a + b) + (c + d);
        }
        for (; j + 4 > n_columns && j < n_columns; ++j) part += weigh(j);
        total += part;
    }
    if constexpr (KIND == Result::softmax) {
        return splat<T>(1) / total;
    } else {
        return log1p_positive<T>(total + (ties - splat<T>(1)));
    }
}

// Step 3: the results of LANES rows; GROUP entries beyond them are spilled into.
template <Result KIND, class T>
HEADWAY_INLINE void put_columns(Vec<T> *columns, T *out, int64_t n_columns, Vec<T> scale) {
    constexpr int G = GROUP<T>;
    const auto put = [=](int64_t j) {
        Vec<T> group[G];
        for (int i = 0; i < G; ++i) {
            group[i] = KIND == Result::softmax ? columns[j + i] * scale : columns[j + i] - scale;
        }
        transpose(group);
        store_group(out + j, group, n_columns);
    };
    // The group that spills goes first: the next row's own entries come over what it spills.
    const int64_t whole = n_columns / G * G;
    if (whole < n_columns) put(whole);
    for (int64_t j = 0; j < whole; j += G) put(j);
}

template <Result KIND, class T>
void narrow_rows(const T *in, T *out, int64_t first_row, int64_t n_rows, int64_t n_columns,
                 bool streaming, FirstRow &impossible) {
    constexpr int64_t L = LANES<T>;
    constexpr int64_t MOST_BLOCKS = STAGE<T> / (L * GROUP<T>);
    Vec<T> columns[STAGE<T> / L], tops[MOST_BLOCKS], scales[MOST_BLOCKS];
    alignas(64) T stage[STAGE<T> + GROUP<T>];
    alignas(64) T edge[L * NARROW + GROUP<T>];
    constexpr bool ONE_A_ROW = KIND == Result::logsumexp;
    const int64_t width = ONE_A_ROW ? 1 : n_columns;
    const int64_t padded = round_up(n_columns, GROUP<T>);
    const int64_t most = narrow_blocks<T>(n_columns) * L;
    const int64_t readable = n_rows * n_columns - GROUP<T>;
    for (int64_t start = 0; start < n_rows; start += most) {
        const int64_t count = n_rows - start < most ? n_rows - start : most;
        const int64_t blocks = (count + L - 1) / L;
        const auto block = [&](int64_t b) { return columns + b * padded; };
        Int<T> odd{};
        for (int64_t b = 0; b < blocks; ++b) {
            const int64_t row = start + b * L;
            const T *from = in + row * n_columns;
            if ((row + L) * n_columns > readable) {
                // The last rows: nothing is read beyond them.
                const int64_t left = (n_rows - row < L ? n_rows - row : L) * n_columns;
                for (int64_t i = 0; i < left; ++i) edge[i] = from[i];
                for (int64_t i = left; i < L * n_columns + GROUP<T>; ++i) edge[i] = 0;
                from = edge;
            }
            tops[b] = take_columns(from, block(b), n_columns);
            odd |= ~((tops[b] - tops[b]) == splat<T>(0));
        }
        for (int64_t b = 0; b < blocks; ++b) {
            // Interleaved, unless there is too little to interleave it with.
            const T *ahead = in + (start + count + b * L) * n_columns;
            if (n_columns < 16) {
                for (int64_t i = 0; i < n_columns; ++i) fetch(ahead, i);
                scales[b] = weigh_columns<KIND, false, T>(block(b), n_columns, tops[b], ahead);
            } else {
                scales[b] = weigh_columns<KIND, true, T>(block(b), n_columns, tops[b], ahead);
            }
        }
        for (int64_t b = 0; b < blocks; ++b) {
            if constexpr (ONE_A_ROW) {
                store<T>(stage + b * L, tops[b] + scales[b]);
            } else {
                put_columns<KIND>(block(b), stage + b * L * n_columns, n_columns, scales[b]);
            }
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
        map(stage, out + start * width, count * width, [](Vec<T> v) { return v; }, streaming);
    }
}

}  // namespace
}  // namespace HEADWAY_LEVEL
}  // namespace headway
