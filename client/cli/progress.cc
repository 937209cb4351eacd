#include "client/cli/progress.h"

#include <unistd.h>

#include <iostream>

#include "client/import/progress_text.h"
#include "client/retry.h"

namespace chipledger::cli {
namespace {

constexpr absl::Duration kBetweenDrawings = absl::Milliseconds(200);

}  // namespace

ProgressBar::ProgressBar()
    : is_shown_(isatty(STDERR_FILENO) != 0), start_(client::Now()) {}

void ProgressBar::Draw(const import::ImportCounts& counts,
                       const import::LineReader& lines) {
  const absl::Time now = client::Now();
  if (!is_shown_ || now - last_ < kBetweenDrawings) return;
  last_ = now;
  std::clog << "\r"
            << import::DescribeProgress(counts.Done(), lines.bytes_read(),
                                        lines.total_bytes(), now - start_)
            << "\x1b[K" << std::flush;
  is_drawn_ = true;
}

void ProgressBar::Clear() {
  if (is_drawn_) std::clog << "\r\x1b[K" << std::flush;
}

}  // namespace chipledger::cli
