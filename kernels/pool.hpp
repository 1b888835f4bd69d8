// The one thread pool of the core.
//
// `parallel(n, body)` runs body(0) .. body(n - 1), each once, on the calling thread and the
// workers; tasks are claimed in order.  Results must not depend on which thread runs a task, so
// that one and two threads give the same bits.  Workers sleep between jobs after a short wait
// (a spinning pool next to BLAS costs far more than a wake-up).  A call from inside a task, or
// while another Python thread has the pool, runs on the calling thread alone.  After a fork the
// child starts a pool of its own.
#pragma once

#include <cstdint>

namespace headway {

int threads();               // how many threads a job may use
void set_threads(int wanted);
int worker_index();          // 0 for the calling thread, 1 .. threads() - 1 for workers in a task
void run_tasks(int64_t n_tasks, void (*body)(void *, int64_t), void *context);

// While one lives, threads() stays what it was on the thread that made it, or `most` if that is
// less.  For memory that is cut up by worker_index(), which another Python thread's set_threads()
// must not make too small; and for work that is over before another thread has woken up.
class FixedThreads {
  public:
    explicit FixedThreads(int most = 1 << 30);
    ~FixedThreads();
    FixedThreads(const FixedThreads &) = delete;
    FixedThreads &operator=(const FixedThreads &) = delete;

  private:
    int before_;
};

// Lives in the namespace of whoever includes it, so that no level's code is merged with another's.
namespace {

template <class Body>
inline void parallel(int64_t n_tasks, const Body &body) {
    if (n_tasks == 1) {
        body(int64_t{0});
        return;
    }
    run_tasks(
        n_tasks, [](void *context, int64_t task) { (*static_cast<const Body *>(context))(task); },
        const_cast<void *>(static_cast<const void *>(&body)));
}

}  // namespace
}  // namespace headway
