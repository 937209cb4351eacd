#include "client/import/movement_source.h"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "client/import/csv_movements.h"
#include "client/import/digest.h"
#include "client/import/jsonl_commands.h"
#include "client/import/movement.h"
#include "ledger/base/status_macros.h"

namespace chipledger::import {
namespace {

// Errors: INVALID_ARGUMENT for an exporter that is missing.
template <typename Named>
absl::Status CompleteExporter(const ImportDefaults& defaults,
                              absl::string_view field, Named& named) {
  if (named.exporter().empty()) named.set_exporter(defaults.exporter);
  return named.exporter().empty()
             ? absl::InvalidArgumentError(absl::StrCat(
                   field, ".exporter is missing; set it or --exporter"))
             : absl::OkStatus();
}

template <typename Movement>
absl::Status CompleteMoved(const ImportDefaults& defaults, Movement& movement) {
  return CompleteExporter(defaults, "shipment", *movement.mutable_shipment());
}

template <typename Movement>
absl::Status CompleteOnward(const ImportDefaults& defaults,
                            Movement& movement) {
  RETURN_IF_ERROR(
      CompleteExporter(defaults, "origin", *movement.mutable_origin()));
  return CompleteExporter(defaults, "shipment", *movement.mutable_shipment());
}

// Fills what a line leaves open. Errors: INVALID_ARGUMENT for what is missing,
// or a command that is no movement.
absl::Status Complete(const ImportDefaults& defaults, v1::Command& command) {
  switch (command.kind_case()) {
    case v1::Command::kReceiveShipment:
      return CompleteMoved(defaults, *command.mutable_receive_shipment());
    case v1::Command::kReturnShipment:
      return CompleteMoved(defaults, *command.mutable_return_shipment());
    case v1::Command::kReexportShipment:
      return CompleteOnward(defaults, *command.mutable_reexport_shipment());
    case v1::Command::kTransferShipment:
      return CompleteOnward(defaults, *command.mutable_transfer_shipment());
    case v1::Command::kRetireUnits:
      return CompleteMoved(defaults, *command.mutable_retire_units());
    case v1::Command::kReportDiversion:
      return CompleteMoved(defaults, *command.mutable_report_diversion());
    case v1::Command::kRecoverUnits:
      return CompleteMoved(defaults, *command.mutable_recover_units());
    case v1::Command::kRelocateUnits:
      return CompleteMoved(defaults, *command.mutable_relocate_units());
    default:
      return absl::InvalidArgumentError(
          "the command is no movement; it must be one of receiveShipment, "
          "returnShipment, reexportShipment, transferShipment, retireUnits, "
          "reportDiversion, recoverUnits, relocateUnits");
  }
}

// NumberedMovements tells equal movements of a source from each other.
class NumberedMovements : public CommandSource {
 public:
  explicit NumberedMovements(std::unique_ptr<CommandSource> source)
      : source_(std::move(source)) {}

  absl::StatusOr<std::optional<SourceCommand>> Next() override {
    ASSIGN_OR_RETURN(std::optional<SourceCommand> next, source_->Next());
    if (!next || !next->IsMeant()) return next;
    const v1::Command& command = next->command;
    if (command.has_reexport_shipment() || command.has_transfer_shipment()) {
      return next;
    }
    const uint32_t place = ++occurrences_[RequestIdFor(ContentOf(command))];
    if (place > 1) next->attempt = absl::StrCat("occurrence ", place);
    return next;
  }

  const LineReader& lines() const override { return source_->lines(); }
  std::vector<std::string> ignored_columns() const override {
    return source_->ignored_columns();
  }

 private:
  const std::unique_ptr<CommandSource> source_;
  // How many there were so far, by what they say.
  absl::flat_hash_map<Uuid, uint32_t> occurrences_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<CommandSource>> OpenMovementSource(
    const std::string& path, const std::string& format,
    const ImportDefaults& defaults) {
  ASSIGN_OR_RETURN(
      auto source,
      OpenCsvOrJsonl(path, format,
                     [&] { return OpenCsvMovements(path, defaults); },
                     {.message = [](v1::Command& command) { return &command; },
                      .complete =
                          [defaults](v1::Command& command) {
                            return Complete(defaults, command);
                          }}));
  return std::make_unique<NumberedMovements>(std::move(source));
}

}  // namespace chipledger::import
