// What would have become of a log under another policy.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_COUNTERFACTUAL_H_
#define CHIPLEDGER_LEDGER_DOMAIN_COUNTERFACTUAL_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "chipledger/v1/event.pb.h"
#include "chipledger/v1/policy_service.pb.h"
#include "google/protobuf/arena.h"
#include "ledger/domain/decide.h"
#include "ledger/domain/state.h"

namespace chipledger::domain {

// Counterfactual decides all requests of a log again, those that were refused
// too, on a state that has had another policy from the start. It keeps that
// state and what came out differently, but not the log.
//
// Where a request comes out differently, later ones are decided on what came of
// it: a receipt of a shipment that would have been refused would fail.
//
// Thread-safety: single-threaded.
class Counterfactual : private History {
 public:
  using Difference = v1::WhatIfResponse::Difference;

  // `log` covers all entries that will be fed, and must outlive this.
  // `catalog` is that of the log's end: the policy counts by its groups and
  // parties, whenever they were recorded.
  // Errors: INVALID_FIELD and what adopting the policy could fail with.
  static absl::StatusOr<std::unique_ptr<Counterfactual>> Make(
      const History& log, const Catalog& catalog,
      const v1::WhatIfRequest& request);

  // Takes the entries of the next request. Returns how it comes out
  // differently, if it does. Errors: DATA_DAMAGED.
  absl::StatusOr<std::optional<Difference>> Feed(
      absl::Span<const v1::Entry* const> request);

  const State& state() const { return state_; }
  const std::string& policy_id() const {
    return policy_->adopted.policy().policy_id();
  }

 private:
  Counterfactual(const History& log,
                 std::shared_ptr<const CompiledPolicy> policy,
                 std::shared_ptr<const Catalog> catalog,
                 std::optional<Date> from);

  // History.
  absl::StatusOr<std::optional<uint64_t>> FindShipment(
      absl::string_view exporter,
      absl::string_view shipment_reference) const override;
  absl::StatusOr<std::shared_ptr<const v1::Event>> ReadEvent(
      uint64_t index) const override;
  absl::StatusOr<Catalog> CatalogAt(uint64_t size) const override;
  bool is_rerun() const override { return true; }

  // The commands of a request that are decided again.
  std::vector<v1::Command*> CommandsToDecide(
      absl::Span<const v1::Entry* const> request);
  // Whether a command speaks of the policy that the other one stands for; what
  // that judged before the other one's first date it judges still.
  bool IsReplaced(v1::Command& command) const;
  bool IsReplaced(v1::AmendPolicy& command) const;
  void CompileReplaced();
  // Keeps events that the log does not have as they are here. `logged` is the
  // log's entry of the request.
  void KeepAccepted(uint64_t first, const std::vector<v1::Event*>& events,
                    uint64_t logged);
  void KeepChanged(absl::Span<const v1::Entry* const> request,
                   const std::vector<v1::Event*>& events);
  void NoteAbsent(absl::Span<const v1::Entry* const> request);
  absl::Status ExpireReservations(int64_t now_ns);
  // An error in terms of the log's entries.
  std::string ErrorText(const absl::Status& status) const;
  // `index` is where it was decided again.
  std::optional<Difference> Compare(absl::Span<const v1::Entry* const> request,
                                    const absl::StatusOr<DecidedRequest>& now,
                                    uint64_t index);

  const History& log_;
  const std::shared_ptr<const CompiledPolicy> policy_;
  const std::shared_ptr<const Catalog> catalog_;
  const std::optional<Date> from_;
  State state_{State::Tracking::kNothing};
  google::protobuf::Arena arena_;

  // Events that are not in the log, or not as they are here, by index.
  std::map<uint64_t, std::shared_ptr<const v1::Event>> events_;
  // Shipments that were refused in the log and are accepted here.
  std::map<std::pair<std::string, std::string>, uint64_t> shipments_;
  // The entries that refused them, by the indexes that they have here.
  std::map<uint64_t, uint64_t> refused_at_;
  // First events of shipments that are in the log and were not accepted here.
  std::set<uint64_t> absent_;
  uint64_t next_own_index_;
  // Entries before this one were fed.
  uint64_t fed_ = 0;
};

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_COUNTERFACTUAL_H_
