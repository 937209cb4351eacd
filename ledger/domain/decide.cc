#include "ledger/domain/decide.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/base/error.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/check.h"
#include "ledger/domain/decide_internal.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/evaluation.h"
#include "ledger/domain/fetched_history.h"
#include "ledger/domain/named_shipments.h"
#include "ledger/domain/whole_event.h"

namespace chipledger::domain {
namespace {

using google::protobuf::Arena;

// An entry's envelope: index, times, principal, ids.
constexpr size_t kEnvelopeBytes = 512;
constexpr size_t kMaxEventBytes = limits::kMaxEntryBytes - kEnvelopeBytes;

absl::Status DecideCatalogKind(v1::Command& command, Case& c) {
  switch (command.kind_case()) {
    case v1::Command::kRegisterProduct:
      return DecideRegisterProduct(*command.mutable_register_product(), c);
    case v1::Command::kRegisterParty:
      return DecideRegisterParty(*command.mutable_register_party(), c);
    case v1::Command::kChangeCountryGroup:
      return DecideChangeCountryGroup(*command.mutable_change_country_group(),
                                      c);
    case v1::Command::kChangeHolidays:
      return DecideChangeHolidays(*command.mutable_change_holidays(), c);
    case v1::Command::kDeclareCompute:
      return DecideDeclareCompute(*command.mutable_declare_compute(), c);
    case v1::Command::kAdoptPolicy:
      return DecideAdoptPolicy(*command.mutable_adopt_policy(), c);
    case v1::Command::kAmendPolicy:
      return DecideAmendPolicy(*command.mutable_amend_policy(), c);
    case v1::Command::kRescindPolicy:
      return DecideRescindPolicy(*command.mutable_rescind_policy(), c);
    case v1::Command::kReportTotals:
      return DecideReportTotals(*command.mutable_report_totals(), c);
    default:
      return DecideRecordBackfill(*command.mutable_record_backfill(), c);
  }
}

absl::Status DecideLicenseKind(v1::Command& command, Case& c) {
  switch (command.kind_case()) {
    case v1::Command::kApplyForLicense:
      return DecideApplyForLicense(*command.mutable_apply_for_license(), c);
    case v1::Command::kReturnApplication:
      return DecideReturnApplication(*command.mutable_return_application(), c);
    case v1::Command::kDenyApplication:
      return DecideDenyApplication(*command.mutable_deny_application(), c);
    case v1::Command::kRecordAnnouncement:
      return DecideRecordAnnouncement(*command.mutable_record_announcement(),
                                      c);
    case v1::Command::kRecordApplicationStep:
      return DecideRecordApplicationStep(
          *command.mutable_record_application_step(), c);
    case v1::Command::kTransferLicense:
      return DecideTransferLicense(*command.mutable_transfer_license(), c);
    case v1::Command::kCorrectLicenseChange:
      return DecideCorrectLicenseChange(
          *command.mutable_correct_license_change(), c);
    case v1::Command::kGrantLicense:
      return DecideGrantLicense(*command.mutable_grant_license(), c);
    case v1::Command::kAmendLicense:
      return DecideAmendLicense(*command.mutable_amend_license(), c);
    case v1::Command::kExtendLicense:
      return DecideExtendLicense(*command.mutable_extend_license(), c);
    case v1::Command::kSuspendLicense:
      return DecideSuspendLicense(*command.mutable_suspend_license(), c);
    case v1::Command::kReinstateLicense:
      return DecideReinstateLicense(*command.mutable_reinstate_license(), c);
    case v1::Command::kRevokeLicense:
      return DecideRevokeLicense(*command.mutable_revoke_license(), c);
    case v1::Command::kVoidLicense:
      return DecideVoidLicense(*command.mutable_void_license(), c);
    case v1::Command::kExpireLicense:
      return DecideExpireLicense(*command.mutable_expire_license(), c);
    default:
      return DecideRecordCondition(*command.mutable_record_condition(), c);
  }
}

absl::Status DecideShipmentKind(v1::Command& command, Case& c) {
  switch (command.kind_case()) {
    case v1::Command::kReserveShipment:
      return DecideReserveShipment(*command.mutable_reserve_shipment(), c);
    case v1::Command::kReleaseReservation:
      return DecideReleaseReservation(*command.mutable_release_reservation(),
                                      c);
    case v1::Command::kExpireReservation:
      return DecideExpireReservation(*command.mutable_expire_reservation(), c);
    case v1::Command::kRecordShipment:
      return DecideRecordShipment(*command.mutable_record_shipment(), c);
    case v1::Command::kVoidShipment:
      return DecideVoidShipment(*command.mutable_void_shipment(), c);
    case v1::Command::kCorrectShipment:
      return DecideCorrectShipment(*command.mutable_correct_shipment(), c);
    case v1::Command::kReceiveShipment:
      return DecideReceiveShipment(*command.mutable_receive_shipment(), c);
    case v1::Command::kReturnShipment:
      return DecideReturnShipment(*command.mutable_return_shipment(), c);
    case v1::Command::kReexportShipment:
      return DecideReexportShipment(*command.mutable_reexport_shipment(), c);
    case v1::Command::kTransferShipment:
      return DecideTransferShipment(*command.mutable_transfer_shipment(), c);
    case v1::Command::kVoidMovement:
      return DecideVoidMovement(*command.mutable_void_movement(), c);
    case v1::Command::kRetireUnits:
      return DecideRetireUnits(*command.mutable_retire_units(), c);
    case v1::Command::kRecoverUnits:
      return DecideRecoverUnits(*command.mutable_recover_units(), c);
    case v1::Command::kRelocateUnits:
      return DecideRelocateUnits(*command.mutable_relocate_units(), c);
    default:
      return DecideReportDiversion(*command.mutable_report_diversion(), c);
  }
}

absl::Status DecideKind(v1::Command& command, Case& c) {
  switch (command.kind_case()) {
    case v1::Command::kRegisterProduct:
    case v1::Command::kRegisterParty:
    case v1::Command::kChangeCountryGroup:
    case v1::Command::kChangeHolidays:
    case v1::Command::kDeclareCompute:
    case v1::Command::kAdoptPolicy:
    case v1::Command::kAmendPolicy:
    case v1::Command::kRescindPolicy:
    case v1::Command::kRecordBackfill:
    case v1::Command::kReportTotals:
      return DecideCatalogKind(command, c);
    case v1::Command::kApplyForLicense:
    case v1::Command::kReturnApplication:
    case v1::Command::kDenyApplication:
    case v1::Command::kRecordApplicationStep:
    case v1::Command::kRecordAnnouncement:
    case v1::Command::kGrantLicense:
    case v1::Command::kTransferLicense:
    case v1::Command::kCorrectLicenseChange:
    case v1::Command::kAmendLicense:
    case v1::Command::kExtendLicense:
    case v1::Command::kSuspendLicense:
    case v1::Command::kReinstateLicense:
    case v1::Command::kRevokeLicense:
    case v1::Command::kVoidLicense:
    case v1::Command::kExpireLicense:
    case v1::Command::kRecordCondition:
      return DecideLicenseKind(command, c);
    case v1::Command::kReserveShipment:
    case v1::Command::kReleaseReservation:
    case v1::Command::kExpireReservation:
    case v1::Command::kRecordShipment:
    case v1::Command::kVoidShipment:
    case v1::Command::kCorrectShipment:
    case v1::Command::kReceiveShipment:
    case v1::Command::kReturnShipment:
    case v1::Command::kReexportShipment:
    case v1::Command::kTransferShipment:
    case v1::Command::kRetireUnits:
    case v1::Command::kReportDiversion:
    case v1::Command::kRecoverUnits:
    case v1::Command::kRelocateUnits:
    case v1::Command::kVoidMovement:
      return DecideShipmentKind(command, c);
    case v1::Command::KIND_NOT_SET:
      break;
  }
  return InvalidFields({{"command", "is required: set exactly one kind"}});
}

// Some commands only the ledger itself sends.
// Errors: COMMAND_RESERVED.
absl::Status CheckAsker(const v1::Command& command, AskedBy by) {
  if (by == AskedBy::kLedger) return absl::OkStatus();
  switch (command.kind_case()) {
    case v1::Command::kExpireLicense:
      return CommandReserved("expire_license");
    case v1::Command::kExpireReservation:
      return CommandReserved("expire_reservation");
    case v1::Command::kRecordBackfill:
      return CommandReserved("record_backfill");
    case v1::Command::kReportTotals:
      return CommandReserved("report_totals");
    default:
      return absl::OkStatus();
  }
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

// RevisionChecks collects the optimistic checks of a request that fail, and
// with them what its commands speak of that is not there: else it would come to
// light only when the revisions are right.
class RevisionChecks {
 public:
  RevisionChecks(const State& state, const History& history, bool alone)
      : state_(state), history_(history), alone_(alone) {}

  absl::Status Check(const v1::Command& command) {
    switch (command.kind_case()) {
      case v1::Command::kGrantLicense:
        made_.insert(
            NameOfLicense(command.grant_license().license().license_id()));
        return absl::OkStatus();
      case v1::Command::kRecordShipment:
        made_.insert(NameOfShipment(command.record_shipment().shipment()));
        return absl::OkStatus();
      case v1::Command::kAmendLicense:
        return CheckLicense(command.amend_license(),
                            command.amend_license().license().license_id());
      case v1::Command::kExtendLicense:
        return CheckLicense(command.extend_license());
      case v1::Command::kTransferLicense:
        return CheckLicense(command.transfer_license());
      case v1::Command::kCorrectLicenseChange:
        return CheckLicense(command.correct_license_change());
      case v1::Command::kSuspendLicense:
        return CheckLicense(command.suspend_license());
      case v1::Command::kReinstateLicense:
        return CheckLicense(command.reinstate_license());
      case v1::Command::kRevokeLicense:
        return CheckLicense(command.revoke_license());
      case v1::Command::kVoidLicense:
        return CheckLicense(command.void_license());
      case v1::Command::kRecordCondition:
        return command.record_condition().party().empty()
                   ? CheckLicense(command.record_condition())
                   : absl::OkStatus();
      case v1::Command::kVoidShipment:
        return CheckShipment(command.void_shipment(), command.void_shipment());
      case v1::Command::kCorrectShipment:
        return CheckShipment(command.correct_shipment(),
                             command.correct_shipment().shipment());
      case v1::Command::kReceiveShipment:
        return CheckShipment(command.receive_shipment(),
                             command.receive_shipment().shipment());
      case v1::Command::kReturnShipment:
        return CheckShipment(command.return_shipment(),
                             command.return_shipment().shipment());
      case v1::Command::kRetireUnits:
        return CheckShipment(command.retire_units(),
                             command.retire_units().shipment());
      case v1::Command::kRecoverUnits:
        return CheckShipment(command.recover_units(),
                             command.recover_units().shipment());
      case v1::Command::kRelocateUnits:
        return CheckShipment(command.relocate_units(),
                             command.relocate_units().shipment());
      case v1::Command::kVoidMovement:
        return CheckShipment(command.void_movement(),
                             command.void_movement().shipment());
      case v1::Command::kReportDiversion:
        return CheckShipment(command.report_diversion(),
                             command.report_diversion().shipment());
      default:
        return absl::OkStatus();
    }
  }

  // Without a failed revision what is missing fails by itself, later.
  absl::Status ToStatus() const {
    return failed_.empty() ? absl::OkStatus()
                           : RevisionMismatch(failed_, missing_);
  }

 private:
  template <typename C>
  absl::Status CheckLicense(const C& command) {
    return CheckLicense(command, command.license_id());
  }

  template <typename C>
  absl::Status CheckLicense(const C& command, const std::string& license_id) {
    const LicenseState* license = state_.FindLicense(license_id);
    if (license == nullptr) {
      NoteMissing(NameOfLicense(license_id));
    } else if (command.has_expected_revision() &&
               license->revision != command.expected_revision()) {
      failed_.push_back({NameOfLicense(license_id), command.expected_revision(),
                         license->revision});
    }
    return absl::OkStatus();
  }

  template <typename C, typename Named>
  absl::Status CheckShipment(const C& command, const Named& named) {
    // A lone command needs no second look for what is missing.
    if (!command.has_expected_revision() && alone_) return absl::OkStatus();
    ASSIGN_OR_RETURN(
        const std::optional<uint64_t> index,
        history_.FindShipment(named.exporter(), named.shipment_reference()));
    if (!index) {
      NoteMissing(NameOfShipment(named));
    } else if (command.has_expected_revision()) {
      const uint64_t actual = state_.GetShipment(*index).revision;
      if (actual != command.expected_revision()) {
        failed_.push_back(
            {NameOfShipment(named), command.expected_revision(), actual});
      }
    }
    return absl::OkStatus();
  }

  static std::string NameOfLicense(const std::string& license_id) {
    return absl::StrCat("license ", license_id);
  }
  template <typename Named>
  static std::string NameOfShipment(const Named& named) {
    return absl::StrCat("shipment ", named.exporter(), "/",
                        named.shipment_reference());
  }

  void NoteMissing(std::string name) {
    if (!made_.contains(name)) missing_.push_back(std::move(name));
  }

  const State& state_;
  const History& history_;
  // Whether the request has one command.
  const bool alone_;
  std::vector<RevisionCheck> failed_;
  std::vector<std::string> missing_;
  // What the request itself makes.
  std::set<std::string> made_;
};

// Revisions are those before the request.
absl::Status CheckRevisions(const State& state, const History& history,
                            absl::Span<v1::Command* const> commands) {
  RevisionChecks checks(state, history, commands.size() == 1);
  for (const v1::Command* command : commands) {
    RETURN_IF_ERROR(checks.Check(*command));
  }
  return checks.ToStatus();
}

// History does not know what the request itself has done so far: what a command
// of it has written no other may look up.
class DistinctChecks {
 public:
  // `place` is the command's place in the request. Errors: INVALID_FIELD.
  absl::Status Check(const v1::Command& command, size_t place) {
    absl::Status status;
    VisitShipments(command, [&](absl::string_view exporter,
                                absl::string_view reference, ShipmentUse use) {
      const bool first = use == ShipmentUse::kMoves
                             ? Look(exporter, reference)
                             : Write(exporter, reference);
      if (first || !status.ok()) return;
      status = Twice(
          place, absl::StrCat("shipment \"", exporter, "/", reference, "\""));
    });
    if (!command.has_declare_compute()) return status;
    const std::string& party = command.declare_compute().party();
    return declared_.insert(party).second
               ? absl::OkStatus()
               : Twice(place, absl::StrCat("the compute of ", party));
  }

 private:
  using Name = std::pair<std::string, std::string>;

  // Looks at a shipment, which the request must not have written.
  bool Look(absl::string_view exporter, absl::string_view reference) {
    Name name(exporter, reference);
    const bool written = written_.contains(name);
    looked_at_.insert(std::move(name));
    return !written;
  }

  // Writes a shipment, of which the request must not have spoken.
  bool Write(absl::string_view exporter, absl::string_view reference) {
    Name name(exporter, reference);
    const bool seen = looked_at_.contains(name);
    return written_.insert(std::move(name)).second && !seen;
  }

  static absl::Status Twice(size_t place, absl::string_view what) {
    return InvalidFields({{absl::StrCat("commands[", place, "]"),
                           absl::StrCat("speaks of ", what,
                                        " a second time; use one request for "
                                        "each")}});
  }

  std::set<Name> written_;
  std::set<Name> looked_at_;
  std::set<std::string> declared_;
};

absl::Status CheckDistinct(absl::Span<v1::Command* const> commands) {
  DistinctChecks checks;
  for (size_t i = 0; i < commands.size(); ++i) {
    RETURN_IF_ERROR(checks.Check(*commands[i], i));
  }
  return absl::OkStatus();
}

// Whether a command only changes the catalog.
bool IsOfCatalog(const v1::Command& command) {
  switch (command.kind_case()) {
    case v1::Command::kRegisterProduct:
    case v1::Command::kRegisterParty:
    case v1::Command::kChangeCountryGroup:
    case v1::Command::kChangeHolidays:
    case v1::Command::kAdoptPolicy:
    case v1::Command::kAmendPolicy:
    case v1::Command::kRescindPolicy:
      return true;
    default:
      return false;
  }
}

// What a policy that was adopted late counts of an entry needs the catalog at
// its adoption, which history does not know before the request is decided.
// Errors: INVALID_FIELD.
absl::Status CheckAfterAdoption(const State& state, uint64_t first_index,
                                const v1::Command& command) {
  const auto& policies = state.catalog().policies;
  if (policies.empty() || IsOfCatalog(command)) return absl::OkStatus();
  const v1::AdoptedPolicy& last = policies.back()->adopted;
  if (last.index() < first_index || !last.has_backfill()) {
    return absl::OkStatus();
  }
  return InvalidFields(
      {{"command", absl::StrCat("comes after the adoption of policy \"",
                                last.policy().policy_id(),
                                "\", which counts what is in the log already; "
                                "send it in a request of its own")}});
}

// Notes in an event how many entries continue it when it is recorded as entry
// `index`. Errors: ENTRY_TOO_LARGE, when what is asked does not fit into one.
absl::Status NoteEntries(uint64_t index, v1::Event& event, Arena* arena) {
  if (event.ByteSizeLong() <= kMaxEventBytes) return absl::OkStatus();
  const std::vector<v1::Event*> entries =
      SplitEvent(event, index, kMaxEventBytes, arena);
  const size_t bytes = entries.front()->ByteSizeLong();
  if (bytes > kMaxEventBytes) {
    return EntryTooLarge(bytes + kEnvelopeBytes, limits::kMaxEntryBytes);
  }
  event.set_continued_by(entries.front()->continued_by());
  return absl::OkStatus();
}

// Splits what takes more than one entry. `first_index` is that of the first.
void SplitEvents(uint64_t first_index, Arena* arena, DecidedRequest& decided) {
  if (std::all_of(decided.events.begin(), decided.events.end(),
                  [](const v1::Event* e) { return EntriesOf(*e) == 1; })) {
    return;
  }
  for (v1::Event* event : decided.events) {
    const std::vector<v1::Event*> entries = SplitEvent(
        *event, first_index + decided.split.size(), kMaxEventBytes, arena);
    decided.split.insert(decided.split.end(), entries.begin(), entries.end());
  }
}

// What a command was refused for: without what is within its limit, and
// without what would have been drawn.
void AddRefusedEvidence(const v1::Event& event, v1::Refused& refused) {
  v1::Evidence& evidence = *refused.add_evidence();
  const v1::Evidence* judged = EvidenceOf(event);
  if (judged == nullptr) return;
  evidence = *judged;
  evidence.clear_draws();
  KeepEvaluations(
      [](const Evaluation& evaluation) {
        return evaluation.verdict != v1::VERDICT_WITHIN_LIMIT ||
               !evaluation.unknown_product.empty();
      },
      *evidence.mutable_totals());
}

// Takes the commands out of their events.
v1::Event* MakeRefused(absl::Span<v1::Command* const> commands,
                       absl::Span<v1::Event* const> events, Arena* arena) {
  auto* event = Arena::CreateMessage<v1::Event>(arena);
  v1::Refused& refused = *event->mutable_refused();
  for (const v1::Event* judged : events) AddRefusedEvidence(*judged, refused);
  for (v1::Command* command : commands) {
    refused.mutable_commands()->UnsafeArenaAddAllocated(command);
  }
  return event;
}

// RequestHistory knows beside the log what the request itself has decided so
// far, which is in no log yet.
class RequestHistory final : public History {
 public:
  explicit RequestHistory(const History& log) : log_(log) {}

  // `event` must outlive this.
  void Add(uint64_t index, const v1::Event& event) {
    decided_.push_back({index, &event});
  }

  absl::StatusOr<std::optional<uint64_t>> FindShipment(
      absl::string_view exporter,
      absl::string_view shipment_reference) const override {
    return log_.FindShipment(exporter, shipment_reference);
  }
  absl::StatusOr<std::shared_ptr<const v1::Event>> ReadEvent(
      uint64_t index) const override {
    for (const auto& [at, event] : decided_) {
      if (at != index) continue;
      // Not owned.
      return std::shared_ptr<const v1::Event>(
          std::shared_ptr<const v1::Event>(), event);
    }
    return log_.ReadEvent(index);
  }
  absl::StatusOr<Catalog> CatalogAt(uint64_t size) const override {
    return log_.CatalogAt(size);
  }
  bool is_rerun() const override { return log_.is_rerun(); }

 private:
  const History& log_;
  std::vector<std::pair<uint64_t, const v1::Event*>> decided_;
};

// Decides the commands one after the other on the changing state. The caller
// rolls the state back on an error and when one is refused. `visit` may be
// null.
absl::StatusOr<DecidedRequest> DecideAll(
    State& state, const History& log, absl::Span<v1::Command* const> commands,
    int64_t record_time_ns, Arena* arena, bool fold,
    const VisitDecided* visit) {
  RequestHistory history(log);
  const uint64_t first_index = state.size();
  DecidedRequest decided;
  decided.events.reserve(commands.size());
  for (size_t i = 0; i < commands.size(); ++i) {
    auto* event = Arena::CreateMessage<v1::Event>(arena);
    bool refused = false;
    // Entries follow each other by a nanosecond.
    const int64_t time_ns =
        record_time_ns + static_cast<int64_t>(state.size() - first_index);
    Case c{.state = state,
           .history = history,
           .record_time_ns = time_ns,
           .today = Date::FromUnixNs(time_ns),
           .event = *event,
           .refused = refused};
    absl::Status status =
        i == 0 ? absl::OkStatus()
               : CheckAfterAdoption(state, first_index, *commands[i]);
    if (status.ok()) status = DecideKind(*commands[i], c);
    if (status.ok() && !refused) {
      status = NoteEntries(state.size(), *event, arena);
    }
    if (status.ok() && visit != nullptr) {
      status = (*visit)(i, state, history, *event);
    }
    if (commands.size() > 1) history.Add(state.size(), *event);
    // Of several, one that is refused is folded too: the others are judged as
    // if it stood, and all is rolled back in the end.
    if (status.ok() && fold && (!refused || commands.size() > 1)) {
      status = state.Fold(*event);
    }
    if (!status.ok()) return OfCommand(status, i, commands.size());
    decided.refused |= refused;
    decided.events.push_back(event);
  }
  return decided;
}

// What can be said about commands without looking at anything else.
absl::Status CheckCommands(absl::Span<v1::Command* const> commands,
                           AskedBy by) {
  size_t bytes = 0;
  for (size_t i = 0; i < commands.size(); ++i) {
    absl::Status status = CheckAsker(*commands[i], by);
    if (status.ok()) status = CheckCommand(*commands[i]);
    if (!status.ok()) return OfCommand(status, i, commands.size());
    if (commands.size() > 1) bytes += commands[i]->ByteSizeLong();
  }
  return bytes > limits::kMaxRequestBytes
             ? EntryTooLarge(bytes, limits::kMaxRequestBytes)
             : absl::OkStatus();
}

absl::StatusOr<DecidedRequest> DecideWith(
    State& state, const History& history,
    absl::Span<v1::Command* const> commands, int64_t record_time_ns,
    Arena* arena, Effect effect) {
  const bool apply = effect == Effect::kApply;
  // Of several, each is judged with those before it folded.
  const bool fold = apply || commands.size() > 1;
  const uint64_t index = state.size();
  state.BeginRequest();
  absl::StatusOr<DecidedRequest> decided =
      DecideAll(state, history, commands, record_time_ns, arena, fold, nullptr);
  if (apply && decided.ok() && !decided->refused) {
    state.CommitRequest();
  } else {
    state.RollbackRequest();
  }
  if (!decided.ok()) return decided;
  if (decided->refused) {
    decided->events = {MakeRefused(commands, decided->events, arena)};
    v1::Event& refused = *decided->events.front();
    RETURN_IF_ERROR(NoteEntries(index, refused, arena));
    if (apply) RETURN_IF_ERROR(state.Fold(refused));
  }
  if (apply) SplitEvents(index, arena, *decided);
  return decided;
}

// Checks a request, fetches what deciding needs of the past, and calls
// decide(history) until it has asked for nothing else.
template <typename Decide>
auto DecideFetched(const State& state, const History& log,
                   absl::Span<v1::Command* const> commands, AskedBy by,
                   Decide&& decide) -> decltype(decide(log)) {
  RETURN_IF_ERROR(CheckCommands(commands, by));
  FetchedHistory fetched(log);
  RETURN_IF_ERROR(fetched.FetchNamed(state, commands));
  RETURN_IF_ERROR(CheckRevisions(state, fetched, commands));
  if (commands.size() > 1) RETURN_IF_ERROR(CheckDistinct(commands));
  while (true) {
    auto decided = decide(fetched);
    if (decided.ok() || !fetched.has_missed()) return decided;
    RETURN_IF_ERROR(fetched.FetchMissed());
  }
}

}  // namespace

absl::StatusOr<DecidedRequest> DecideRequest(
    State& state, const History& history,
    absl::Span<v1::Command* const> commands, int64_t record_time_ns, AskedBy by,
    Arena* arena, Effect effect) {
  return DecideFetched(state, history, commands, by,
                       [&](const History& fetched) {
                         return DecideWith(state, fetched, commands,
                                           record_time_ns, arena, effect);
                       });
}

absl::StatusOr<bool> VisitDecisions(State& state, const History& history,
                                    absl::Span<v1::Command* const> commands,
                                    int64_t record_time_ns, AskedBy by,
                                    Arena* arena, VisitDecided visit) {
  return DecideFetched(state, history, commands, by,
                       [&](const History& fetched) -> absl::StatusOr<bool> {
                         state.BeginRequest();
                         const absl::StatusOr<DecidedRequest> decided =
                             DecideAll(state, fetched, commands, record_time_ns,
                                       arena, commands.size() > 1, &visit);
                         state.RollbackRequest();
                         RETURN_IF_ERROR(decided.status());
                         return decided->refused;
                       });
}

}  // namespace chipledger::domain
