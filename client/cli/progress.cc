#include "client/cli/progress.h"

#include <unistd.h>

#include <iostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/print.h"
#include "client/retry.h"

namespace chipledger::cli {
namespace {

constexpr absl::Duration kBetweenDrawings = absl::Milliseconds(200);
// What comes before says too little of what is left.
constexpr absl::Duration kFirstEstimate = absl::Seconds(2);

}  // namespace

ProgressBar::ProgressBar()
    : is_shown_(isatty(STDERR_FILENO) != 0), start_(client::Now()) {}

void ProgressBar::Draw(const import::ImportCounts& counts,
                       const import::LineReader& lines) {
  const absl::Time now = client::Now();
  if (!is_shown_ || now - last_ < kBetweenDrawings) return;
  last_ = now;
  const absl::Duration elapsed = now - start_;
  const bool can_tell = elapsed >= kFirstEstimate;
  std::string text;
  std::string left;
  if (lines.total_bytes() > 0) {
    const double part =
        static_cast<double>(lines.bytes_read()) / lines.total_bytes();
    text = absl::StrFormat("[%-20s] %3d %%  ",
                           std::string(static_cast<size_t>(part * 20), '='),
                           static_cast<int>(part * 100));
    if (can_tell && part > 0) {
      left = absl::StrCat(", ",
                          absl::FormatDuration(absl::Trunc(
                              elapsed * (1 / part - 1), absl::Seconds(1))),
                          " left");
    }
  }
  absl::StrAppend(&text, FormatCount(counts.Done()), " answered");
  if (can_tell) {
    const double rate = counts.Done() / absl::ToDoubleSeconds(elapsed);
    absl::StrAppend(&text, ", ", FormatCount(static_cast<int64_t>(rate)), "/s",
                    left);
  }
  std::clog << "\r" << text << "\x1b[K" << std::flush;
  is_drawn_ = true;
}

void ProgressBar::Clear() {
  if (is_drawn_) std::clog << "\r\x1b[K" << std::flush;
}

}  // namespace chipledger::cli
