// The innermost loop of every product of matrices: a tile of C that stays in registers.
//
//     C[r, v] (+)= sum_l A[r, l] B[l, v]      r < ROWS, v < VECTORS * LANES<T>
//
// Each step of l loads VECTORS vectors of B and broadcasts ROWS numbers of A.  ROWS * VECTORS
// accumulators hide the latency of the multiply-add and leave room for those operands: 24 of 32
// registers with AVX-512 or NEON, 12 of 16 with AVX2, 8 of 16 where a product needs a register
// of its own (SSE2).
#pragma once

#include "simd.hpp"

#if defined(__clang__)
#define HEADWAY_UNROLL _Pragma("unroll")
#else
#define HEADWAY_UNROLL _Pragma("GCC unroll 32")
#endif

// Keeps a vector that is used several times in a register: compilers else fold its load into
// each use, and loads that cross a cache line are what these loops wait for.
#if defined(__x86_64__)
#define HEADWAY_KEEP(vector) __asm__("" : "+v"(vector))
#elif defined(__aarch64__)
#define HEADWAY_KEEP(vector) __asm__("" : "+w"(vector))
#else
#define HEADWAY_KEEP(vector)
#endif

// A pointer of which the compiler no longer knows how it lies to others.
#define HEADWAY_APART(pointer) __asm__("" : "+r"(pointer))

namespace headway {
namespace HEADWAY_LEVEL {

#if defined(HEADWAY_AVX512) || defined(__aarch64__)
constexpr int TILE_FILE = 32;  // vector registers of the processor
constexpr int TILE_REGISTERS = 24;
#elif HEADWAY_BYTES == 32
constexpr int TILE_FILE = 16;
constexpr int TILE_REGISTERS = 12;
#else
constexpr int TILE_FILE = 15;  // of 16, with one for the product
constexpr int TILE_REGISTERS = 8;
#endif
constexpr int TILE_VECTORS = 2;
constexpr int TILE_ROWS = TILE_REGISTERS / TILE_VECTORS;
template <class T> constexpr int64_t TILE_COLUMNS = int64_t(TILE_VECTORS) * LANES<T>;

// How the rows of a tile lie in A: contiguous along the depth (A as it is), or side by side
// (A is the transpose of what is stored).
enum class Rows { along, across };

// The last vector may be partial: `columns` of C are written, more than (VECTORS - 1) * LANES.
template <class T, int ROWS, int VECTORS, Rows LIE>
void tile(const T *A, int64_t lda, int64_t depth, const T *B, int64_t ldb, T *C, int64_t ldc,
          int64_t columns, bool add) {
    // C may be far away: ask for it now, use it at the end.
    HEADWAY_UNROLL
    for (int r = 0; r < ROWS; ++r) {
        HEADWAY_UNROLL
        for (int v = 0; v < VECTORS; ++v) __builtin_prefetch(C + r * ldc + v * LANES<T>, 1);
    }
    Vec<T> total[ROWS][VECTORS] = {};
    // Many rows along the depth are reached from a few pointers, each for three rows: a distance
    // for each row would not fit into the registers for addresses.
    constexpr int EACH = LIE == Rows::along && ROWS > 8 ? 3 : ROWS;
    constexpr int POINTERS = (ROWS + EACH - 1) / EACH;
    const T *a_of[POINTERS];
    HEADWAY_UNROLL
    for (int p = 0; p < POINTERS; ++p) {
        a_of[p] = A + p * EACH * lda;
        if (POINTERS > 1) HEADWAY_APART(a_of[p]);
    }
    for (int64_t l = 0; l < depth; ++l) {
        Vec<T> b[VECTORS];
        HEADWAY_UNROLL
        for (int v = 0; v < VECTORS; ++v) {
            b[v] = load<T>(B + v * LANES<T>);
            if (ROWS > 1) HEADWAY_KEEP(b[v]);
        }
        HEADWAY_UNROLL
        for (int r = 0; r < ROWS; ++r) {
            const Vec<T> a = splat<T>(a_of[r / EACH][LIE == Rows::along ? r % EACH * lda : r]);
            HEADWAY_UNROLL
            for (int v = 0; v < VECTORS; ++v) total[r][v] = fma<T>(a, b[v], total[r][v]);
        }
        B += ldb;
        HEADWAY_UNROLL
        for (int p = 0; p < POINTERS; ++p) a_of[p] += LIE == Rows::along ? 1 : lda;
    }
    const int64_t last = columns - (VECTORS - 1) * LANES<T>;
    HEADWAY_UNROLL
    for (int r = 0; r < ROWS; ++r) {
        HEADWAY_UNROLL
        for (int v = 0; v < VECTORS; ++v) {
            T *c = C + r * ldc + v * LANES<T>;
            if (v < VECTORS - 1 || last == LANES<T>) {
                store<T>(c, add ? load<T>(c) + total[r][v] : total[r][v]);
            } else {
                const Vec<T> before = add ? load_some<T>(c, last, T(0)) : splat<T>(T(0));
                store_some<T>(c, before + total[r][v], last);
            }
        }
    }
}

// The tile of `rows` rows, at most MOST.
template <class T, int MOST, int VECTORS, Rows LIE>
inline void tile_of(int64_t rows, const T *A, int64_t lda, int64_t depth, const T *B, int64_t ldb,
                    T *C, int64_t ldc, int64_t columns, bool add) {
    if constexpr (MOST > 1) {
        if (rows < MOST) {
            tile_of<T, MOST - 1, VECTORS, LIE>(rows, A, lda, depth, B, ldb, C, ldc, columns, add);
            return;
        }
    }
    tile<T, MOST, VECTORS, LIE>(A, lda, depth, B, ldb, C, ldc, columns, add);
}

// Memory that is wanted soon, fetched into the second-level cache a little with each tile.
struct Ahead {
    const char *at, *end;
    int64_t step;  // bytes with each tile

    HEADWAY_INLINE void fetch() {
        const char *until = end - at < step ? end : at + step;
        for (; at < until; at += 64) __builtin_prefetch(at, 0, 2);
    }
};

// A panel of C, all rows: `rows` split into tiles as even as possible.
template <class T, int VECTORS, Rows LIE>
void panel(const T *A, int64_t lda, int64_t rows, int64_t depth, const T *B, int64_t ldb, T *C,
           int64_t ldc, int64_t columns, bool add, Ahead *ahead = nullptr) {
    const int64_t tiles = (rows + TILE_ROWS - 1) / TILE_ROWS;
    for (int64_t t = 0, r = 0; t < tiles; ++t) {
        if (ahead) ahead->fetch();
        const int64_t some = (rows - r + tiles - t - 1) / (tiles - t);
        tile_of<T, TILE_ROWS, VECTORS, LIE>(some, A + r * (LIE == Rows::along ? lda : 1), lda,
                                            depth, B, ldb, C + r * ldc, ldc, columns, add);
        r += some;
    }
}

}  // namespace HEADWAY_LEVEL
}  // namespace headway
