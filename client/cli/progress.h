// How far an import is, on a terminal.
#ifndef CHIPLEDGER_CLIENT_CLI_PROGRESS_H_
#define CHIPLEDGER_CLIENT_CLI_PROGRESS_H_

#include "absl/time/time.h"
#include "client/import/importer.h"
#include "client/import/line_reader.h"

namespace chipledger::cli {

// ProgressBar draws how much of the file is read, how many of its commands are
// answered, how many a second, and the time left, a few times a second and only
// where standard error is a terminal. It draws on std::clog, which lets its
// control characters through.
//
// Thread-safety: thread-compatible.
class ProgressBar {
 public:
  ProgressBar();

  // Whether it draws at all.
  bool is_shown() const { return is_shown_; }
  void Draw(const import::ImportCounts& counts,
            const import::LineReader& lines);
  // Takes it off the terminal.
  void Clear();

 private:
  const bool is_shown_;
  const absl::Time start_;
  absl::Time last_ = absl::InfinitePast();
  bool is_drawn_ = false;
};

}  // namespace chipledger::cli

#endif  // CHIPLEDGER_CLIENT_CLI_PROGRESS_H_
