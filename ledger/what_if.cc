#include "ledger/what_if.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "ledger/base/status_macros.h"
#include "ledger/domain/counterfactual.h"
#include "ledger/domain/headroom.h"
#include "ledger/log_history.h"
#include "ledger/read_ahead.h"

namespace chipledger {
namespace {

using domain::Counterfactual;
using Entries = absl::Span<const v1::Entry* const>;
using TotalPair = v1::WhatIfResponse::TotalPair;

// Messages of about this many parts are cheap to send and soon there.
constexpr int kPartsPerMessage = 100;
constexpr uint64_t kEntriesPerMessage = 16'384;

// Sends what is found, a message at a time.
class Sender {
 public:
  Sender(uint64_t size, absl::AnyInvocable<bool(v1::WhatIfResponse)> send)
      : size_(size), send_(std::move(send)) {}

  // These return false when nobody listens any more.
  bool Progress(uint64_t replayed) {
    const uint64_t since = replayed - replayed_;
    message_.set_replayed(replayed);
    if (since < kEntriesPerMessage && !IsFull()) return true;
    replayed_ = replayed;
    return Send();
  }
  void Add(Counterfactual::Difference difference) {
    *message_.add_differences() = std::move(difference);
  }
  bool Add(TotalPair pair) {
    *message_.add_totals() = std::move(pair);
    return !IsFull() || Send();
  }
  void Done() {
    message_.set_replayed(size_);
    message_.set_done(true);
    Send();
  }

 private:
  bool IsFull() const {
    return message_.differences_size() + message_.totals_size() >=
           kPartsPerMessage;
  }
  bool Send() {
    message_.set_size(size_);
    v1::WhatIfResponse message;
    message.Swap(&message_);
    message_.set_replayed(message.replayed());
    return send_(std::move(message));
  }

  const uint64_t size_;
  absl::AnyInvocable<bool(v1::WhatIfResponse)> send_;
  v1::WhatIfResponse message_;
  uint64_t replayed_ = 0;
};

// Rows by what tells them apart whatever else is adopted: policies have other
// numbers in the two states.
using RowKey = std::tuple<std::string, std::string, std::string, std::string>;

std::map<RowKey, v1::HeadroomRow> RowsOf(const domain::Snapshot& snapshot,
                                         Date today) {
  std::map<RowKey, v1::HeadroomRow> rows;
  for (domain::ListedRow& listed :
       domain::ListHeadroom({.snapshot = snapshot, .today = today}, {},
                            std::nullopt, std::numeric_limits<size_t>::max())) {
    v1::HeadroomRow& row = listed.row;
    RowKey key{row.policy_id(), row.rule_id(), row.window_start(),
               std::string(listed.key.group())};
    rows.emplace(std::move(key), std::move(row));
  }
  return rows;
}

// Whether a row is the same in both, apart from how its policy was adopted.
bool SameTotal(const v1::HeadroomRow& a, const v1::HeadroomRow& b) {
  return a.used() == b.used() && a.reserved() == b.reserved() &&
         a.unmeasured_gpus() == b.unmeasured_gpus();
}

// Sends the totals of the policy, and those of others that differ. Returns
// false when nobody listens any more.
bool SendTotals(const domain::Snapshot& actual,
                const domain::Snapshot& hypothetical,
                const std::string& policy_id, Date today, Sender& sender) {
  auto before = RowsOf(actual, today);
  for (auto& [key, row] : RowsOf(hypothetical, today)) {
    TotalPair pair;
    const auto found = before.find(key);
    const bool in_both = found != before.end();
    const bool same = in_both && SameTotal(found->second, row);
    *pair.mutable_hypothetical() = std::move(row);
    if (in_both) {
      *pair.mutable_actual() = std::move(found->second);
      before.erase(found);
    }
    const bool of_policy = std::get<0>(key) == policy_id;
    if ((of_policy || !same) && !sender.Add(std::move(pair))) return false;
  }
  for (auto& [key, row] : before) {
    TotalPair pair;
    *pair.mutable_actual() = std::move(row);
    if (!sender.Add(std::move(pair))) return false;
  }
  return true;
}

// Calls `visit` with the entries of each request of a block, until it returns
// false. Errors: those of `visit`.
template <typename Visit>
absl::StatusOr<bool> VisitRequests(Entries entries, Visit&& visit) {
  while (!entries.empty()) {
    const uint64_t end =
        entries.front()->index() + entries.front()->request_parts();
    size_t count = 0;
    while (count < entries.size() && entries[count]->index() < end) ++count;
    ASSIGN_OR_RETURN(const bool go_on, visit(entries.first(count)));
    if (!go_on) return false;
    entries.remove_prefix(count);
  }
  return true;
}

}  // namespace

absl::Status RunWhatIf(const store::Store& store,
                       const domain::Snapshot& actual, Date today,
                       const v1::WhatIfRequest& request,
                       absl::AnyInvocable<bool(v1::WhatIfResponse)> send) {
  const LogHistory log(store);
  ASSIGN_OR_RETURN(const std::unique_ptr<Counterfactual> counterfactual,
                   Counterfactual::Make(log, actual.catalog(), request));
  Sender sender(actual.size, std::move(send));
  ReadAhead reader(store, 0, actual.size);
  while (true) {
    ASSIGN_OR_RETURN(const std::unique_ptr<ReadAhead::Block> block,
                     reader.Next());
    if (block == nullptr) break;
    ASSIGN_OR_RETURN(
        const bool go_on,
        VisitRequests(
            block->entries, [&](Entries entries) -> absl::StatusOr<bool> {
              ASSIGN_OR_RETURN(auto difference, counterfactual->Feed(entries));
              if (difference) sender.Add(*std::move(difference));
              return sender.Progress(counterfactual->state().size());
            }));
    if (!go_on) return absl::OkStatus();
  }
  if (SendTotals(actual, counterfactual->state().ToSnapshot(),
                 counterfactual->policy_id(), today, sender)) {
    sender.Done();
  }
  return absl::OkStatus();
}

}  // namespace chipledger
