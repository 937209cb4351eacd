#include "tools/bench/report.h"

#include <sys/utsname.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "ledger/base/decimal.h"

namespace chipledger::bench {
namespace {

constexpr double kShares[] = {0.5, 0.99, 0.999, 1.0};
constexpr const char* kShareNames[] = {"p50_us", "p99_us", "p99_9_us",
                                       "max_us"};

std::string Verdict(const Row& row) {
  if (!row.target.has_value() || !row.ratio.has_value()) return "";
  const bool met = row.lower_is_better ? *row.ratio <= *row.target
                                       : *row.ratio >= *row.target;
  return absl::StrFormat("%s %.2f %s",
                         row.lower_is_better ? "<=" : ">=", *row.target,
                         met ? "met" : "NOT MET");
}

// The value of the first line of a file that starts with `key`.
std::string Find(const std::string& path, const std::string& key) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (!absl::StartsWith(line, key)) continue;
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    return std::string(
        absl::StripAsciiWhitespace(absl::string_view(line).substr(colon + 1)));
  }
  return "unknown";
}

// The type of the file system that holds a directory: that of the longest mount
// point above it.
std::string FileSystemOf(const std::string& directory) {
  std::ifstream mounts("/proc/mounts");
  const std::string path =
      std::filesystem::weakly_canonical(directory).string();
  std::string line;
  std::string best;
  std::string type = "unknown";
  while (std::getline(mounts, line)) {
    const std::vector<std::string> fields = absl::StrSplit(line, ' ');
    if (fields.size() < 3 || !absl::StartsWith(path, fields[1])) continue;
    if (fields[1].size() < best.size()) continue;
    best = fields[1];
    type = fields[2];
  }
  return type;
}

}  // namespace

std::string Report::ToTable() {
  std::string text;
  for (const auto& [name, value] : facts) {
    absl::StrAppendFormat(&text, "%-12s %s\n", name, value);
  }
  absl::StrAppendFormat(&text, "\n%-38s %12s %-9s %9s %9s %9s %9s  %s\n",
                        "what", "rate/s", "of", "p50 us", "p99 us", "p99.9 us",
                        "max us", "ratio and target");
  for (Row& row : rows) {
    absl::StrAppendFormat(
        &text, "%-38s %12s %-9s", row.name,
        row.rate > 0 ? FormatDecimalForPeople(static_cast<int64_t>(row.rate), 0)
                     : "-",
        row.unit);
    for (const double share : kShares) {
      if (row.latencies.empty()) {
        absl::StrAppendFormat(&text, " %9s", "-");
      } else {
        absl::StrAppendFormat(&text, " %9.1f", row.latencies.AtMicros(share));
      }
    }
    if (row.ratio.has_value()) {
      absl::StrAppendFormat(&text, "  %.2f x %s; %s", *row.ratio, row.baseline,
                            Verdict(row));
    }
    absl::StrAppend(&text, "\n");
    if (!row.note.empty()) absl::StrAppend(&text, "    ", row.note, "\n");
  }
  return text;
}

std::string Report::ToJson() {
  google::protobuf::Struct json;
  auto& fields = *json.mutable_fields();
  for (const auto& [name, value] : facts) {
    fields[name].set_string_value(value);
  }
  google::protobuf::ListValue& list = *fields["rows"].mutable_list_value();
  for (Row& row : rows) {
    auto& out = *list.add_values()->mutable_struct_value()->mutable_fields();
    out["name"].set_string_value(row.name);
    out["unit"].set_string_value(row.unit);
    if (row.rate > 0) out["rate_per_s"].set_number_value(row.rate);
    if (!row.latencies.empty()) {
      for (size_t i = 0; i < std::size(kShares); ++i) {
        out[kShareNames[i]].set_number_value(
            row.latencies.AtMicros(kShares[i]));
      }
    }
    if (row.ratio.has_value()) {
      out["ratio"].set_number_value(*row.ratio);
      out["baseline"].set_string_value(row.baseline);
    }
    if (row.target.has_value()) out["target"].set_number_value(*row.target);
    if (!row.note.empty()) out["note"].set_string_value(row.note);
  }
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  std::string text;
  const auto status =
      google::protobuf::util::MessageToJsonString(json, &text, options);
  return status.ok() ? text : "{}";
}

std::vector<std::pair<std::string, std::string>> DescribeMachine(
    const std::string& directory) {
  struct utsname kernel = {};
  ::uname(&kernel);
  return {
      {"processor", Find("/proc/cpuinfo", "model name")},
      {"cores", absl::StrCat(std::thread::hardware_concurrency())},
      {"memory", Find("/proc/meminfo", "MemTotal")},
      {"kernel", absl::StrCat(kernel.sysname, " ", kernel.release)},
      {"file system", FileSystemOf(directory)},
  };
}

int64_t BytesOnDisk(const std::string& directory) {
  int64_t bytes = 0;
  std::error_code error;
  for (const auto& file :
       std::filesystem::recursive_directory_iterator(directory, error)) {
    if (file.is_regular_file(error)) bytes += file.file_size(error);
  }
  return bytes;
}

}  // namespace chipledger::bench
