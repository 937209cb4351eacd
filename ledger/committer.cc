#include "ledger/committer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/answers.h"
#include "ledger/base/error.h"
#include "ledger/base/status_macros.h"
#include "ledger/head.h"

namespace chipledger {
namespace {

// The request that came upon damage keeps its own error.
void FailAll(const Group& group, const absl::Status& status) {
  for (const Group::Span& span : group.spans) {
    for (size_t place = span.begin; place < span.end; ++place) {
      WriteAnswer& answer = span.batch->answers[place];
      if (absl::IsDataLoss(answer.status)) continue;
      answer = WriteAnswer();
      answer.status = status;
    }
  }
}

// The error of the group that was being stored when the storage failed. What
// has reached the disk of it is there when the server starts again.
absl::Status WhileStoring(const absl::Status& read_only) {
  return MakeError(
      read_only.code(), "READ_ONLY",
      absl::StrCat(read_only.message(),
                   "; this request was being stored, and whether it was "
                   "recorded shows after the restart"),
      {{"may_be_recorded", "true"}});
}

}  // namespace

Committer::Committer(std::string ledger_id, uint64_t epoch,
                     std::function<void(absl::string_view)> log,
                     std::function<void()> on_read_only, store::Store& store,
                     Publisher& publisher, Pipeline& pipeline)
    : ledger_id_(std::move(ledger_id)),
      epoch_(epoch),
      log_(std::move(log)),
      on_read_only_(std::move(on_read_only)),
      store_(store),
      publisher_(publisher),
      pipeline_(pipeline) {}

void Committer::Run() {
  while (std::unique_ptr<Group> group = pipeline_.Take()) {
    Commit(*group);
    for (QueuedBatch& finished : group->finished) {
      finished.done(std::move(finished.batch));
    }
  }
}

void Committer::Commit(Group& group) {
  const absl::Status read_only = pipeline_.read_only();
  if (read_only.ok() && !group.entries->empty()) {
    const absl::Status stored = Store(group);
    if (!stored.ok()) {
      BecomeReadOnly(stored);
      FailAll(group, WhileStoring(pipeline_.read_only()));
      return;
    }
  }
  if (!read_only.ok()) {
    FailAll(group, read_only);
    return;
  }
  AnswerRepeats(group);
  // The group is stored; without a way to store what is derived from it, later
  // ones are not taken.
  const absl::Status projected = Project(group);
  if (!projected.ok()) BecomeReadOnly(projected);
}

absl::Status Committer::Store(const Group& group) {
  auto next = std::make_shared<domain::Snapshot>(*publisher_.Latest());
  next->Apply(group.delta);
  next->size = group.entries->end_index();
  next->last_record_time_ns = group.last_record_time_ns;
  const absl::Status stored = store_.log().Append(*group.entries, Head(group));
  if (stored.ok()) publisher_.Publish(std::move(next));
  return stored;
}

absl::Status Committer::Project(const Group& group) {
  if (group.mark) {
    RETURN_IF_ERROR(store_.marks().Append(*group.mark, Head(group)));
  }
  // These follow the log by themselves.
  return store_.ids().status();
}

storage::v1::Head Committer::Head(const Group& group) const {
  return MakeHead(ledger_id_, group.entries->end_index(),
                  group.last_record_time_ns, epoch_);
}

void Committer::AnswerRepeats(const Group& group) {
  if (group.repeats.empty()) return;
  const std::unique_ptr<store::EntryReader> reader = store_.log().NewReader();
  const std::shared_ptr<const domain::Snapshot> latest = publisher_.Latest();
  for (const Group::Repeat& repeat : group.repeats) {
    WriteAnswer& answer = repeat.batch->answers[repeat.request];
    answer =
        RepeatAnswer(*reader, latest->catalog(), repeat.first_index,
                     repeat.batch->requests[repeat.request], *repeat.batch);
  }
}

void Committer::BecomeReadOnly(const absl::Status& cause) {
  const absl::Status read_only = MakeError(
      absl::StatusCode::kUnavailable, "READ_ONLY",
      absl::StrCat(
          "the ledger is read-only after a storage error: ", cause.message(),
          "; reads go on; repair the storage and restart the server, "
          "then send the request again with the same request_id"));
  if (!pipeline_.RefuseWrites(read_only)) return;
  store_.ids().Stop();
  if (on_read_only_) on_read_only_();
  if (log_) {
    const std::string detail = store::StorageDetail(cause);
    log_(detail.empty() ? std::string(read_only.message())
                        : absl::StrCat(read_only.message(), " (", detail, ")"));
  }
}

}  // namespace chipledger
