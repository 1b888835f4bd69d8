// The passes over a linear problem, and its inner iteration: see linear_job.hpp.
#include "linear_cg.hpp"
#include "linear_pass.hpp"

namespace headway {
namespace HEADWAY_LEVEL {
namespace {

template <class T> void run_pass(const Job &job, const Plan &plan, char *scratch, char *shared) {
    Pass<T>(job, plan, shared).run(scratch);
}

}  // namespace

extern const LinearTable linear_table = {{make_plan<float>, run_pass<float>},
                                         {make_plan<double>, run_pass<double>},
                                         cg_bytes,
                                         run_cg};

}  // namespace HEADWAY_LEVEL
}  // namespace headway
