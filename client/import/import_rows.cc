#include "client/import/import_rows.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "chipledger/v1/admin_service.pb.h"
#include "client/import/digest.h"
#include "ledger/base/status_macros.h"

namespace chipledger::import {
namespace {

constexpr size_t kMaxMissing = 100;

// Notes what the ledger does not have.
void NoteMissing(const client::ErrorDetails& details, ImportCounts& counts) {
  const auto note = [&](absl::string_view key, std::set<std::string>& missing) {
    const auto name = details.metadata.find(std::string(key));
    if (name != details.metadata.end() && missing.size() < kMaxMissing) {
      missing.insert(name->second);
    }
  };
  switch (details.reason) {
    case v1::PRODUCT_NOT_FOUND:
      return note("product_code", counts.missing_products);
    case v1::PARTY_NOT_FOUND:
      return note("party_id", counts.missing_parties);
    case v1::LICENSE_NOT_FOUND:
      return note("license_id", counts.missing_licenses);
    default:
      return;
  }
}

}  // namespace

void ImportRows::TakeUnmeant(SourceCommand source) {
  if (!source.skipped.empty()) {
    ++counts_.skipped[source.skipped];
    return;
  }
  auto row = std::make_shared<Row>();
  row->source = std::move(source);
  row->source.command.Clear();
  Add(row);
  Settle(*row, &ImportCounts::rejected, row->source.problem);
}

void ImportRows::Settle(Row& row, int64_t ImportCounts::*count,
                        std::string reason) {
  ++(counts_.*count);
  row.is_settled = true;
  row.reason = std::move(reason);
  if (row.reason.empty()) {
    for (const std::string& flag : row.source.flags) ++counts_.flagged[flag];
  }
  if (!row.reason.empty() && options_.strict) stop_ = true;
  while (!rows_.empty() && rows_.front()->is_settled) {
    if (!rows_.front()->reason.empty()) WriteReject(*rows_.front());
    rows_.pop_front();
  }
}

void ImportRows::Reject(Row& row, const absl::Status& error,
                        const client::ErrorDetails& details) {
  NoteMissing(details, counts_);
  Settle(row, &ImportCounts::rejected, std::string(error.message()));
}

void ImportRows::Refuse(Row& row, const absl::Status& error, bool earlier) {
  if (earlier) ++counts_.refused_before;
  Settle(row, &ImportCounts::refused, std::string(error.message()));
}

void ImportRows::Fail(const absl::Status& failure) {
  stop_ = true;
  if (failure_.ok()) failure_ = failure;
}

void ImportRows::NotePossibleDuplicate(PossibleDuplicate duplicate) {
  ++counts_.possible_duplicates;
  if (possible_duplicates_.size() < kFirstProblems) {
    possible_duplicates_.push_back(std::move(duplicate));
  }
}

void ImportRows::WriteRest() {
  for (const RowPointer& row : rows_) {
    if (!row->reason.empty()) WriteReject(*row);
  }
  rows_.clear();
}

void ImportRows::WriteReject(const Row& row) {
  const std::vector<SourceRecord>& records = row.source.records;
  const int64_t line = row.source.problem_line != 0 ? row.source.problem_line
                                                    : records.front().line;
  if (first_problems_.size() < kFirstProblems) {
    first_problems_.push_back({line, row.reason});
  }
  // What comes after one that cannot be written would be lost as well.
  const absl::Status written = rejects_.Add(records, line, row.reason);
  if (!written.ok()) Fail(written);
}

bool IsAboutTheRequest(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kAborted:
      return true;
    default:
      return false;
  }
}

std::string RequestIdOf(const Row& row, const v1::Command& command,
                        absl::string_view retry) {
  const std::string& attempt = row.source.attempt;
  return RequestIdFor(ContentOf(command),
                      absl::StrCat(attempt, attempt.empty() ? "" : "\n", retry))
      .ToString();
}

absl::Status ReadSource(CommandSource& source, const ImportOptions& options,
                        const std::atomic<bool>& stop,
                        int64_t commands_between_progress,
                        absl::FunctionRef<ImportCounts()> counts,
                        absl::FunctionRef<absl::Status(SourceCommand)> take) {
  for (int64_t read = 0; !stop; ++read) {
    if (options.on_progress && read % commands_between_progress == 0) {
      options.on_progress(counts(), source.lines());
    }
    ASSIGN_OR_RETURN(std::optional<SourceCommand> command, source.Next());
    if (!command) break;
    RETURN_IF_ERROR(take(*std::move(command)));
  }
  return absl::OkStatus();
}

ImportOutcome RunImport(
    client::Client& client, const CommandSource& source,
    const ImportOptions& options,
    absl::FunctionRef<ImportOutcome(uint64_t size_at_start, RejectsFile&)>
        run) {
  auto rejects = RejectsFile::Create(options.rejects_path);
  if (!rejects.ok()) return {.status = rejects.status()};
  const auto ledger = client.GetLedger({});
  if (!ledger.ok()) return {.status = ledger.status()};
  ImportOutcome outcome = run(ledger->size(), **rejects);
  outcome.status.Update((*rejects)->Close());
  std::sort(outcome.first_possible_duplicates.begin(),
            outcome.first_possible_duplicates.end(),
            [](const auto& a, const auto& b) { return a.line < b.line; });
  if (options.on_progress) options.on_progress(outcome.counts, source.lines());
  return outcome;
}

}  // namespace chipledger::import
