#include "client/import/shipment_source.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/import/csv_shipments.h"
#include "client/import/eei_filings.h"
#include "client/import/epoch_clusters.h"
#include "client/import/jsonl_commands.h"
#include "client/import/line_reader.h"
#include "ledger/base/status_macros.h"

namespace chipledger::import {

namespace {

// More than a header.
constexpr size_t kMaxHeaderBytes = 64 * 1024;

// Fills what a line leaves open. Errors: INVALID_ARGUMENT for what is missing.
absl::Status Complete(const ImportDefaults& defaults,
                      v1::RecordShipment& record) {
  v1::Shipment& shipment = *record.mutable_shipment();
  if (shipment.exporter().empty()) shipment.set_exporter(defaults.exporter);
  if (record.assurance() == v1::ASSURANCE_UNSPECIFIED) {
    record.set_assurance(defaults.assurance);
  }
  if (shipment.exporter().empty()) {
    return absl::InvalidArgumentError(
        "shipment.exporter is missing; set it or --exporter");
  }
  if (record.assurance() == v1::ASSURANCE_UNSPECIFIED) {
    return absl::InvalidArgumentError(
        "assurance is missing; set it or --assurance");
  }
  return absl::OkStatus();
}

// One chipledger.v1.RecordShipment a line.
JsonlFormat JsonlShipments(const ImportDefaults& defaults) {
  return {.message = [](v1::Command& c) { return c.mutable_record_shipment(); },
          .complete =
              [defaults](v1::Command& c) {
                return Complete(defaults, *c.mutable_record_shipment());
              }};
}

}  // namespace

const v1::Shipment& ShipmentIn(const v1::Command& command) {
  return command.has_correct_shipment() ? command.correct_shipment().shipment()
                                        : command.record_shipment().shipment();
}

v1::ShipmentName NameIn(const v1::Command& command) {
  v1::ShipmentName name;
  const auto take = [&](const auto& named) {
    name.set_exporter(named.exporter());
    name.set_shipment_reference(named.shipment_reference());
  };
  if (command.has_void_shipment()) {
    take(command.void_shipment());
  } else {
    take(ShipmentIn(command));
  }
  return name;
}

absl::StatusOr<std::string> GuessFormat(const std::string& path) {
  if (!CanBeReadAgain(path)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the format of ", path == "-" ? "standard input" : path,
        ", which can be read only once, is not known; say it with --format"));
  }
  ASSIGN_OR_RETURN(const auto lines, LineReader::Open(path, kMaxHeaderBytes));
  const std::string name = absl::AsciiStrToLower(path);
  if (absl::EndsWith(name, ".jsonl") || absl::EndsWith(name, ".ndjson")) {
    return "jsonl";
  }
  std::optional<Line> line;
  absl::string_view text;
  do {
    ASSIGN_OR_RETURN(line, lines->Next());
    text = line ? absl::StripAsciiWhitespace(line->text) : absl::string_view();
  } while (line && text.empty());
  if (absl::StartsWith(text, "{")) return "jsonl";
  if (absl::StrContains(text, "Chip type (primary)")) {
    return "epoch-gpu-clusters";
  }
  return IsEeiHeader(text) ? "eei" : "csv";
}

absl::StatusOr<std::unique_ptr<CommandSource>> OpenShipmentSource(
    const std::string& path, const std::string& format,
    const ImportDefaults& defaults) {
  if (defaults.skip_flagged && format != "epoch-gpu-clusters") {
    return absl::InvalidArgumentError(absl::StrCat(
        "files of format ", format,
        " flag no duplicates; --duplicates is for epoch-gpu-clusters"));
  }
  if (format == "csv") return OpenCsvShipments(path, defaults);
  if (format == "jsonl") {
    return OpenJsonlCommands(path, JsonlShipments(defaults));
  }
  if (format == "eei") return OpenEeiFilings(path, defaults);
  if (format == "epoch-gpu-clusters") return OpenEpochClusters(path, defaults);
  return absl::InvalidArgumentError(
      absl::StrCat("format \"", format,
                   "\" is not one of: csv, jsonl, eei, epoch-gpu-clusters"));
}

}  // namespace chipledger::import
