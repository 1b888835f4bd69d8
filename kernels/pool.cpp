#include "pool.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

#ifdef __linux__
#include <sched.h>
#endif
#ifndef _WIN32
#include <pthread.h>
#endif

namespace headway {
namespace {

constexpr int MOST_THREADS = 256;
constexpr int SPINS = 4000;  // some tens of microseconds, about the cost of a wake-up

inline void pause_briefly() {
#if defined(__x86_64__) || defined(_M_X64)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

int default_threads() {
    if (const char *text = std::getenv("OMP_NUM_THREADS")) {
        const int wanted = std::atoi(text);
        if (wanted > 0) return wanted < MOST_THREADS ? wanted : MOST_THREADS;
    }
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        const int count = CPU_COUNT(&set);
        if (count > 0) return count < MOST_THREADS ? count : MOST_THREADS;
    }
#endif
    const int count = static_cast<int>(std::thread::hardware_concurrency());
    return count < 1 ? 1 : count < MOST_THREADS ? count : MOST_THREADS;
}

constexpr uint32_t CLOSED = 1u << 31;

thread_local bool inside = false;
thread_local int index_here = 0;
thread_local int fixed_here = 0;  // what threads() is while a FixedThreads lives

std::atomic<int> &limit() {
    static std::atomic<int> value{default_threads()};
    return value;
}

struct Pool {
    std::mutex owner;  // held by the one caller that has the workers
    std::mutex mutex;
    std::condition_variable wake, done;
    std::vector<std::thread> workers;

    void (*body)(void *, int64_t) = nullptr;
    void *context = nullptr;
    int64_t n_tasks = 0;
    std::atomic<int64_t> next{0};
    std::atomic<uint64_t> job{0};            // number of the current job
    std::atomic<uint32_t> entered{CLOSED};   // workers inside the job; CLOSED: none may enter
    std::atomic<uint32_t> most_helpers{0};
    std::atomic<uint32_t> tickets{0};        // workers that asked for a place in this job

    void claim() {
        for (;;) {
            const int64_t task = next.fetch_add(1, std::memory_order_relaxed);
            if (task >= n_tasks) return;
            body(context, task);
        }
    }

    void work(uint64_t seen) {
        inside = true;
        for (;;) {
            for (int i = 0; i < SPINS && job.load(std::memory_order_acquire) == seen; ++i) {
                pause_briefly();
            }
            if (job.load(std::memory_order_acquire) == seen) {
                std::unique_lock<std::mutex> lock(mutex);
                wake.wait(lock, [&] { return job.load(std::memory_order_acquire) != seen; });
            }
            seen = job.load(std::memory_order_acquire);
            const uint32_t before = entered.fetch_add(1, std::memory_order_acq_rel);
            if (!(before & CLOSED)) {
                const uint32_t ticket = tickets.fetch_add(1, std::memory_order_acq_rel);
                if (ticket < most_helpers.load(std::memory_order_acquire)) {
                    index_here = static_cast<int>(ticket) + 1;
                    claim();
                }
            }
            if (entered.fetch_sub(1, std::memory_order_acq_rel) == (CLOSED | 1u)) {
                std::lock_guard<std::mutex> lock(mutex);
                done.notify_one();
            }
        }
    }

    void run(int64_t tasks, void (*fn)(void *, int64_t), void *ctx, int helpers) {
        while (static_cast<int>(workers.size()) < helpers) {
            const uint64_t seen = job.load();
            workers.emplace_back([this, seen] { work(seen); });
        }
        {
            std::lock_guard<std::mutex> lock(mutex);
            body = fn;
            context = ctx;
            n_tasks = tasks;
            next.store(0);
            tickets.store(0);
            most_helpers.store(static_cast<uint32_t>(helpers));
            entered.fetch_and(~CLOSED, std::memory_order_acq_rel);
            job.fetch_add(1, std::memory_order_acq_rel);
        }
        wake.notify_all();
        inside = true;
        claim();
        inside = false;
        // Only workers that came in are waited for: a job that is over when they wake up is
        // closed to them.
        entered.fetch_or(CLOSED, std::memory_order_acq_rel);
        for (int i = 0; i < SPINS && entered.load(std::memory_order_acquire) != CLOSED; ++i) {
            pause_briefly();
        }
        if (entered.load(std::memory_order_acquire) != CLOSED) {
            std::unique_lock<std::mutex> lock(mutex);
            done.wait(lock, [&] { return entered.load(std::memory_order_acquire) == CLOSED; });
        }
    }
};

// Never destroyed: at exit the workers sleep, and joining them from a static destructor can
// deadlock on some platforms.
std::atomic<Pool *> the_pool{nullptr};

Pool &pool() {
    Pool *found = the_pool.load(std::memory_order_acquire);
    if (found != nullptr) return *found;
    Pool *fresh = new Pool;
    if (the_pool.compare_exchange_strong(found, fresh)) {
#ifndef _WIN32
        static std::once_flag once;
        // Threads do not survive a fork: the child forgets the pool (and its locks) and makes
        // another one when it first needs it.
        std::call_once(once, [] {
            pthread_atfork(nullptr, nullptr, [] {
                the_pool.store(nullptr);
                inside = false;
            });
        });
#endif
        return *fresh;
    }
    delete fresh;
    return *found;
}

}  // namespace

int worker_index() { return index_here; }

int threads() { return fixed_here > 0 ? fixed_here : limit().load(std::memory_order_relaxed); }

FixedThreads::FixedThreads(int most) : before_(fixed_here) {
    fixed_here = threads() < most ? threads() : most;
}
FixedThreads::~FixedThreads() { fixed_here = before_; }

void set_threads(int wanted) {
    limit().store(wanted < 1 ? 1 : wanted < MOST_THREADS ? wanted : MOST_THREADS);
}

void run_tasks(int64_t n_tasks, void (*body)(void *, int64_t), void *context) {
    if (n_tasks <= 0) return;
    const int64_t most = n_tasks < threads() ? n_tasks : threads();
    if (most > 1 && !inside) {
        Pool &all = pool();
        std::unique_lock<std::mutex> mine(all.owner, std::try_to_lock);
        if (mine.owns_lock()) {
            all.run(n_tasks, body, context, static_cast<int>(most) - 1);
            return;
        }
    }
    for (int64_t task = 0; task < n_tasks; ++task) body(context, task);
}

}  // namespace headway

// For threadpoolctl, which calls them through the loaded library.
extern "C" {
#ifdef _WIN32
#define HEADWAY_EXPORT __declspec(dllexport)
#else
#define HEADWAY_EXPORT __attribute__((visibility("default")))
#endif
HEADWAY_EXPORT int headway_get_num_threads() { return headway::threads(); }
HEADWAY_EXPORT void headway_set_num_threads(int wanted) { headway::set_threads(wanted); }
}
