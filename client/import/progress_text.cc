#include "client/import/progress_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "ledger/base/decimal.h"

namespace chipledger::import {
namespace {

// What comes before says too little of what is left.
constexpr absl::Duration kFirstEstimate = absl::Seconds(2);
constexpr uint64_t kBarLetters = 20;

}  // namespace

std::string DescribeProgress(int64_t answered, uint64_t bytes_read,
                             uint64_t total_bytes, absl::Duration elapsed) {
  std::string text;
  if (total_bytes > 0) {
    text = absl::StrFormat(
        "[%-20s] %3d %%  ",
        std::string(bytes_read * kBarLetters / total_bytes, '='),
        bytes_read * 100 / total_bytes);
  }
  absl::StrAppend(&text, FormatDecimalForPeople(answered, 0), " answered");
  if (elapsed < kFirstEstimate) return text;
  const int64_t rate = answered * 1'000 / absl::ToInt64Milliseconds(elapsed);
  absl::StrAppend(&text, ", ", FormatDecimalForPeople(rate, 0), "/s");
  if (bytes_read > 0 && bytes_read < total_bytes) {
    const double left = static_cast<double>(total_bytes - bytes_read) /
                        static_cast<double>(bytes_read);
    absl::StrAppend(
        &text, ", ",
        absl::FormatDuration(absl::Ceil(elapsed * left, absl::Seconds(1))),
        " left");
  }
  return text;
}

}  // namespace chipledger::import
