// What a run of the benchmarks prints.
#ifndef CHIPLEDGER_TOOLS_BENCH_REPORT_H_
#define CHIPLEDGER_TOOLS_BENCH_REPORT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tools/bench/stats.h"

namespace chipledger::bench {

// One measured thing. What is unset was not measured.
struct Row {
  std::string name;
  // Operations a second, and what an operation is.
  double rate = 0;
  std::string unit;
  Latencies latencies;
  // How it compares with a baseline of the same run, and the least that design
  // asks for; for `lower_is_better` the most.
  std::optional<double> ratio;
  std::string baseline;
  std::optional<double> target;
  bool lower_is_better = false;
  // For people: sizes, counts.
  std::string note;
};

// Everything about a run.
struct Report {
  std::vector<std::pair<std::string, std::string>> facts;
  std::vector<Row> rows;

  // A table for people.
  std::string ToTable();
  // One JSON object.
  std::string ToJson();
};

// Facts about the machine and the file system of `directory`.
std::vector<std::pair<std::string, std::string>> DescribeMachine(
    const std::string& directory);

// Bytes of all files below a directory.
int64_t BytesOnDisk(const std::string& directory);

}  // namespace chipledger::bench

#endif  // CHIPLEDGER_TOOLS_BENCH_REPORT_H_
