// Times and what is said about many of them.
#ifndef CHIPLEDGER_TOOLS_BENCH_STATS_H_
#define CHIPLEDGER_TOOLS_BENCH_STATS_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace chipledger::bench {

// Stopwatch measures from its making. A value type.
class Stopwatch {
 public:
  double Seconds() const { return Nanoseconds() / 1e9; }
  int64_t Nanoseconds() const {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::steady_clock::now() - start_)
        .count();
  }

 private:
  std::chrono::steady_clock::time_point start_ =
      std::chrono::steady_clock::now();
};

// Latencies holds every single time, so that percentiles are exact.
class Latencies {
 public:
  void Reserve(size_t count) { times_ns_.reserve(count); }
  void Add(int64_t ns) { times_ns_.push_back(ns); }
  void Add(const Latencies& other) {
    times_ns_.insert(times_ns_.end(), other.times_ns_.begin(),
                     other.times_ns_.end());
  }
  bool empty() const { return times_ns_.empty(); }

  // In microseconds; `share` is from 0 to 1. Requires: not empty.
  double AtMicros(double share) {
    std::sort(times_ns_.begin(), times_ns_.end());
    const size_t at = static_cast<size_t>(share * (times_ns_.size() - 1));
    return static_cast<double>(times_ns_[at]) / 1e3;
  }

 private:
  std::vector<int64_t> times_ns_;
};

}  // namespace chipledger::bench

#endif  // CHIPLEDGER_TOOLS_BENCH_STATS_H_
