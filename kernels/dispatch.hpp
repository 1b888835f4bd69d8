// Which build of the hot files runs: the best that this processor has, or one asked for by name.
//
// Every hot_*.cpp is compiled once for each level, with HEADWAY_LEVEL and HEADWAY_BYTES set, and
// leaves a table of function pointers behind.  HEADWAY_TABLE declares those tables and the
// function that picks one.  The trap: code that is not in a namespace of its level may be merged
// by the linker across levels, so hot files keep everything in headway::HEADWAY_LEVEL.
#pragma once

namespace headway {

enum class Level { baseline = 0, avx2 = 1, avx512 = 2 };

Level best_level();                 // what the processor has
Level current_level();              // what is in use
bool set_level(const char *name);   // false if unknown or not there
const char *level_name(Level level);

}  // namespace headway

#ifdef HEADWAY_X86
#define HEADWAY_TABLE(Table, name)                              \
    namespace baseline { extern const Table name; }             \
    namespace avx2 { extern const Table name; }                 \
    namespace avx512 { extern const Table name; }               \
    inline const Table &name() {                                \
        switch (current_level()) {                              \
            case Level::avx512: return avx512::name;            \
            case Level::avx2: return avx2::name;                \
            default: return baseline::name;                     \
        }                                                       \
    }
#else
#define HEADWAY_TABLE(Table, name)                              \
    namespace baseline { extern const Table name; }             \
    inline const Table &name() { return baseline::name; }
#endif
