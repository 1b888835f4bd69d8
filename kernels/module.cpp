// The extension module: what Python sees of the core.  Each bind_*.cpp adds its functions.
#include "bind.hpp"

#include "dispatch.hpp"
#include "pool.hpp"

NB_MODULE(_headway_core, m) {
    using namespace headway;
    m.doc() = "Compiled kernels of headway; see headway.kernels for the public functions.";
    m.def("level", [] { return level_name(current_level()); });
    m.def("best_level", [] { return level_name(best_level()); });
    m.def("set_level", [](const char *name) { return set_level(name); });
    m.def("threads", &threads);
    m.def("set_threads", &set_threads);
    bind_cells(m);
    bind_compression(m);
    bind_example_f1(m);
    bind_factor(m);
    bind_linear(m);
    bind_losses(m);
    bind_many_classes(m);
    bind_math(m);
    bind_matrix(m);
    bind_predictor(m);
    bind_rows(m);
    bind_temperature(m);
}
