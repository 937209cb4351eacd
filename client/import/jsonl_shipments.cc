#include "client/import/jsonl_shipments.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/import/json_keys.h"
#include "client/import/text.h"
#include "google/protobuf/util/json_util.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
#include "ledger/base/utf8.h"

namespace chipledger::import {
namespace {

// JSON is wordier than the message, whose size the server bounds.
constexpr size_t kMaxLineBytes = 4 * limits::kMaxRequestBytes;

// Returns what is wrong with the line; empty: nothing.
std::string ParseLine(const Line& line, const ImportDefaults& defaults,
                      v1::RecordShipment& command) {
  if (line.too_long) {
    return absl::StrCat("the line is longer than ", kMaxLineBytes, " bytes");
  }
  if (!IsUtf8(line.text)) {
    return "the line is not UTF-8; convert the file to UTF-8";
  }
  const auto status =
      google::protobuf::util::JsonStringToMessage(line.text, &command);
  if (!status.ok()) {
    return absl::StrCat("not a chipledger.v1.RecordShipment in JSON: ",
                        OneLine(std::string(status.message())));
  }
  if (const auto key = FindRepeatedKey(line.text)) {
    return absl::StrCat("the key \"", OneLine(*key),
                        "\" stands twice in one object; which value is meant?");
  }
  v1::Shipment& shipment = *command.mutable_shipment();
  if (shipment.exporter().empty()) shipment.set_exporter(defaults.exporter);
  if (command.assurance() == v1::ASSURANCE_UNSPECIFIED) {
    command.set_assurance(defaults.assurance);
  }
  if (shipment.exporter().empty()) {
    return "shipment.exporter is missing; set it or --exporter";
  }
  if (command.assurance() == v1::ASSURANCE_UNSPECIFIED) {
    return "assurance is missing; set it or --assurance";
  }
  return "";
}

class JsonlShipments : public ShipmentSource {
 public:
  JsonlShipments(std::unique_ptr<LineReader> lines, ImportDefaults defaults)
      : lines_(std::move(lines)), defaults_(std::move(defaults)) {}

  absl::StatusOr<std::optional<SourceShipment>> Next() override {
    while (true) {
      ASSIGN_OR_RETURN(std::optional<Line> line, lines_->Next());
      if (!line) return std::nullopt;
      absl::StripTrailingAsciiWhitespace(&line->text);
      if (line->text.empty()) continue;
      SourceShipment result;
      result.problem = ParseLine(*line, defaults_,
                                 *result.command.mutable_record_shipment());
      result.records.push_back({line->number, std::move(line->text)});
      return result;
    }
  }

  const LineReader& lines() const override { return *lines_; }

 private:
  std::unique_ptr<LineReader> lines_;
  const ImportDefaults defaults_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ShipmentSource>> OpenJsonlShipments(
    const std::string& path, const ImportDefaults& defaults) {
  ASSIGN_OR_RETURN(auto lines, LineReader::Open(path, kMaxLineBytes));
  return std::make_unique<JsonlShipments>(std::move(lines), defaults);
}

}  // namespace chipledger::import
