// Deciding: (state, command) -> event or refusal. Pure: no clock, no I/O, no
// locks, no floating point. Replay runs the same functions.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_DECIDE_H_
#define CHIPLEDGER_LEDGER_DOMAIN_DECIDE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "chipledger/v1/command.pb.h"
#include "chipledger/v1/event.pb.h"
#include "google/protobuf/arena.h"
#include "ledger/domain/history.h"
#include "ledger/domain/state.h"

namespace chipledger::domain {

// A decided request. Everything lives on the arena that was passed.
struct DecidedRequest {
  // Accepted: one event a command, in order. Refused: one Refused.
  std::vector<v1::Event*> events;
  // What is recorded, when it is not the events as they are: an event that is
  // too large for an entry takes several (see whole_event.h).
  std::vector<v1::Event*> split;
  bool refused = false;

  // The events of the entries that the request makes.
  const std::vector<v1::Event*>& entries() const {
    return split.empty() ? events : split;
  }
};

// Whether a decided request changes the state.
enum class Effect {
  // Its events are folded into the state.
  kApply,
  // The state stays as it was.
  kValidateOnly,
};

// Who asks. Some commands are the ledger's own: they record what time brings
// about, and what it has counted itself.
enum class AskedBy { kAnyone, kLedger };

// The principal of what the ledger records by itself.
inline constexpr absl::string_view kLedgerPrincipal = "ledger";

// Decides a request of one or more commands, all or nothing. Events take over
// the commands' messages without copying. What the request needs of the past is
// read from `history` before it is decided, and never while (see
// fetched_history.h).
//
// Requires: commands live on `arena`; `history` covers the state;
// `record_time_ns` is the record time of the first entry, nanoseconds since the
// Unix epoch; the entries after it follow by one nanosecond each; `by` says who
// asks. Errors (nothing is recorded): every reason of error_reason.proto that
// speaks of the content of a command; the first wrong command's error is
// returned, and for REVISION_MISMATCH every failed check.
absl::StatusOr<DecidedRequest> DecideRequest(
    State& state, const History& history,
    absl::Span<v1::Command* const> commands, int64_t record_time_ns, AskedBy by,
    google::protobuf::Arena* arena, Effect effect);

// Is shown a command of a request as it was decided: its place, the state that
// it was decided on, and the event that it would be. What the rules refuse is
// shown with all that was judged, too.
using VisitDecided = absl::FunctionRef<absl::Status(
    size_t place, const State& before, const History& history,
    const v1::Event& event)>;

// Decides a request as DecideRequest does, changes nothing, and shows each
// command. Returns whether the rules refuse the request. A place may be shown
// again; the last time holds. Errors: as DecideRequest, and those of `visit`.
absl::StatusOr<bool> VisitDecisions(State& state, const History& history,
                                    absl::Span<v1::Command* const> commands,
                                    int64_t record_time_ns, AskedBy by,
                                    google::protobuf::Arena* arena,
                                    VisitDecided visit);

// Returns the commands that an entry's event came from: all of them for a
// Refused, else one. None for LedgerOpened.
std::vector<v1::Command> CommandsOf(const v1::Event& event);

// Returns the field of v1::Command that holds the command of this kind of event
// (a field number of v1::Event), or null when the kind has none of its own.
const google::protobuf::FieldDescriptor* CommandKindOf(int event_kind);

// Returns the event's evidence, or null when its kind has none. What it gives
// back first, if anything, is its reversal.
const v1::Evidence* EvidenceOf(const v1::Event& event);
const v1::Evidence* ReversalOf(const v1::Event& event);
// The same to be changed; null also when it is not set.
v1::Evidence* MutableEvidenceOf(v1::Event& event);
v1::Evidence* MutableReversalOf(v1::Event& event);

// Returns the date by which the event's amounts count, unless an evaluation
// names its own: the grant date, the export date, or the effective date. The
// record time's date for events that have none.
Date EffectiveDateOf(const v1::Event& event, int64_t record_time_ns);

// Returns the index of the shipment that the event voids, corrects or takes
// units of, if it does.
std::optional<uint64_t> ChangedShipmentOf(const v1::Event& event);

// Returns the shipment that the event made or changed the content of, or null.
const v1::Shipment* ShipmentOf(const v1::Event& event);
// Whether it has one, and with this name.
bool IsOfShipment(const v1::Event& event, absl::string_view exporter,
                  absl::string_view reference);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_DECIDE_H_
