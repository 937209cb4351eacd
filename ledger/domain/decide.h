// Deciding: (state, command) -> event or refusal. Pure: no clock, no I/O of its
// own, no locks, no floating point. Replay runs the same functions.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_DECIDE_H_
#define CHIPLEDGER_LEDGER_DOMAIN_DECIDE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "chipledger/v1/command.pb.h"
#include "chipledger/v1/event.pb.h"
#include "google/protobuf/arena.h"
#include "ledger/domain/state.h"

namespace chipledger::domain {

// History is what deciding may ask of the log's past: which shipment has a
// reference, and what an entry says. It covers every entry folded into the
// state.
class History {
 public:
  virtual ~History() = default;
  // Returns the index of the shipment's ShipmentRecorded, if there is one.
  virtual absl::StatusOr<std::optional<uint64_t>> FindShipment(
      absl::string_view exporter,
      absl::string_view shipment_reference) const = 0;
  // Returns the event with the index. Requires: index < state.size().
  virtual absl::StatusOr<v1::Event> ReadEvent(uint64_t index) const = 0;
};

// A decided request. Everything lives on the arena that was passed.
struct DecidedRequest {
  // Accepted: one event a command, in order. Refused: one Refused.
  std::vector<v1::Event*> events;
  bool refused = false;
};

// Whether a decided request changes the state.
enum class Effect {
  // Its events are folded into the state.
  kApply,
  // The state stays as it was.
  kValidateOnly,
};

// Decides a request of one or more commands, all or nothing. Events take over
// the commands' messages without copying.
//
// Requires: commands live on `arena`; `history` covers the state; `today` is
// the date (UTC) of the record time that the entries get. Errors (nothing is
// recorded): every reason of error_reason.proto that speaks of the content of a
// command; the first wrong command's error is returned, and for
// REVISION_MISMATCH every failed check.
absl::StatusOr<DecidedRequest> DecideRequest(
    State& state, const History& history,
    absl::Span<v1::Command* const> commands, Date today,
    google::protobuf::Arena* arena, Effect effect);

// Returns the commands that an entry's event came from: all of them for a
// Refused, else one. None for LedgerOpened.
std::vector<v1::Command> CommandsOf(const v1::Event& event);

// Returns the field of v1::Command that holds the command of this kind of event
// (a field number of v1::Event), or null when the kind has none of its own.
const google::protobuf::FieldDescriptor* CommandKindOf(int event_kind);

// Returns the event's evidence, or null when its kind has none.
const v1::Evidence* EvidenceOf(const v1::Event& event);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_DECIDE_H_
