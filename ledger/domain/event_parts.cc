// What events of all kinds have in common, by kind.
#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "ledger/domain/decide.h"

namespace chipledger::domain {
namespace {

using google::protobuf::FieldDescriptor;

// For each kind of event, the field of its message with this name, or null; a
// list of them (as of a Refused) is none. Looked up once.
std::vector<const FieldDescriptor*> FieldsByKind(const char* name) {
  std::vector<const FieldDescriptor*> by_kind;
  const auto& kinds = *v1::Event::descriptor()->oneof_decl(0);
  for (int i = 0; i < kinds.field_count(); ++i) {
    const FieldDescriptor& kind = *kinds.field(i);
    by_kind.resize(static_cast<size_t>(kind.number()) + 1);
    const FieldDescriptor* field = kind.message_type()->FindFieldByName(name);
    if (field == nullptr || field->is_repeated()) continue;
    by_kind[static_cast<size_t>(kind.number())] = field;
  }
  return by_kind;
}

const google::protobuf::Message& KindOf(const v1::Event& event) {
  return event.GetReflection()->GetMessage(
      event, v1::Event::descriptor()->FindFieldByNumber(event.kind_case()));
}

const v1::Evidence* PartOf(const v1::Event& event,
                           const std::vector<const FieldDescriptor*>& fields) {
  const auto number = static_cast<size_t>(event.kind_case());
  const FieldDescriptor* field = fields[number];
  if (field == nullptr) return nullptr;
  const auto& kind = KindOf(event);
  return static_cast<const v1::Evidence*>(
      &kind.GetReflection()->GetMessage(kind, field));
}

v1::Evidence* MutablePartOf(v1::Event& event,
                            const std::vector<const FieldDescriptor*>& fields) {
  const FieldDescriptor* field = fields[static_cast<size_t>(event.kind_case())];
  if (field == nullptr) return nullptr;
  auto& kind = *event.GetReflection()->MutableMessage(
      &event, v1::Event::descriptor()->FindFieldByNumber(event.kind_case()));
  return kind.GetReflection()->HasField(kind, field)
             ? static_cast<v1::Evidence*>(
                   kind.GetReflection()->MutableMessage(&kind, field))
             : nullptr;
}

const std::vector<const FieldDescriptor*>& EvidenceFields() {
  static const auto& fields =
      *new std::vector<const FieldDescriptor*>(FieldsByKind("evidence"));
  return fields;
}

const std::vector<const FieldDescriptor*>& ReversalFields() {
  static const auto& fields = *new std::vector<const FieldDescriptor*>([] {
    auto by_kind = FieldsByKind("reversal");
    // It is no event that has one, but has more of one.
    by_kind[v1::Event::kEvidenceContinued] = nullptr;
    return by_kind;
  }());
  return fields;
}

Date DateOr(const std::string& text, Date when_unset) {
  return Date::Parse(text).value_or(when_unset);
}

}  // namespace

const FieldDescriptor* CommandKindOf(int event_kind) {
  // Each kind of event but LedgerOpened and Refused has a field "command",
  // whose type is that of one kind of command.
  static const auto& kinds = *new std::vector<const FieldDescriptor*>([] {
    std::vector<const FieldDescriptor*> fields = FieldsByKind("command");
    const auto& command_kinds = *v1::Command::descriptor()->oneof_decl(0);
    for (const FieldDescriptor*& field : fields) {
      const auto* type = field == nullptr ? nullptr : field->message_type();
      field = nullptr;
      for (int c = 0; c < command_kinds.field_count(); ++c) {
        if (type == command_kinds.field(c)->message_type()) {
          field = command_kinds.field(c);
        }
      }
    }
    return fields;
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
  const auto& kind = KindOf(event);
  std::vector<v1::Command> commands(1);
  commands[0]
      .GetReflection()
      ->MutableMessage(&commands[0], command_kind)
      ->CopyFrom(kind.GetReflection()->GetMessage(
          kind, kind.GetDescriptor()->FindFieldByName("command")));
  return commands;
}

const v1::Evidence* EvidenceOf(const v1::Event& event) {
  return PartOf(event, EvidenceFields());
}

const v1::Evidence* ReversalOf(const v1::Event& event) {
  const v1::ShipmentRecorded& recorded = event.shipment_recorded();
  if (!event.has_shipment_recorded()) return PartOf(event, ReversalFields());
  return recorded.has_reservation() ? &recorded.reservation() : nullptr;
}

v1::Evidence* MutableEvidenceOf(v1::Event& event) {
  return MutablePartOf(event, EvidenceFields());
}

v1::Evidence* MutableReversalOf(v1::Event& event) {
  if (!event.has_shipment_recorded()) {
    return MutablePartOf(event, ReversalFields());
  }
  return event.shipment_recorded().has_reservation()
             ? event.mutable_shipment_recorded()->mutable_reservation()
             : nullptr;
}

Date EffectiveDateOf(const v1::Event& event, int64_t record_time_ns) {
  const Date recorded = Date::FromUnixNs(record_time_ns);
  if (const v1::Shipment* shipment = ShipmentOf(event)) {
    return DateOr(shipment->export_date(), recorded);
  }
  switch (event.kind_case()) {
    case v1::Event::kLicenseGranted:
      return DateOr(event.license_granted().command().license().grant_date(),
                    recorded);
    case v1::Event::kLicenseAmended:
      return DateOr(event.license_amended().command().license().grant_date(),
                    recorded);
    case v1::Event::kLicenseTransferred:
      return DateOr(event.license_transferred().license().grant_date(),
                    recorded);
    case v1::Event::kLicenseChangeCorrected:
      return DateOr(event.license_change_corrected().command().effective_date(),
                    recorded);
    case v1::Event::kLicenseRevoked:
      return DateOr(event.license_revoked().command().effective_date(),
                    recorded);
    case v1::Event::kLicenseExpired:
      return DateOr(event.license_expired().effective_date(), recorded);
    case v1::Event::kShipmentReserved:
      return DateOr(
          event.shipment_reserved().command().shipment().export_date(),
          recorded);
    case v1::Event::kShipmentVoided:
      return DateOr(event.shipment_voided().export_date(), recorded);
    case v1::Event::kShipmentReceived:
      return DateOr(event.shipment_received().command().effective_date(),
                    recorded);
    case v1::Event::kShipmentReturned:
      return DateOr(event.shipment_returned().command().effective_date(),
                    recorded);
    case v1::Event::kUnitsRetired:
      return DateOr(event.units_retired().command().effective_date(), recorded);
    case v1::Event::kUnitsRecovered:
      return DateOr(event.units_recovered().command().effective_date(),
                    recorded);
    case v1::Event::kUnitsRelocated:
      return DateOr(event.units_relocated().command().effective_date(),
                    recorded);
    case v1::Event::kMovementVoided:
      return DateOr(event.movement_voided().effective_date(), recorded);
    case v1::Event::kDiversionReported:
      return DateOr(event.diversion_reported().command().effective_date(),
                    recorded);
    case v1::Event::kComputeDeclared:
      return DateOr(event.compute_declared().command().effective_date(),
                    recorded);
    case v1::Event::kTotalsReported:
      return DateOr(event.totals_reported().command().date(), recorded);
    default:
      return recorded;
  }
}

std::optional<uint64_t> ChangedShipmentOf(const v1::Event& event) {
  static const auto& changed =
      *new std::vector<const FieldDescriptor*>(FieldsByKind("shipment_index"));
  static const auto& origins =
      *new std::vector<const FieldDescriptor*>(FieldsByKind("origin_index"));
  const auto number = static_cast<size_t>(event.kind_case());
  const FieldDescriptor* field =
      changed[number] != nullptr ? changed[number] : origins[number];
  if (field == nullptr) return std::nullopt;
  const auto& kind = KindOf(event);
  return kind.GetReflection()->GetUInt64(kind, field);
}

const v1::Shipment* ShipmentOf(const v1::Event& event) {
  switch (event.kind_case()) {
    case v1::Event::kShipmentRecorded:
      return &event.shipment_recorded().command().shipment();
    case v1::Event::kShipmentCorrected:
      return &event.shipment_corrected().command().shipment();
    case v1::Event::kShipmentReexported:
      return &event.shipment_reexported().command().shipment();
    case v1::Event::kShipmentTransferredInCountry:
      return &event.shipment_transferred_in_country().command().shipment();
    default:
      return nullptr;
  }
}

bool IsOfShipment(const v1::Event& event, absl::string_view exporter,
                  absl::string_view reference) {
  const v1::Shipment* shipment = ShipmentOf(event);
  return shipment != nullptr && shipment->exporter() == exporter &&
         shipment->shipment_reference() == reference;
}

}  // namespace chipledger::domain
