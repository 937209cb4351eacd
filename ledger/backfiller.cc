#include "ledger/backfiller.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/backfill.h"
#include "ledger/log_history.h"
#include "ledger/read_ahead.h"

namespace chipledger {

Backfiller::Backfiller(absl::Duration tick, const store::Store& store,
                       const Publisher& publisher, OwnWriter& writer,
                       std::function<void(absl::string_view)> log)
    : store_(store),
      publisher_(publisher),
      writer_(writer),
      log_(std::move(log)),
      task_(tick, [this] { Look(); }) {}

uint64_t Backfiller::LookedAt(absl::string_view policy_id) const {
  absl::MutexLock lock(&mutex_);
  return policy_id == policy_id_ ? looked_at_ : 0;
}

void Backfiller::SetLookedAt(const std::string& policy_id, uint64_t looked_at) {
  absl::MutexLock lock(&mutex_);
  policy_id_ = policy_id;
  looked_at_ = looked_at;
}

void Backfiller::Look() {
  if (failed_) return;
  const std::shared_ptr<const domain::Snapshot> snapshot = publisher_.Latest();
  for (const auto& policy : snapshot->catalog().policies) {
    if (stopping_) return;
    if (!policy->IsBackfilling()) continue;
    const absl::Status counted = Count(policy->adopted);
    SetLookedAt("", 0);
    if (counted.ok()) continue;
    // It passes by itself.
    if (store::IsResourceShortage(counted)) return;
    failed_ = true;
    if (log_) {
      log_(absl::StrCat("policy ", policy->adopted.policy().policy_id(),
                        " cannot count what was recorded before its adoption "
                        "and refuses nothing: ",
                        counted.message(),
                        "; it is tried again at the next start"));
    }
    return;
  }
}

absl::Status Backfiller::Count(const v1::AdoptedPolicy& adopted) {
  ASSIGN_OR_RETURN(std::vector<v1::RecordBackfill> parts, CountLog(adopted));
  std::vector<v1::Command> commands;
  for (size_t i = adopted.backfill().parts(); i < parts.size(); ++i) {
    *commands.emplace_back().mutable_record_backfill() = std::move(parts[i]);
  }
  for (const absl::Status& status : writer_.Record(std::move(commands))) {
    RETURN_IF_ERROR(status);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<v1::RecordBackfill>> Backfiller::CountLog(
    const v1::AdoptedPolicy& adopted) {
  const std::string& policy_id = adopted.policy().policy_id();
  const uint64_t end = adopted.backfill().through_index();
  const LogHistory log(store_);
  ASSIGN_OR_RETURN(const domain::Catalog catalog, log.CatalogAt(end));
  domain::Backfill backfill(log, adopted, catalog);
  ReadAhead reader(store_, 0, end);
  while (true) {
    ASSIGN_OR_RETURN(const std::unique_ptr<ReadAhead::Block> block,
                     reader.Next());
    if (block == nullptr) return backfill.ToCommands();
    for (const v1::Entry* entry : block->entries) {
      RETURN_IF_ERROR(backfill.Feed(*entry));
    }
    SetLookedAt(policy_id, backfill.next_index());
    if (stopping_) return std::vector<v1::RecordBackfill>();
  }
}

}  // namespace chipledger
