#include "ledger/domain/decide.h"

#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "ledger/base/error.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/check.h"
#include "ledger/domain/decide_internal.h"
#include "ledger/domain/errors.h"

namespace chipledger::domain {
namespace {

using google::protobuf::Arena;
using google::protobuf::FieldDescriptor;

// An entry's envelope: index, times, principal, ids.
constexpr size_t kEnvelopeBytes = 512;

absl::Status DecideKind(v1::Command& command, Case& c) {
  switch (command.kind_case()) {
    case v1::Command::kRegisterProduct:
      return DecideRegisterProduct(*command.mutable_register_product(), c);
    case v1::Command::kRegisterParty:
      return DecideRegisterParty(*command.mutable_register_party(), c);
    case v1::Command::kChangeCountryGroup:
      return DecideChangeCountryGroup(*command.mutable_change_country_group(),
                                      c);
    case v1::Command::kAdoptPolicy:
      return DecideAdoptPolicy(*command.mutable_adopt_policy(), c);
    case v1::Command::kRescindPolicy:
      return DecideRescindPolicy(*command.mutable_rescind_policy(), c);
    case v1::Command::kGrantLicense:
      return DecideGrantLicense(*command.mutable_grant_license(), c);
    case v1::Command::kAmendLicense:
      return DecideAmendLicense(*command.mutable_amend_license(), c);
    case v1::Command::kSuspendLicense:
      return DecideSuspendLicense(*command.mutable_suspend_license(), c);
    case v1::Command::kReinstateLicense:
      return DecideReinstateLicense(*command.mutable_reinstate_license(), c);
    case v1::Command::kRevokeLicense:
      return DecideRevokeLicense(*command.mutable_revoke_license(), c);
    case v1::Command::kRecordShipment:
      return DecideRecordShipment(*command.mutable_record_shipment(), c);
    case v1::Command::kVoidShipment:
      return DecideVoidShipment(*command.mutable_void_shipment(), c);
    case v1::Command::kCorrectShipment:
      return DecideCorrectShipment(*command.mutable_correct_shipment(), c);
    case v1::Command::KIND_NOT_SET:
      break;
  }
  return InvalidFields({{"command", "is required: set exactly one kind"}});
}

// Says in an error which command of several it speaks of.
absl::Status OfCommand(const absl::Status& status, size_t i, size_t count) {
  if (count == 1) return status;
  const std::string prefix = absl::StrCat("commands[", i, "]");
  std::vector<FieldViolation> fields = GetFieldViolations(status);
  if (!fields.empty()) {
    for (FieldViolation& field : fields) {
      field.field = absl::StrCat(prefix, ".", field.field);
    }
    return InvalidFields(fields);
  }
  ErrorCause cause = GetErrorCause(status).value_or(ErrorCause{});
  cause.metadata["command_index"] = absl::StrCat(i);
  return MakeError(status.code(), cause.reason,
                   absl::StrCat(prefix, ": ", status.message()),
                   std::move(cause.metadata));
}

// The optimistic check of a command on a license.
template <typename C>
void CheckLicenseRevision(const State& state, const C& command,
                          const std::string& license_id,
                          std::vector<RevisionCheck>& failed) {
  if (!command.has_expected_revision()) return;
  const LicenseState* license = state.FindLicense(license_id);
  if (license != nullptr && license->revision != command.expected_revision()) {
    failed.push_back({absl::StrCat("license ", license_id),
                      command.expected_revision(), license->revision});
  }
}

// The optimistic check of a command on a shipment.
template <typename C>
absl::Status CheckShipmentRevision(const State& state, const History& history,
                                   const C& command,
                                   const std::string& exporter,
                                   const std::string& reference,
                                   std::vector<RevisionCheck>& failed) {
  if (!command.has_expected_revision()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::optional<uint64_t> index,
                   history.FindShipment(exporter, reference));
  if (!index) return absl::OkStatus();
  const uint64_t actual = state.GetShipmentChange(*index).revision;
  if (actual != command.expected_revision()) {
    failed.push_back({absl::StrCat("shipment ", exporter, "/", reference),
                      command.expected_revision(), actual});
  }
  return absl::OkStatus();
}

// Revisions are those before the request. What does not exist fails later.
absl::Status CheckRevisions(const State& state, const History& history,
                            absl::Span<v1::Command* const> commands) {
  std::vector<RevisionCheck> failed;
  for (const v1::Command* command : commands) {
    if (command->has_amend_license()) {
      const auto& c = command->amend_license();
      CheckLicenseRevision(state, c, c.license().license_id(), failed);
    } else if (command->has_suspend_license()) {
      const auto& c = command->suspend_license();
      CheckLicenseRevision(state, c, c.license_id(), failed);
    } else if (command->has_reinstate_license()) {
      const auto& c = command->reinstate_license();
      CheckLicenseRevision(state, c, c.license_id(), failed);
    } else if (command->has_revoke_license()) {
      const auto& c = command->revoke_license();
      CheckLicenseRevision(state, c, c.license_id(), failed);
    } else if (command->has_void_shipment()) {
      const auto& c = command->void_shipment();
      RETURN_IF_ERROR(CheckShipmentRevision(state, history, c, c.exporter(),
                                            c.shipment_reference(), failed));
    } else if (command->has_correct_shipment()) {
      const auto& c = command->correct_shipment();
      RETURN_IF_ERROR(
          CheckShipmentRevision(state, history, c, c.shipment().exporter(),
                                c.shipment().shipment_reference(), failed));
    }
  }
  return failed.empty() ? absl::OkStatus() : RevisionMismatch(failed);
}

// The shipments of one request must be distinct: history does not know what the
// request itself has done so far.
absl::Status CheckDistinctShipments(absl::Span<v1::Command* const> commands) {
  std::set<std::pair<std::string, std::string>> seen;
  for (size_t i = 0; i < commands.size(); ++i) {
    const v1::Command& command = *commands[i];
    std::pair<std::string, std::string> key;
    if (command.has_record_shipment()) {
      const v1::Shipment& shipment = command.record_shipment().shipment();
      key = {shipment.exporter(), shipment.shipment_reference()};
    } else if (command.has_correct_shipment()) {
      const v1::Shipment& shipment = command.correct_shipment().shipment();
      key = {shipment.exporter(), shipment.shipment_reference()};
    } else if (command.has_void_shipment()) {
      key = {command.void_shipment().exporter(),
             command.void_shipment().shipment_reference()};
    } else {
      continue;
    }
    if (!seen.insert(key).second) {
      return InvalidFields(
          {{absl::StrCat("commands[", i, "]"),
            absl::StrCat("speaks of shipment \"", key.first, "/", key.second,
                         "\" a second time; use one request for each")}});
    }
  }
  return absl::OkStatus();
}

absl::Status CheckSize(const v1::Event& event) {
  const size_t bytes = event.ByteSizeLong() + kEnvelopeBytes;
  return bytes > limits::kMaxEntryBytes
             ? EntryTooLarge(bytes, limits::kMaxEntryBytes)
             : absl::OkStatus();
}

v1::Event* MakeRefused(absl::Span<v1::Command* const> commands,
                       std::vector<v1::Violation>& violations, Arena* arena) {
  auto* event = Arena::CreateMessage<v1::Event>(arena);
  v1::Refused& refused = *event->mutable_refused();
  for (v1::Command* command : commands) {
    refused.mutable_commands()->UnsafeArenaAddAllocated(command);
  }
  for (v1::Violation& violation : violations) {
    *refused.add_violations() = std::move(violation);
  }
  return event;
}

// Decides the commands one after the other on the changing state. The caller
// rolls the state back on an error and when violations came.
absl::StatusOr<std::vector<v1::Event*>> DecideAll(
    State& state, const History& history,
    absl::Span<v1::Command* const> commands, Date today, Arena* arena,
    bool fold, std::vector<v1::Violation>& violations) {
  std::vector<v1::Event*> events;
  events.reserve(commands.size());
  for (size_t i = 0; i < commands.size(); ++i) {
    auto* event = Arena::CreateMessage<v1::Event>(arena);
    std::vector<v1::Violation> violated;
    Case c{state, history, today, *event, violated};
    absl::Status status = DecideKind(*commands[i], c);
    if (status.ok() && violated.empty()) status = CheckSize(*event);
    // Of several, one that is refused is folded too: the others are judged as
    // if it stood, and all is rolled back in the end.
    if (status.ok() && fold && (violated.empty() || commands.size() > 1)) {
      status = state.Fold(*event);
    }
    if (!status.ok()) return OfCommand(status, i, commands.size());
    for (v1::Violation& violation : violated) {
      violation.set_command_index(static_cast<uint32_t>(i));
      violations.push_back(std::move(violation));
    }
    events.push_back(event);
  }
  return events;
}

absl::Status CheckCommands(const State& state, const History& history,
                           absl::Span<v1::Command* const> commands) {
  size_t bytes = 0;
  for (size_t i = 0; i < commands.size(); ++i) {
    const absl::Status status = CheckCommand(*commands[i]);
    if (!status.ok()) return OfCommand(status, i, commands.size());
    if (commands.size() > 1) bytes += commands[i]->ByteSizeLong();
  }
  if (bytes > limits::kMaxRequestBytes) {
    return EntryTooLarge(bytes, limits::kMaxRequestBytes);
  }
  RETURN_IF_ERROR(CheckRevisions(state, history, commands));
  return commands.size() > 1 ? CheckDistinctShipments(commands)
                             : absl::OkStatus();
}

}  // namespace

absl::StatusOr<DecidedRequest> DecideRequest(
    State& state, const History& history,
    absl::Span<v1::Command* const> commands, Date today, Arena* arena,
    Effect effect) {
  RETURN_IF_ERROR(CheckCommands(state, history, commands));
  const bool apply = effect == Effect::kApply;
  // One command is decided before anything is folded, so only several need the
  // state to be put back.
  const bool several = commands.size() > 1;
  if (several) state.BeginRequest();
  std::vector<v1::Violation> violations;
  absl::StatusOr<std::vector<v1::Event*>> events = DecideAll(
      state, history, commands, today, arena, several || apply, violations);
  const bool keep = events.ok() && violations.empty() && apply;
  if (several) {
    if (keep) {
      state.CommitRequest();
    } else {
      state.RollbackRequest();
    }
  }
  RETURN_IF_ERROR(events.status());
  if (violations.empty()) return DecidedRequest{.events = *std::move(events)};

  v1::Event* refused = MakeRefused(commands, violations, arena);
  RETURN_IF_ERROR(CheckSize(*refused));
  if (apply) RETURN_IF_ERROR(state.Fold(*refused));
  return DecidedRequest{.events = {refused}, .refused = true};
}

const FieldDescriptor* CommandKindOf(int event_kind) {
  // Each kind of event but LedgerOpened and Refused has a field "command",
  // whose type is that of one kind of command.
  static const auto& kinds = *new std::vector<const FieldDescriptor*>([] {
    std::vector<const FieldDescriptor*> by_event_kind;
    const auto& event_kinds = *v1::Event::descriptor()->oneof_decl(0);
    const auto& command_kinds = *v1::Command::descriptor()->oneof_decl(0);
    for (int e = 0; e < event_kinds.field_count(); ++e) {
      const FieldDescriptor& kind = *event_kinds.field(e);
      by_event_kind.resize(kind.number() + 1);
      const FieldDescriptor* command =
          kind.message_type()->FindFieldByName("command");
      for (int c = 0; command != nullptr && c < command_kinds.field_count();
           ++c) {
        if (command_kinds.field(c)->message_type() == command->message_type()) {
          by_event_kind[kind.number()] = command_kinds.field(c);
        }
      }
    }
    return by_event_kind;
  }());
  const auto kind = static_cast<size_t>(event_kind);
  return kind < kinds.size() ? kinds[kind] : nullptr;
}

std::vector<v1::Command> CommandsOf(const v1::Event& event) {
  if (event.has_refused()) {
    return {event.refused().commands().begin(),
            event.refused().commands().end()};
  }
  const FieldDescriptor* command_kind = CommandKindOf(event.kind_case());
  if (command_kind == nullptr) return {};
  const auto& kind = event.GetReflection()->GetMessage(
      event, v1::Event::descriptor()->FindFieldByNumber(event.kind_case()));
  std::vector<v1::Command> commands(1);
  commands[0]
      .GetReflection()
      ->MutableMessage(&commands[0], command_kind)
      ->CopyFrom(kind.GetReflection()->GetMessage(
          kind, kind.GetDescriptor()->FindFieldByName("command")));
  return commands;
}

const v1::Evidence* EvidenceOf(const v1::Event& event) {
  switch (event.kind_case()) {
    case v1::Event::kLicenseGranted:
      return &event.license_granted().evidence();
    case v1::Event::kLicenseAmended:
      return &event.license_amended().evidence();
    case v1::Event::kLicenseRevoked:
      return &event.license_revoked().evidence();
    case v1::Event::kShipmentRecorded:
      return &event.shipment_recorded().evidence();
    case v1::Event::kShipmentVoided:
      return &event.shipment_voided().evidence();
    case v1::Event::kShipmentCorrected:
      return &event.shipment_corrected().evidence();
    default:
      return nullptr;
  }
}

}  // namespace chipledger::domain
