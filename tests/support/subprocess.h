// Runs our programs in tests.
#ifndef CHIPLEDGER_TESTS_SUPPORT_SUBPROCESS_H_
#define CHIPLEDGER_TESTS_SUPPORT_SUBPROCESS_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace chipledger::testing {

// Subprocess is a running program whose output is collected while it runs. Its
// standard input is empty. Killed and reaped when destroyed.
//
// Thread-safety: single-threaded, but its output is read on threads of its own.
class Subprocess {
 public:
  // Starts a program. argv[0] is its path.
  explicit Subprocess(const std::vector<std::string>& argv);
  ~Subprocess();
  Subprocess(const Subprocess&) = delete;
  Subprocess& operator=(const Subprocess&) = delete;

  pid_t pid() const { return pid_; }
  void Signal(int signal);

  // Waits for a whole line of standard output that starts with the prefix and
  // returns it without its end; nothing when the program ended first or it took
  // longer.
  std::optional<std::string> WaitForLine(absl::string_view prefix,
                                         absl::Duration timeout);

  // Waits until the program ended. Returns its exit code, or 128 + the signal
  // that killed it; nothing when it still runs.
  std::optional<int> Wait(absl::Duration timeout);

  // All that was written so far; complete after Wait.
  std::string standard_output() const;
  std::string standard_error() const;

 private:
  struct Pipe {
    int fd = -1;
    std::string text;
    bool closed = false;
  };
  void Collect(Pipe& pipe);

  pid_t pid_ = -1;
  std::optional<int> exit_code_;
  mutable absl::Mutex mutex_;
  Pipe output_ ABSL_GUARDED_BY(mutex_);
  Pipe error_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> readers_;
};

}  // namespace chipledger::testing

#endif  // CHIPLEDGER_TESTS_SUPPORT_SUBPROCESS_H_
