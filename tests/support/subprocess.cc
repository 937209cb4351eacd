#include "tests/support/subprocess.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace chipledger::testing {
namespace {

// Returns the exit code if the program has ended.
std::optional<int> Reap(pid_t pid) {
  int status = 0;
  if (::waitpid(pid, &status, WNOHANG) != pid) return std::nullopt;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

Subprocess::Subprocess(const std::vector<std::string>& argv) {
  std::array<int, 2> output;
  std::array<int, 2> error;
  if (::pipe2(output.data(), O_CLOEXEC) != 0 ||
      ::pipe2(error.data(), O_CLOEXEC) != 0) {
    ADD_FAILURE() << "pipe: " << std::strerror(errno);
    return;
  }
  // Made before the fork: nothing may be allocated after it.
  std::vector<char*> raw;
  for (const std::string& argument : argv) {
    raw.push_back(const_cast<char*>(argument.c_str()));
  }
  raw.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
    ::dup2(output[1], STDOUT_FILENO);
    ::dup2(error[1], STDERR_FILENO);
    ::execv(raw[0], raw.data());
    ::_exit(127);
  }
  EXPECT_GT(pid_, 0) << "fork: " << std::strerror(errno);
  ::close(output[1]);
  ::close(error[1]);
  absl::MutexLock lock(&mutex_);
  output_.fd = output[0];
  error_.fd = error[0];
  readers_.emplace_back([this] { Collect(output_); });
  readers_.emplace_back([this] { Collect(error_); });
}

Subprocess::~Subprocess() {
  if (pid_ > 0 && !exit_code_) {
    ::kill(pid_, SIGKILL);
    Wait(absl::InfiniteDuration());
  }
  for (std::thread& reader : readers_) reader.join();
}

void Subprocess::Signal(int signal) {
  if (pid_ > 0 && !exit_code_) ::kill(pid_, signal);
}

void Subprocess::Collect(Pipe& pipe) {
  int fd;
  {
    absl::MutexLock lock(&mutex_);
    fd = pipe.fd;
  }
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    absl::MutexLock lock(&mutex_);
    if (count <= 0) {
      pipe.closed = true;
      break;
    }
    pipe.text.append(buffer.data(), count);
  }
  ::close(fd);
}

std::optional<std::string> Subprocess::WaitForLine(absl::string_view prefix,
                                                   absl::Duration timeout) {
  std::optional<std::string> found;
  const auto look = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::vector<absl::string_view> lines = absl::StrSplit(output_.text, '\n');
    lines.pop_back();
    for (absl::string_view line : lines) {
      if (absl::StartsWith(line, prefix)) found = std::string(line);
    }
    return found.has_value() || output_.closed;
  };
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&look), timeout);
  return found;
}

std::optional<int> Subprocess::Wait(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  while (!exit_code_) {
    exit_code_ = Reap(pid_);
    if (exit_code_) break;
    if (absl::Now() >= deadline) return std::nullopt;
    absl::SleepFor(absl::Milliseconds(2));
  }
  const auto closed = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return output_.closed && error_.closed;
  };
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&closed), absl::Seconds(5));
  return exit_code_;
}

std::string Subprocess::standard_output() const {
  absl::MutexLock lock(&mutex_);
  return output_.text;
}

std::string Subprocess::standard_error() const {
  absl::MutexLock lock(&mutex_);
  return error_.text;
}

}  // namespace chipledger::testing
