#include "dispatch.hpp"

#include <cstdint>
#include <cstring>
#include <initializer_list>

#ifdef HEADWAY_X86
#include <cpuid.h>
#endif

namespace headway {

#ifdef HEADWAY_X86
// Asked of the processor itself: __builtin_cpu_supports needs a library that clang-cl on Windows
// does not link.  A level counts only if the system saves its registers too (XCR0).
static bool all_set(uint32_t bits, std::initializer_list<int> wanted) {
    for (int bit : wanted) {
        if (!(bits >> bit & 1)) return false;
    }
    return true;
}

static uint32_t saved_registers() {
    uint32_t low, high;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

Level best_level() {
    uint32_t eax, ebx, ecx, edx;
    constexpr int FMA = 12, OSXSAVE = 27, AVX = 28;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx)) return Level::baseline;
    if (!all_set(ecx, {FMA, OSXSAVE, AVX})) return Level::baseline;
    const uint32_t saved = saved_registers();
    constexpr int AVX2 = 5, F = 16, DQ = 17, BW = 30, VL = 31;
    if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) return Level::baseline;
    if (!all_set(ebx, {AVX2}) || !all_set(saved, {1, 2})) return Level::baseline;  // xmm, ymm
    if (!all_set(ebx, {F, DQ, BW, VL}) || !all_set(saved, {5, 6, 7})) return Level::avx2;
    return Level::avx512;  // masks, upper halves, zmm16-31
}
#else
Level best_level() { return Level::baseline; }
#endif

static Level &chosen() {
    static Level level = best_level();
    return level;
}

Level current_level() { return chosen(); }

const char *level_name(Level level) {
    switch (level) {
        case Level::avx512: return "avx512";
        case Level::avx2: return "avx2";
        default: return "baseline";
    }
}

bool set_level(const char *name) {
    for (Level level : {Level::baseline, Level::avx2, Level::avx512}) {
        if (std::strcmp(name, level_name(level)) == 0 && level <= best_level()) {
            chosen() = level;
            return true;
        }
    }
    return false;
}

}  // namespace headway
