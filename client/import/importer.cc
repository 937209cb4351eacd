#include "client/import/importer.h"

#include <atomic>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "client/bulk_writer.h"
#include "client/errors.h"
#include "client/import/differences.h"
#include "client/import/import_rows.h"
#include "client/import/look_alikes.h"
#include "client/import/movement.h"
#include "client/import/rejects_file.h"
#include "client/import/shipment_source.h"
#include "ledger/base/status_macros.h"

namespace chipledger::import {
namespace {

using Answer = client::BulkWriter::Answer;
using Request = client::BulkWriter::Request;

// Records between two calls of on_progress.
constexpr int64_t kProgressRecords = 256;
// Records that wait for what became of one before them; bounds their memory.
constexpr size_t kMaxWaitingRows = 60'000;
// So many are under way that the server always has a group to decide while it
// makes another durable; they are small.
constexpr size_t kMaxUnderWay = 24'000;
constexpr size_t kMinBatch = 500;
// What a voiding that is only tried gives as its reason.
constexpr absl::string_view kCheckReason = "import: is it as recorded?";
// The status of WRONG_STATUS that says so.
constexpr absl::string_view kVoided = "voided";

// Returns the error with what it leaves open added to its message: so many of
// what the noun says.
absl::Status WithUnanswered(const absl::Status& error, size_t unanswered,
                            absl::string_view noun) {
  absl::Status status(
      error.code(),
      absl::StrCat(error.message(), "; ", unanswered, " ", noun,
                   unanswered == 1 ? " has" : "s have",
                   " no answer and may or may not have been recorded: running "
                   "the same import again is safe and settles it, nothing is "
                   "recorded twice"));
  error.ForEachPayload([&](absl::string_view type, const absl::Cord& payload) {
    status.SetPayload(type, payload);
  });
  return status;
}

// A voiding that is only tried: of a row's shipment as it was recorded, of its
// movement, or of a shipment whose reference is another spelling of the row's.
struct SentCheck {
  RowPointer row;
  // Empty: the row's own.
  std::string spelling;
};

// Import is one run of ImportShipments. The calling thread reads and sends;
// answers arrive on the writers' threads.
//
// What was there before is checked in two steps. A tried voiding of revision 1
// tells the shipments that nothing has happened to, as fast as they were
// recorded; what became of the others is looked up one by one. Of a movement it
// tells whether it still holds. A declaration is not checked: it was recorded,
// whichever replaced it since.
class Import {
 public:
  Import(client::Client& client, const ImportOptions& options,
         uint64_t size_at_start, RejectsFile& rejects)
      : client_(client),
        options_(options),
        size_at_start_(size_at_start),
        rows_(options, rejects, stop_),
        writer_(client,
                {.min_requests_per_batch = kMinBatch,
                 .max_requests_under_way = kMaxUnderWay,
                 .validate_only = options.dry_run},
                [this](const Request& request, const Answer& answer,
                       bool sent_again) {
                  TakeAnswer(request, answer, sent_again);
                }),
        checker_(client, {.validate_only = true},
                 [this](const Request&, const Answer& answer, bool) {
                   TakeCheck(answer);
                 }) {}

  ImportOutcome Run(CommandSource& source);

 private:
  ImportCounts counts() {
    absl::MutexLock lock(&mutex_);
    return rows_.counts();
  }
  absl::Status ReadAll(CommandSource& source);
  absl::Status Take(SourceCommand source);
  // Returns how the import ended.
  absl::Status Finish(const absl::Status& read);
  // Tells a reference that looks like another one of the file.
  void NoteReference(Row& row);
  absl::Status Send(const RowPointer& row, v1::Command command,
                    absl::string_view retry);
  // Goes on with the rows that an answer left open.
  absl::Status GoOn();
  absl::Status GoOnToTheEnd();
  absl::Status TakeSpelling(const SentCheck& found);
  // Tells them when the whole file is read.
  void NoteFoundInLedger();
  absl::Status SendCheck(const RowPointer& row, const std::string& spelling);
  // Has a tried voiding answered, of a row's shipment or of one in another
  // spelling.
  absl::Status SendTried(v1::Command voiding, SentCheck check);
  absl::Status LookUp(Row& row);
  template <typename T>
  std::optional<T> TakeFront(std::deque<T>& waiting);

  void TakeAnswer(const Request& request, const Answer& answer,
                  bool sent_again);
  void TakeError(const RowPointer& row, const Request& request,
                 const absl::Status& error, bool sent_again)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeCheck(const Answer& answer);
  // Says whether a movement that was recorded before still holds, by what a
  // tried voiding of it was answered.
  void SettleMovement(Row& row, const absl::Status& tried)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Has other spellings of a row's reference looked for in the ledger.
  void LeaveToSpell(const RowPointer& row, const v1::Command& command)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Counts what the command did.
  void SettleAsDone(Row& row, const v1::Command& command)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Leaves something to GoOn.
  template <typename T>
  void Leave(std::deque<T>& waiting, T item)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    waiting.push_back(std::move(item));
    is_left_ = true;
  }

  client::Client& client_;
  const ImportOptions& options_;
  const uint64_t size_at_start_;

  // No further record is to be sent.
  std::atomic<bool> stop_ = false;
  // Something may be waiting for GoOn, which is asked after every record.
  std::atomic<bool> is_left_ = false;

  absl::Mutex mutex_;
  ImportRows rows_ ABSL_GUARDED_BY(mutex_);
  // Sent and not answered, in the order of sending; bounded by the writers.
  std::deque<RowPointer> sent_ ABSL_GUARDED_BY(mutex_);
  std::deque<SentCheck> checked_ ABSL_GUARDED_BY(mutex_);
  // Refused by an earlier import, to be asked about anew.
  std::deque<RowPointer> to_retry_ ABSL_GUARDED_BY(mutex_);
  // Recorded before, to be compared with the ledger: those with the same
  // content, and those that have changed since, or that the file says
  // otherwise.
  std::deque<RowPointer> to_check_ ABSL_GUARDED_BY(mutex_);
  std::deque<RowPointer> to_look_up_ ABSL_GUARDED_BY(mutex_);
  // Recorded, whose reference the ledger may have in another spelling.
  std::deque<RowPointer> to_spell_ ABSL_GUARDED_BY(mutex_);
  // What the ledger has in another spelling.
  std::deque<SentCheck> found_spellings_ ABSL_GUARDED_BY(mutex_);
  size_t spelled_ ABSL_GUARDED_BY(mutex_) = 0;
  // Answered in a way that does not say whether they were recorded.
  size_t unsettled_ ABSL_GUARDED_BY(mutex_) = 0;

  // A reference of the file that the ledger has in another spelling.
  struct FoundInLedger {
    std::string exporter;
    PossibleDuplicate duplicate;
  };

  // Used by the calling thread alone.
  LookAlikes look_alikes_;
  std::vector<FoundInLedger> found_in_ledger_;
  // So many rows are not settled that they are to be waited for.
  bool has_many_rows_ = false;

  // Last: their threads use what is above.
  client::BulkWriter writer_;
  client::BulkWriter checker_;
};

ImportOutcome Import::Run(CommandSource& source) {
  const absl::Status status = Finish(ReadAll(source));
  absl::MutexLock lock(&mutex_);
  return {.counts = rows_.counts(),
          .first_problems = rows_.first_problems(),
          .first_possible_duplicates = rows_.first_possible_duplicates(),
          .status = status};
}

absl::Status Import::Finish(const absl::Status& read) {
  absl::Status finished = writer_.Finish();
  // What was recorded is counted, also where the file could be read no further.
  if (finished.ok() && !read.ok()) finished = GoOnToTheEnd();
  finished.Update(checker_.Finish());
  NoteFoundInLedger();
  absl::MutexLock lock(&mutex_);
  const size_t unanswered = sent_.size() + unsettled_;
  rows_.WriteRest();
  absl::Status status = rows_.failure();
  status.Update(read);
  status.Update(finished);
  // A dry run records nothing.
  if (status.ok() || unanswered == 0 || options_.dry_run) return status;
  return WithUnanswered(status, unanswered, options_.noun);
}

absl::Status Import::ReadAll(CommandSource& source) {
  RETURN_IF_ERROR(ReadSource(
      source, options_, stop_, kProgressRecords, [this] { return counts(); },
      [this](SourceCommand command) { return Take(std::move(command)); }));
  return GoOnToTheEnd();
}

absl::Status Import::Take(SourceCommand source) {
  if (source.IsMeant()) {
    auto row = std::make_shared<Row>();
    row->source = std::move(source);
    NoteReference(*row);
    v1::Command command = std::move(row->source.command);
    RETURN_IF_ERROR(Send(row, std::move(command), ""));
  } else {
    absl::MutexLock lock(&mutex_);
    rows_.TakeUnmeant(std::move(source));
    has_many_rows_ = rows_.waiting() >= kMaxWaitingRows;
  }
  RETURN_IF_ERROR(GoOn());
  return std::exchange(has_many_rows_, false) ? GoOnToTheEnd()
                                              : absl::OkStatus();
}

template <typename T>
std::optional<T> Import::TakeFront(std::deque<T>& waiting) {
  absl::MutexLock lock(&mutex_);
  if (waiting.empty()) return std::nullopt;
  T front = std::move(waiting.front());
  waiting.pop_front();
  return front;
}

absl::Status Import::GoOn() {
  if (!is_left_.exchange(false)) return absl::OkStatus();
  while (!stop_) {
    const auto row = TakeFront(to_retry_);
    if (!row) break;
    v1::Command command = std::move((*row)->source.command);
    (*row)->is_retried = true;
    RETURN_IF_ERROR(Send(*row, std::move(command), options_.retry_refused));
  }
  while (const auto row = TakeFront(to_check_)) {
    RETURN_IF_ERROR(SendCheck(*row, ""));
  }
  while (const auto row = TakeFront(to_look_up_)) {
    RETURN_IF_ERROR(LookUp(**row));
  }
  while (const auto row = TakeFront(to_spell_)) {
    for (const std::string& spelling :
         OtherSpellings(NameIn((*row)->source.command).shipment_reference())) {
      RETURN_IF_ERROR(SendCheck(*row, spelling));
    }
  }
  while (const auto found = TakeFront(found_spellings_)) {
    RETURN_IF_ERROR(TakeSpelling(*found));
  }
  return absl::OkStatus();
}

absl::Status Import::GoOnToTheEnd() {
  while (true) {
    RETURN_IF_ERROR(writer_.Flush());
    RETURN_IF_ERROR(GoOn());
    RETURN_IF_ERROR(checker_.Flush());
    absl::MutexLock lock(&mutex_);
    if (!rows_.failure().ok()) return rows_.failure();
    if (sent_.empty() && checked_.empty() && to_check_.empty() &&
        to_look_up_.empty() && to_spell_.empty() && found_spellings_.empty() &&
        (to_retry_.empty() || stop_)) {
      return absl::OkStatus();
    }
  }
}

absl::Status Import::Send(const RowPointer& row, v1::Command command,
                          absl::string_view retry) {
  Request request;
  request.set_request_id(RequestIdOf(*row, command, retry));
  *request.add_commands() = std::move(command);
  {
    absl::MutexLock lock(&mutex_);
    if (!row->is_retried) rows_.Add(row);
    sent_.push_back(row);
    has_many_rows_ = rows_.waiting() >= kMaxWaitingRows;
  }
  const absl::Status written = writer_.Write(std::move(request));
  if (!written.ok()) {
    // It was not sent, and after an error no answer comes to take it.
    absl::MutexLock lock(&mutex_);
    sent_.pop_back();
  }
  return written;
}

void Import::NoteReference(Row& row) {
  if (!row.source.command.has_record_shipment()) return;
  const v1::Shipment& shipment = ShipmentIn(row.source.command);
  const int64_t line = row.source.records.front().line;
  const auto other = look_alikes_.Note(shipment.exporter(),
                                       shipment.shipment_reference(), line);
  if (!other) return;
  row.looks_like_another = true;
  absl::MutexLock lock(&mutex_);
  rows_.NotePossibleDuplicate({.line = line,
                               .reference = shipment.shipment_reference(),
                               .other_line = *other});
}

absl::Status Import::TakeSpelling(const SentCheck& found) {
  const v1::Shipment& shipment = ShipmentIn(found.row->source.command);
  v1::GetShipmentRequest request;
  request.set_exporter(shipment.exporter());
  request.set_shipment_reference(found.spelling);
  ASSIGN_OR_RETURN(const auto answer, client_.GetShipment(request));
  // A voided one counts nothing.
  if (answer.shipment().status() != v1::SHIPMENT_STATUS_VOIDED) {
    found_in_ledger_.push_back(
        {.exporter = shipment.exporter(),
         .duplicate = {.line = found.row->source.records.front().line,
                       .reference = shipment.shipment_reference(),
                       .other = found.spelling}});
  }
  return absl::OkStatus();
}

void Import::NoteFoundInLedger() {
  absl::MutexLock lock(&mutex_);
  for (FoundInLedger& found : std::exchange(found_in_ledger_, {})) {
    // One of the file, from this import or an earlier one, is told by its line.
    if (look_alikes_.HasSeveral(found.exporter, found.duplicate.reference)) {
      continue;
    }
    rows_.NotePossibleDuplicate(std::move(found.duplicate));
  }
}

absl::Status Import::SendCheck(const RowPointer& row,
                               const std::string& spelling) {
  v1::Command voiding;
  if (const v1::ShipmentName* moved = FindMoved(row->source.command)) {
    v1::VoidMovement& tried = *voiding.mutable_void_movement();
    *tried.mutable_shipment() = *moved;
    tried.set_movement_index(row->earlier_index);
    tried.set_reason(std::string(kCheckReason));
    return SendTried(std::move(voiding), {row, spelling});
  }
  const v1::Shipment& shipment = ShipmentIn(row->source.command);
  v1::VoidShipment& tried = *voiding.mutable_void_shipment();
  tried.set_exporter(shipment.exporter());
  tried.set_shipment_reference(spelling.empty() ? shipment.shipment_reference()
                                                : spelling);
  tried.set_reason(std::string(kCheckReason));
  tried.set_recorded_in_error(std::string(kCheckReason));
  if (spelling.empty()) tried.set_expected_revision(1);
  return SendTried(std::move(voiding), {row, spelling});
}

absl::Status Import::SendTried(v1::Command voiding, SentCheck check) {
  Request request;
  *request.add_commands() = std::move(voiding);
  {
    absl::MutexLock lock(&mutex_);
    checked_.push_back(std::move(check));
  }
  return checker_.Write(std::move(request));
}

void Import::TakeCheck(const Answer& answer) {
  const absl::Status error = client::FromRpcStatus(answer.error());
  absl::MutexLock lock(&mutex_);
  const SentCheck check = std::move(checked_.front());
  checked_.pop_front();
  Row& row = *check.row;
  if (!check.spelling.empty()) {
    if (client::GetErrorDetails(error).reason != v1::SHIPMENT_NOT_FOUND) {
      Leave(found_spellings_, check);
    }
  } else if (FindMoved(row.source.command) != nullptr) {
    SettleMovement(row, error);
  } else if (error.ok()) {
    const v1::Command command = std::move(row.source.command);
    rows_.Settle(row, &ImportCounts::already_there);
    LeaveToSpell(check.row, command);
  } else {
    Leave(to_look_up_, check.row);
  }
}

void Import::SettleMovement(Row& row, const absl::Status& tried) {
  const client::ErrorDetails details = client::GetErrorDetails(tried);
  const auto status = details.metadata.find("status");
  // A shipment is voided only when none of its movements holds.
  const bool is_voided =
      details.reason == v1::INVALID_FIELD ||
      (details.reason == v1::WRONG_STATUS && status != details.metadata.end() &&
       status->second == kVoided);
  if (is_voided) {
    rows_.Settle(
        row, &ImportCounts::voided,
        absl::StrCat("voided: entry ", row.earlier_index,
                     " recorded it and a later one voided it, so it moves "
                     "nothing; if it did happen, a second row like it records "
                     "it anew"));
  } else if (tried.ok() || IsAboutTheRequest(tried)) {
    // Where it cannot be voided, others rest on it.
    rows_.Settle(row, &ImportCounts::already_there);
  } else {
    rows_.Fail(tried);
  }
}

absl::Status Import::LookUp(Row& row) {
  const v1::Command file = std::move(row.source.command);
  const v1::ShipmentName name = NameIn(file);
  v1::GetShipmentRequest request;
  request.set_exporter(name.exporter());
  request.set_shipment_reference(name.shipment_reference());
  ASSIGN_OR_RETURN(const auto answer, client_.GetShipment(request));
  const v1::ShipmentView& view = answer.shipment();
  v1::RecordShipment recorded;
  *recorded.mutable_shipment() = view.shipment();
  recorded.set_assurance(view.assurance());
  v1::RecordShipment said;
  *said.mutable_shipment() = ShipmentIn(file);
  said.set_assurance(file.has_correct_shipment()
                         ? file.correct_shipment().assurance()
                         : file.record_shipment().assurance());
  const bool is_voided = view.status() == v1::SHIPMENT_STATUS_VOIDED;
  absl::MutexLock lock(&mutex_);
  if (file.has_void_shipment()) {
    // A voiding stays.
    if (is_voided) {
      rows_.Settle(row, &ImportCounts::already_there);
    } else {
      rows_.Settle(row, &ImportCounts::differs,
                   absl::StrCat("differs from the ledger (entry ", view.index(),
                                "): the file voids it"));
    }
  } else if (is_voided) {
    rows_.Settle(
        row, &ImportCounts::voided,
        absl::StrCat("voided: entry ", view.index(),
                     " recorded it and a later one voided it, so it counts "
                     "nothing; record it anew under another reference"));
  } else if (const std::string differences =
                 DescribeDifferences(recorded, said);
             !differences.empty()) {
    rows_.Settle(row, &ImportCounts::differs,
                 absl::StrCat("differs from the ledger (entry ", view.index(),
                              "): ", differences));
  } else {
    rows_.Settle(row, &ImportCounts::already_there);
  }
  return absl::OkStatus();
}

void Import::TakeAnswer(const Request& request, const Answer& answer,
                        bool sent_again) {
  absl::MutexLock lock(&mutex_);
  const RowPointer row = std::move(sent_.front());
  sent_.pop_front();
  if (const absl::Status error = client::FromRpcStatus(answer.error());
      !error.ok()) {
    return TakeError(row, request, error, sent_again);
  }
  // What was sent again after a break may be a repetition of ourselves.
  const bool may_be_ours =
      sent_again && answer.result().index() >= size_at_start_;
  if (answer.result().repeated_answer() && !may_be_ours) {
    row->earlier_index = answer.result().index();
    if (row->source.is_superseded ||
        request.commands(0).has_declare_compute()) {
      rows_.Settle(*row, &ImportCounts::already_there);
      return;
    }
    row->source.command = request.commands(0);
    const v1::Command& command = row->source.command;
    const bool can_be_checked =
        command.has_record_shipment() || FindMoved(command) != nullptr;
    return Leave(can_be_checked ? to_check_ : to_look_up_, row);
  }
  const v1::Command& command = request.commands(0);
  SettleAsDone(*row, command);
  if (command.has_record_shipment()) LeaveToSpell(row, command);
}

void Import::LeaveToSpell(const RowPointer& row, const v1::Command& command) {
  if (spelled_ == kMaxSpelled || row->looks_like_another) return;
  ++spelled_;
  row->source.command = command;
  Leave(to_spell_, row);
}

void Import::TakeError(const RowPointer& row, const Request& request,
                       const absl::Status& error, bool sent_again) {
  const client::ErrorDetails details = client::GetErrorDetails(error);
  if (details.refusal) {
    const bool before = details.refusal->has_index() &&
                        details.refusal->index() < size_at_start_;
    if (before && !options_.retry_refused.empty() && !row->is_retried) {
      row->source.command = request.commands(0);
      return Leave(to_retry_, row);
    }
    rows_.Refuse(*row, error, before);
  } else if (options_.dry_run && !row->source.attempt.empty() &&
             FindMoved(request.commands(0)) == nullptr &&
             details.reason == v1::SHIPMENT_NOT_FOUND) {
    // What it changes would be recorded by then.
    SettleAsDone(*row, request.commands(0));
  } else if (details.reason == v1::SHIPMENT_REFERENCE_REUSED &&
             FindMoved(request.commands(0)) != nullptr) {
    rows_.Settle(*row, &ImportCounts::differs, std::string(error.message()));
  } else if (details.reason == v1::SHIPMENT_REFERENCE_REUSED) {
    row->source.command = request.commands(0);
    Leave(to_look_up_, row);
  } else if (IsAboutTheRequest(error)) {
    rows_.Reject(*row, error, details);
  } else {
    rows_.Fail(error);
    if (client::LeavesOutcomeOpen(error) ||
        (sent_again && !client::SettlesEarlierTries(error))) {
      ++unsettled_;
    }
  }
}

void Import::SettleAsDone(Row& row, const v1::Command& command) {
  rows_.Settle(row, command.has_correct_shipment() ? &ImportCounts::corrected
                    : command.has_void_shipment()  ? &ImportCounts::canceled
                                                   : &ImportCounts::recorded);
}

}  // namespace

ImportOutcome ImportShipments(client::Client& client, CommandSource& source,
                              const ImportOptions& options) {
  return RunImport(
      client, source, options,
      [&](uint64_t size_at_start, RejectsFile& rejects) {
        return Import(client, options, size_at_start, rejects).Run(source);
      });
}

}  // namespace chipledger::import
