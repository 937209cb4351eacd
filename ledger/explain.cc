#include "ledger/explain.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/arena.h"
#include "google/protobuf/util/time_util.h"
#include "ledger/base/error.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/decide.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/explanation.h"
#include "ledger/domain/history_before.h"
#include "ledger/domain/named_shipments.h"
#include "ledger/envelope.h"
#include "ledger/load_state.h"
#include "ledger/log_history.h"
#include "ledger/shipments.h"

namespace chipledger {
namespace {

using google::protobuf::Arena;
using google::protobuf::util::TimeUtil;

// Explainer explains what was decided, or would be, on the state at one size.
class Explainer {
 public:
  static absl::StatusOr<std::unique_ptr<Explainer>> At(
      const store::Store& store, uint64_t size) {
    const std::unique_ptr<store::EntryReader> reader = store.log().NewReader();
    ASSIGN_OR_RETURN(
        LoadedState loaded,
        LoadState(store, size, LoadShipments::kSinceMark,
                  [&](uint64_t index) { return reader->Read(index); }));
    return std::make_unique<Explainer>(store, std::move(loaded));
  }

  Explainer(const store::Store& store, LoadedState loaded)
      : store_(store),
        loaded_(std::move(loaded)),
        log_(store),
        history_(log_, loaded_.state.size()) {}

  int64_t last_record_time_ns() const { return loaded_.last_record_time_ns; }

  // Explains the recorded event of the entry that follows the state.
  absl::Status ExplainRecorded(const v1::Event& event, int64_t record_time_ns,
                               v1::ExplainFactResponse& response) {
    const std::optional<uint64_t> changed = domain::ChangedShipmentOf(event);
    if (changed) RETURN_IF_ERROR(BringInShipment(store_, *changed, loaded_));
    ASSIGN_OR_RETURN(*response.add_facts(),
                     domain::ExplainEvent(loaded_.state, history_,
                                          {.event = event,
                                           .index = loaded_.state.size(),
                                           .record_time_ns = record_time_ns}));
    return absl::OkStatus();
  }

  // Decides commands on the state and explains each.
  absl::Status ExplainCommands(const std::vector<v1::Command>& commands,
                               int64_t record_time_ns, domain::AskedBy by,
                               v1::ExplainFactResponse& response) {
    RETURN_IF_ERROR(BringInNamed(commands));
    Arena arena;
    std::vector<v1::Command*> to_decide;
    for (const v1::Command& command : commands) {
      to_decide.push_back(Arena::CreateMessage<v1::Command>(&arena));
      *to_decide.back() = command;
      response.add_facts();
    }
    ASSIGN_OR_RETURN(
        const bool refused,
        domain::VisitDecisions(
            loaded_.state, history_, to_decide, record_time_ns, by, &arena,
            [&](size_t place, const domain::State& before,
                const domain::History& history, const v1::Event& event) {
              return Explain(place, before, history, event, record_time_ns,
                             response);
            }));
    response.set_refused(refused);
    return absl::OkStatus();
  }

 private:
  static absl::Status Explain(size_t place, const domain::State& before,
                              const domain::History& history,
                              const v1::Event& event, int64_t record_time_ns,
                              v1::ExplainFactResponse& response) {
    ASSIGN_OR_RETURN(*response.mutable_facts(static_cast<int>(place)),
                     domain::ExplainEvent(before, history,
                                          {.event = event,
                                           .index = before.size(),
                                           .record_time_ns = record_time_ns}));
    return absl::OkStatus();
  }

  // Brings in what became of the shipments that commands name.
  absl::Status BringInNamed(const std::vector<v1::Command>& commands) {
    absl::Status status;
    for (const v1::Command& command : commands) {
      domain::VisitShipments(
          command, [&](absl::string_view exporter, absl::string_view reference,
                       domain::ShipmentUse) {
            if (status.ok()) status = BringIn(exporter, reference);
          });
    }
    return status;
  }

  absl::Status BringIn(absl::string_view exporter,
                       absl::string_view reference) {
    ASSIGN_OR_RETURN(const std::optional<uint64_t> index,
                     history_.FindShipment(exporter, reference));
    return index ? BringInShipment(store_, *index, loaded_) : absl::OkStatus();
  }

  const store::Store& store_;
  LoadedState loaded_;
  const LogHistory log_;
  const domain::HistoryBefore history_;
};

// Errors: INVALID_FIELD for what continues another entry, DATA_DAMAGED.
absl::StatusOr<v1::Entry> ReadFirstOf(const store::Store& store,
                                      uint64_t index) {
  const std::unique_ptr<store::EntryReader> reader = store.log().NewReader();
  v1::Entry entry;
  RETURN_IF_ERROR(
      ReadWhole([&](uint64_t at) { return reader->Read(at); }, index, entry));
  if (entry.event().has_evidence_continued()) {
    return InvalidFields(
        {{"index", absl::StrCat("is ", index,
                                ", which holds more of what was found about an "
                                "entry before it; explain that one")}});
  }
  return entry;
}

absl::Status ExplainEntry(const store::Store& store, uint64_t index,
                          v1::ExplainFactResponse& response) {
  ASSIGN_OR_RETURN(const v1::Entry entry, ReadFirstOf(store, index));
  ASSIGN_OR_RETURN(const auto explainer, Explainer::At(store, index));
  response.set_index(index);
  *response.mutable_record_time() = entry.record_time();
  response.set_size(index);
  const int64_t time_ns = RecordTimeNs(entry);
  if (!entry.event().has_refused()) {
    return explainer->ExplainRecorded(entry.event(), time_ns, response);
  }
  return explainer->ExplainCommands(domain::CommandsOf(entry.event()), time_ns,
                                    domain::AskedBy::kLedger, response);
}

// The entry that says what a shipment is.
absl::StatusOr<uint64_t> ContentOf(const store::Store& store,
                                   const domain::Snapshot& snapshot,
                                   const v1::ShipmentName& name) {
  const LogHistory log(store);
  ASSIGN_OR_RETURN(
      const std::optional<uint64_t> index,
      domain::HistoryBefore(log, snapshot.size)
          .FindShipment(name.exporter(), name.shipment_reference()));
  if (!index) {
    return domain::ShipmentNotFound(name.exporter(), name.shipment_reference());
  }
  ASSIGN_OR_RETURN(const domain::ShipmentState state,
                   FindShipmentState(store, snapshot, *index));
  return state.content_index;
}

absl::Status ExplainCommand(const store::Store& store, uint64_t size,
                            std::optional<int64_t> now_ns,
                            const v1::Command& command,
                            v1::ExplainFactResponse& response) {
  ASSIGN_OR_RETURN(const auto explainer, Explainer::At(store, size));
  response.set_size(size);
  const int64_t next_ns = explainer->last_record_time_ns() + 1;
  return explainer->ExplainCommands({command},
                                    std::max(now_ns.value_or(next_ns), next_ns),
                                    domain::AskedBy::kAnyone, response);
}

}  // namespace

absl::StatusOr<v1::ExplainFactResponse> ExplainFactAt(
    const store::Store& store, const Ledger::Moment& moment, int64_t now_ns,
    bool is_latest, const v1::ExplainFactRequest& request) {
  const uint64_t size = moment.snapshot->size;
  v1::ExplainFactResponse response;
  absl::Status status;
  switch (request.fact_case()) {
    case v1::ExplainFactRequest::kCommand:
      status = ExplainCommand(
          store, size,
          is_latest ? std::optional<int64_t>(now_ns) : std::nullopt,
          request.command(), response);
      break;
    case v1::ExplainFactRequest::kIndex:
      status = ExplainEntry(store, request.index(), response);
      break;
    case v1::ExplainFactRequest::kShipment: {
      ASSIGN_OR_RETURN(const uint64_t index,
                       ContentOf(store, *moment.snapshot, request.shipment()));
      status = ExplainEntry(store, index, response);
      break;
    }
    default:
      status = InvalidFields(
          {{"fact", "is required: a command, an index or a shipment"}});
  }
  RETURN_IF_ERROR(status);
  for (auto& fact : *response.mutable_facts()) {
    domain::ShortenExplanation(
        fact,
        limits::kMaxPageBytes / static_cast<size_t>(response.facts_size()));
  }
  return response;
}

}  // namespace chipledger
