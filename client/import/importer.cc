#include "client/import/importer.h"

#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/cleanup/cleanup.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "chipledger/v1/admin_service.pb.h"
#include "client/bulk_writer.h"
#include "client/errors.h"
#include "client/import/digest.h"
#include "client/import/rejects_file.h"
#include "ledger/base/status_macros.h"

namespace chipledger::import {
namespace {

using Answer = client::BulkWriter::Answer;
using Request = client::BulkWriter::Request;

constexpr size_t kMaxMissingProducts = 100;
// Records between two calls of on_progress.
constexpr int64_t kProgressRecords = 256;
// Bad records that wait for the answers before them; bounds their memory.
constexpr size_t kMaxWaitingRejects = 1'000;

// Whether the error is about the request, so that others may still succeed.
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

// Returns the error with what it leaves open added to its message.
absl::Status WithUnanswered(const absl::Status& error, size_t unanswered) {
  absl::Status status(
      error.code(),
      absl::StrCat(error.message(), "; ", unanswered,
                   unanswered == 1 ? " shipment has" : " shipments have",
                   " no answer and may or may not have been recorded: running "
                   "the same import again is safe and settles it, nothing is "
                   "recorded twice"));
  error.ForEachPayload([&](absl::string_view type, const absl::Cord& payload) {
    status.SetPayload(type, payload);
  });
  return status;
}

// Import is one run of ImportShipments. The calling thread reads and sends;
// answers arrive on the writer's thread.
class Import {
 public:
  Import(client::Client& client, const ImportOptions& options,
         uint64_t size_at_start, RejectsFile& rejects)
      : options_(options),
        size_at_start_(size_at_start),
        rejects_(rejects),
        writer_(client, {.validate_only = options.dry_run},
                [this](const Request&, const Answer& answer, bool sent_again) {
                  TakeAnswer(answer, sent_again);
                }) {}

  absl::Status Run(ShipmentSource& source);

  ImportCounts counts() {
    absl::MutexLock lock(&mutex_);
    return counts_;
  }

 private:
  absl::Status ReadAll(ShipmentSource& source);
  absl::Status RetryRefused();
  absl::Status Send(SourceShipment shipment, absl::string_view attempt);
  absl::Status TakeProblem(SourceShipment shipment);
  void RejectWaiting() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Reject(const std::vector<SourceRecord>& records,
              absl::string_view reason) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeAnswer(const Answer& answer, bool sent_again);
  void TakeError(SourceShipment shipment, const absl::Status& error,
                 bool sent_again) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool ShouldStop() {
    absl::MutexLock lock(&mutex_);
    return stop_;
  }

  const ImportOptions& options_;
  const uint64_t size_at_start_;

  absl::Mutex mutex_;
  RejectsFile& rejects_ ABSL_GUARDED_BY(mutex_);
  ImportCounts counts_ ABSL_GUARDED_BY(mutex_);
  // Sent and not answered, in order, bounded by the writer; and among them the
  // bad records, so that the rejects are in the order of the file.
  std::deque<SourceShipment> under_way_ ABSL_GUARDED_BY(mutex_);
  // How many of them are bad records.
  size_t waiting_rejects_ ABSL_GUARDED_BY(mutex_) = 0;
  // Refused by an earlier import, to be asked about anew.
  std::deque<SourceShipment> to_retry_ ABSL_GUARDED_BY(mutex_);
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  // Answered in a way that does not say whether they were recorded.
  size_t unsettled_ ABSL_GUARDED_BY(mutex_) = 0;
  // The server failed for good.
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);

  // Last: its thread uses what is above.
  client::BulkWriter writer_;
};

absl::Status Import::Run(ShipmentSource& source) {
  const absl::Status read = ReadAll(source);
  const absl::Status finished = writer_.Finish();
  absl::MutexLock lock(&mutex_);
  const size_t unanswered = under_way_.size() - waiting_rejects_ + unsettled_;
  while (!under_way_.empty()) {
    RejectWaiting();
    if (!under_way_.empty()) under_way_.pop_front();
  }
  absl::Status status = failure_;
  status.Update(read);
  status.Update(finished);
  // A dry run records nothing.
  if (status.ok() || unanswered == 0 || options_.dry_run) return status;
  return WithUnanswered(status, unanswered);
}

absl::Status Import::ReadAll(ShipmentSource& source) {
  for (int64_t read = 0; !ShouldStop(); ++read) {
    if (options_.on_progress && read % kProgressRecords == 0) {
      options_.on_progress(counts(), source.lines());
    }
    ASSIGN_OR_RETURN(std::optional<SourceShipment> shipment, source.Next());
    if (!shipment) break;
    if (!shipment->skipped.empty()) {
      absl::MutexLock lock(&mutex_);
      ++counts_.skipped[shipment->skipped];
    } else if (!shipment->problem.empty()) {
      RETURN_IF_ERROR(TakeProblem(*std::move(shipment)));
    } else {
      RETURN_IF_ERROR(Send(*std::move(shipment), ""));
    }
    RETURN_IF_ERROR(RetryRefused());
  }
  RETURN_IF_ERROR(writer_.Flush());
  RETURN_IF_ERROR(RetryRefused());
  return writer_.Flush();
}

absl::Status Import::RetryRefused() {
  while (true) {
    SourceShipment shipment;
    {
      absl::MutexLock lock(&mutex_);
      if (to_retry_.empty() || stop_) return absl::OkStatus();
      shipment = std::move(to_retry_.front());
      to_retry_.pop_front();
    }
    RETURN_IF_ERROR(Send(std::move(shipment), options_.retry_refused));
  }
}

absl::Status Import::Send(SourceShipment shipment, absl::string_view attempt) {
  Request request;
  request.set_request_id(RequestIdFor(shipment.command, attempt).ToString());
  if (options_.retry_refused.empty() || !attempt.empty()) {
    *request.add_commands()->mutable_record_shipment() =
        std::move(shipment.command);
  } else {
    *request.add_commands()->mutable_record_shipment() = shipment.command;
  }
  {
    absl::MutexLock lock(&mutex_);
    under_way_.push_back(std::move(shipment));
  }
  const absl::Status written = writer_.Write(std::move(request));
  if (!written.ok()) {
    // It was not sent, and after an error no answer comes to move it.
    absl::MutexLock lock(&mutex_);
    under_way_.pop_back();
  }
  return written;
}

absl::Status Import::TakeProblem(SourceShipment shipment) {
  bool too_many = false;
  {
    absl::MutexLock lock(&mutex_);
    if (options_.strict) stop_ = true;
    shipment.command.Clear();
    under_way_.push_back(std::move(shipment));
    too_many = ++waiting_rejects_ >= kMaxWaitingRejects;
    if (waiting_rejects_ == under_way_.size()) RejectWaiting();
  }
  return too_many ? writer_.Flush() : absl::OkStatus();
}

void Import::RejectWaiting() {
  while (!under_way_.empty() && !under_way_.front().problem.empty()) {
    Reject(under_way_.front().records, under_way_.front().problem);
    under_way_.pop_front();
    --waiting_rejects_;
  }
}

void Import::Reject(const std::vector<SourceRecord>& records,
                    absl::string_view reason) {
  ++counts_.rejected;
  rejects_.Add(records, reason);
  if (options_.strict) stop_ = true;
}

void Import::TakeAnswer(const Answer& answer, bool sent_again) {
  absl::MutexLock lock(&mutex_);
  SourceShipment shipment = std::move(under_way_.front());
  under_way_.pop_front();
  const absl::Cleanup reject_waiting = [this] {
    mutex_.AssertHeld();
    RejectWaiting();
  };
  if (const absl::Status error = client::FromRpcStatus(answer.error());
      !error.ok()) {
    return TakeError(std::move(shipment), error, sent_again);
  }
  // What was sent again after a break may be a repetition of ourselves.
  const bool may_be_ours =
      sent_again && answer.result().index() >= size_at_start_;
  if (answer.result().repeated_answer() && !may_be_ours) {
    ++counts_.already_there;
  } else {
    ++counts_.recorded;
  }
}

void Import::TakeError(SourceShipment shipment, const absl::Status& error,
                       bool sent_again) {
  const client::ErrorDetails details = client::GetErrorDetails(error);
  if (details.refusal) {
    const bool before = details.refusal->has_index() &&
                        details.refusal->index() < size_at_start_;
    if (before && shipment.command.has_shipment()) {
      // Its command was kept because refusals are to be retried.
      to_retry_.push_back(std::move(shipment));
      return;
    }
    ++counts_.refused;
    if (before) ++counts_.refused_before;
    rejects_.Add(shipment.records, error.message());
    if (options_.strict) stop_ = true;
  } else if (IsAboutTheRequest(error)) {
    const auto product = details.metadata.find("product_code");
    if (details.reason == v1::PRODUCT_NOT_FOUND &&
        product != details.metadata.end() &&
        counts_.missing_products.size() < kMaxMissingProducts) {
      counts_.missing_products.insert(product->second);
    }
    Reject(shipment.records, error.message());
  } else {
    stop_ = true;
    if (failure_.ok()) failure_ = error;
    if (client::LeavesOutcomeOpen(error) ||
        (sent_again && !client::SettlesEarlierTries(error))) {
      ++unsettled_;
    }
  }
}

}  // namespace

ImportOutcome ImportShipments(client::Client& client, ShipmentSource& source,
                              const ImportOptions& options) {
  auto rejects = RejectsFile::Create(options.rejects_path);
  if (!rejects.ok()) return {.status = rejects.status()};
  const auto ledger = client.GetLedger({});
  if (!ledger.ok()) return {.status = ledger.status()};
  Import import(client, options, ledger->size(), **rejects);
  absl::Status status = import.Run(source);
  const absl::Status closed = (*rejects)->Close();
  if (status.ok()) status = closed;
  if (options.on_progress) options.on_progress(import.counts(), source.lines());
  return {.counts = import.counts(), .status = status};
}

}  // namespace chipledger::import
