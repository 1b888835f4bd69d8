// A square of LANES x LANES numbers, turned in registers: L rows become L columns.
//
// First the little squares inside the 128-bit parts of the vectors, by unpacking pairs, then the
// parts among the vectors.  That order needs log2(L) shuffles a vector, each one instruction.
#pragma once

#include <utility>

#include "simd.hpp"

namespace headway {
namespace HEADWAY_LEVEL {

template <class T> constexpr int UNIT = 16 / int(sizeof(T));         // entries in 128 bits
template <class T> constexpr int PARTS = LANES<T> / UNIT<T>;  // 128-bit parts in a vector

// Result lane e is lane Pattern::from<T>(e) of (a, b), the lanes of b counted on from LANES.
template <class T, class Pattern, int... E>
HEADWAY_INLINE Vec<T> shuffle(Vec<T> a, Vec<T> b, std::integer_sequence<int, E...>) {
#if defined(__clang__) || __GNUC__ >= 12
    return __builtin_shufflevector(a, b, Pattern::template from<T>(E)...);
#else
    return __builtin_shuffle(a, b, Int<T>{Pattern::template from<T>(E)...});
#endif
}
template <class T, class Pattern> HEADWAY_INLINE Vec<T> shuffle(Vec<T> a, Vec<T> b) {
    return shuffle<T, Pattern>(a, b, std::make_integer_sequence<int, LANES<T>>{});
}

// In each part, the first (or second) halves of a and b, by single entries or by pairs of them.
template <int SIZE, int HALF> struct Unpack {
    template <class T> static constexpr int from(int e) {
        const int part = e / UNIT<T> * UNIT<T>, at = e % UNIT<T>;
        const int piece = at / SIZE;  // 0, 1, ..: alternately of a and b
        const int source = piece / 2 + HALF * (UNIT<T> / SIZE / 2);
        return part + source * SIZE + at % SIZE + (piece % 2) * LANES<T>;
    }
};
// Parts FIRST, FIRST + STEP, .. of a, then of b.
template <int FIRST, int STEP> struct Parts {
    template <class T> static constexpr int from(int e) {
        const int part = e / UNIT<T>, half = PARTS<T> / 2;
        return (FIRST + part % half * STEP) * UNIT<T> + e % UNIT<T> + (part / half) * LANES<T>;
    }
};

template <class T> HEADWAY_INLINE void transpose(Vec<T> (&rows)[LANES<T>]) {
    constexpr int U = UNIT<T>, P = PARTS<T>;
    for (int i = 0; i < LANES<T>; i += U) {
        if constexpr (U == 4) {
            const Vec<T> a = shuffle<T, Unpack<1, 0>>(rows[i], rows[i + 1]);
            const Vec<T> b = shuffle<T, Unpack<1, 1>>(rows[i], rows[i + 1]);
            const Vec<T> c = shuffle<T, Unpack<1, 0>>(rows[i + 2], rows[i + 3]);
            const Vec<T> d = shuffle<T, Unpack<1, 1>>(rows[i + 2], rows[i + 3]);
            rows[i] = shuffle<T, Unpack<2, 0>>(a, c);
            rows[i + 1] = shuffle<T, Unpack<2, 1>>(a, c);
            rows[i + 2] = shuffle<T, Unpack<2, 0>>(b, d);
            rows[i + 3] = shuffle<T, Unpack<2, 1>>(b, d);
        } else {
            const Vec<T> a = rows[i], b = rows[i + 1];
            rows[i] = shuffle<T, Unpack<1, 0>>(a, b);
            rows[i + 1] = shuffle<T, Unpack<1, 1>>(a, b);
        }
    }
    // Part p of rows[U i + j] now holds column U p + j of the rows U i ..
    for (int j = 0; j < U; ++j) {
        if constexpr (P == 2) {
            const Vec<T> a = rows[j], b = rows[U + j];
            rows[j] = shuffle<T, Parts<0, 1>>(a, b);
            rows[U + j] = shuffle<T, Parts<1, 1>>(a, b);
        } else if constexpr (P == 4) {
            const Vec<T> a = shuffle<T, Parts<0, 1>>(rows[j], rows[U + j]);
            const Vec<T> b = shuffle<T, Parts<2, 1>>(rows[j], rows[U + j]);
            const Vec<T> c = shuffle<T, Parts<0, 1>>(rows[2 * U + j], rows[3 * U + j]);
            const Vec<T> d = shuffle<T, Parts<2, 1>>(rows[2 * U + j], rows[3 * U + j]);
            rows[j] = shuffle<T, Parts<0, 2>>(a, c);
            rows[U + j] = shuffle<T, Parts<1, 2>>(a, c);
            rows[2 * U + j] = shuffle<T, Parts<0, 2>>(b, d);
            rows[3 * U + j] = shuffle<T, Parts<1, 2>>(b, d);
        }
    }
}

}  // namespace HEADWAY_LEVEL
}  // namespace headway
