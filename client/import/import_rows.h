// The rows of an import: what every importer does about them.
#ifndef CHIPLEDGER_CLIENT_IMPORT_IMPORT_ROWS_H_
#define CHIPLEDGER_CLIENT_IMPORT_IMPORT_ROWS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "client/client.h"
#include "client/errors.h"
#include "client/import/command_source.h"
#include "client/import/importer.h"
#include "client/import/rejects_file.h"

namespace chipledger::import {

// One command of the file until it is known what became of it and of all before
// it.
struct Row {
  SourceCommand source;
  bool is_settled = false;
  // It was asked about anew, by `retry_refused`.
  bool is_retried = false;
  // Answered as recorded before: the first entry of then.
  uint64_t earlier_index = 0;
  // Its name looks like another one of the file.
  bool looks_like_another = false;
  // Why it is not imported. Empty once settled: it is.
  std::string reason;
};
using RowPointer = std::shared_ptr<Row>;

// ImportRows keeps the rows of an import in the order of the file, from the
// first that is not settled: counts what became of them, and writes what was
// not imported to the rejects in that order.
//
// Thread-safety: thread-compatible.
class ImportRows {
 public:
  // Sets `stop` when no further record is to be sent. All must outlive it.
  ImportRows(const ImportOptions& options, RejectsFile& rejects,
             std::atomic<bool>& stop)
      : options_(options), rejects_(rejects), stop_(stop) {}

  // Adds a row after all others.
  void Add(RowPointer row) { rows_.push_back(std::move(row)); }
  // Settles what is not meant to be sent: skips it, or adds it as bad input.
  void TakeUnmeant(SourceCommand source);

  // Settles a row: counts it. A reason: it is not imported.
  void Settle(Row& row, int64_t ImportCounts::*count, std::string reason = "");
  // Settles a row that the rules refuse, or have refused in an earlier import.
  void Refuse(Row& row, const absl::Status& error, bool earlier);
  // Settles a row as bad input, for the server's error, and notes what the
  // ledger does not have.
  void Reject(Row& row, const absl::Status& error,
              const client::ErrorDetails& details);
  // The server or the connection failed for good; the first failure stays.
  void Fail(const absl::Status& failure);
  // Tells a name that is another one, written otherwise.
  void NotePossibleDuplicate(PossibleDuplicate duplicate);
  // Writes what is settled and waits for rows before it that never will be.
  void WriteRest();

  const ImportCounts& counts() const { return counts_; }
  size_t waiting() const { return rows_.size(); }
  const std::vector<ImportProblem>& first_problems() const {
    return first_problems_;
  }
  const std::vector<PossibleDuplicate>& first_possible_duplicates() const {
    return possible_duplicates_;
  }
  // The server failed for good, or the rejects cannot be written.
  const absl::Status& failure() const { return failure_; }

 private:
  void WriteReject(const Row& row);

  const ImportOptions& options_;
  RejectsFile& rejects_;
  std::atomic<bool>& stop_;
  ImportCounts counts_;
  std::vector<ImportProblem> first_problems_;
  std::vector<PossibleDuplicate> possible_duplicates_;
  std::deque<RowPointer> rows_;
  absl::Status failure_;
};

// Whether an error is about the request, so that others may still succeed.
bool IsAboutTheRequest(const absl::Status& status);

// Returns the request id of a row's command: the same in every import of the
// same content. Another `retry` makes another. Requires: the command is set.
std::string RequestIdOf(const Row& row, const v1::Command& command,
                        absl::string_view retry);

// Passes on what a source says, to its end or until `stop`, and tells progress
// each time that so many commands were passed on. Errors: as
// CommandSource::Next, and those of `take`.
absl::Status ReadSource(CommandSource& source, const ImportOptions& options,
                        const std::atomic<bool>& stop,
                        int64_t commands_between_progress,
                        absl::FunctionRef<ImportCounts()> counts,
                        absl::FunctionRef<absl::Status(SourceCommand)> take);

// Runs an import with its rejects file, from the ledger's present size on.
// Returns the outcome of `run`, or why it was not run or has no whole rejects.
ImportOutcome RunImport(
    client::Client& client, const CommandSource& source,
    const ImportOptions& options,
    absl::FunctionRef<ImportOutcome(uint64_t size_at_start, RejectsFile&)> run);

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_IMPORT_ROWS_H_
