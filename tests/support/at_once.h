// Many callers at the same moment.
#ifndef CHIPLEDGER_TESTS_SUPPORT_AT_ONCE_H_
#define CHIPLEDGER_TESTS_SUPPORT_AT_ONCE_H_

#include <thread>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/synchronization/barrier.h"

namespace chipledger::testing {

// Calls `call` with each number in [0, callers), each on a thread of its own
// that starts when all are there. Returns when all calls have.
inline void AtOnce(int callers, absl::FunctionRef<void(int)> call) {
  auto* starting_gun = new absl::Barrier(callers);
  std::vector<std::thread> threads;
  for (int i = 0; i < callers; ++i) {
    threads.emplace_back([=] {
      if (starting_gun->Block()) delete starting_gun;
      call(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace chipledger::testing

#endif  // CHIPLEDGER_TESTS_SUPPORT_AT_ONCE_H_
