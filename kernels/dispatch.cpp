#include "dispatch.hpp"

#include <cstring>
#include <initializer_list>

namespace headway {

Level best_level() {
#ifdef HEADWAY_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
        return Level::avx512;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Level::avx2;
#endif
    return Level::baseline;
}

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
