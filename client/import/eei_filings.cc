#include "client/import/eei_filings.h"

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/import/country_names.h"
#include "client/import/csv_reader.h"
#include "client/import/text.h"
#include "google/protobuf/util/message_differencer.h"
#include "ledger/base/date.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
#include "ledger/base/utf8.h"

namespace chipledger::import {
namespace {

using google::protobuf::util::MessageDifferencer;

constexpr absl::string_view kItn = "itn";
constexpr absl::string_view kReference = "shipment_reference_number";
constexpr absl::string_view kFilingAction = "shipment_filing_action";
constexpr absl::string_view kLineNumber = "line_number";
constexpr absl::string_view kLineAction = "line_action";
constexpr absl::string_view kUsppi = "usppi";
constexpr absl::string_view kDate = "date_of_export";
constexpr absl::string_view kCountry = "country_of_ultimate_destination";
constexpr absl::string_view kConsignee = "ultimate_consignee";
constexpr absl::string_view kConsigneeId = "ultimate_consignee_id";
constexpr absl::string_view kConsigneeType = "ultimate_consignee_type";
constexpr absl::string_view kLicenseCode = "license_code";
constexpr absl::string_view kLicenseNumber = "license_number";
constexpr absl::string_view kKind = "authorization_kind";
constexpr absl::string_view kEccn = "eccn";
constexpr absl::string_view kProduct = "product_code";
constexpr absl::string_view kQuantity = "quantity";
constexpr absl::string_view kValue = "value";

constexpr int64_t kMaxLineNumber = 999;

enum class Action { kAdd, kChange, kReplace, kCancel, kDelete };

// Returns the action that a word or its letter in AES names, if it is one of
// those allowed.
std::optional<Action> ParseAction(absl::string_view text,
                                  const std::vector<Action>& allowed) {
  struct Word {
    absl::string_view word;
    absl::string_view letter;
    Action action;
  };
  static constexpr Word kWords[] = {{"add", "A", Action::kAdd},
                                    {"change", "C", Action::kChange},
                                    {"replace", "R", Action::kReplace},
                                    {"cancel", "X", Action::kCancel},
                                    {"delete", "D", Action::kDelete}};
  for (const Word& one : kWords) {
    if ((absl::EqualsIgnoreCase(text, one.word) ||
         absl::EqualsIgnoreCase(text, one.letter)) &&
        absl::c_linear_search(allowed, one.action)) {
      return one.action;
    }
  }
  return std::nullopt;
}

std::optional<Action> ParseFilingAction(absl::string_view text) {
  return ParseAction(
      text, {Action::kAdd, Action::kChange, Action::kReplace, Action::kCancel});
}

// Returns the date as YYYY-MM-DD; a date that is none stays as it is.
std::string ParseDate(absl::string_view text) {
  if (text.size() == 8 && absl::c_all_of(text, absl::ascii_isdigit)) {
    return absl::StrCat(text.substr(0, 4), "-", text.substr(4, 2), "-",
                        text.substr(6));
  }
  return std::string(text);
}

bool IsItn(absl::string_view text) {
  return text.size() == 15 && absl::ascii_toupper(text[0]) == 'X' &&
         absl::c_all_of(text.substr(1), absl::ascii_isdigit) &&
         Date::Parse(ParseDate(text.substr(1, 8)));
}

// What one record says, beside the filing that it is of.
struct FilingLine {
  SourceRecord record;
  int32_t number = 0;
  Action action = Action::kAdd;
  // Fields that are blank are unset.
  std::string product_code;
  std::optional<int64_t> quantity;
  std::optional<int64_t> value_usd;
  std::string eccn;
  // What the record says of the shipment as a whole.
  v1::Shipment shipment;
  std::string consignee_type;
};

// One filing.
struct Filing {
  std::string exporter;
  std::string reference;
  std::string itn;
  Action action = Action::kAdd;
  std::vector<FilingLine> lines;
  // What is wrong with it, and where.
  std::string problem;
  int64_t problem_line = 0;

  void Blame(int64_t line, std::string why) {
    if (!problem.empty()) return;
    problem = std::move(why);
    problem_line = line;
  }
};

// A shipment as the filings so far leave it.
struct FiledShipment {
  // Filings of it in the file so far.
  int filings = 0;
  // Where the file adds it; 0: it does not.
  int64_t added_at = 0;
  bool is_canceled = false;
  // Its lines are not known: why.
  std::string unknown;
  v1::Shipment shipment;
  std::string consignee_type;
  struct Line {
    v1::Item item;
    std::string eccn;
  };
  std::map<int32_t, Line> lines;
  // The place of its last filing among what the source returns.
  std::optional<size_t> last;
};

// FilingReader makes filings of records.
class FilingReader {
 public:
  FilingReader(const CsvTable& table, const ImportDefaults& defaults)
      : table_(table), defaults_(defaults) {}

  void Take(CsvRecord record);
  // Requires: no record is to come.
  std::vector<Filing> TakeFilings() { return std::move(filings_); }

 private:
  absl::string_view Field(const CsvRecord& record, absl::string_view name) {
    return table_.Field(record, name);
  }
  // Whether a record goes on with the last filing.
  bool GoesOn(const CsvRecord& record, const Filing& filing) const;
  // Each returns what is wrong; empty: nothing.
  std::string ReadFiling(const CsvRecord& record, Filing& filing);
  std::string ReadLine(const CsvRecord& record, Action filing_action,
                       FilingLine& line);
  std::string ReadShipment(const CsvRecord& record, FilingLine& line);
  std::string ReadAuthorization(const CsvRecord& record, v1::Shipment& out);

  const CsvTable& table_;
  const ImportDefaults& defaults_;
  std::vector<Filing> filings_;
  // The record just before could not be read, or has no reference: it may be of
  // the filing that comes.
  std::optional<CsvRecord> unclear_;
};

void FilingReader::Take(CsvRecord record) {
  const std::string reference(Field(record, kReference));
  if (!record.problem.empty() || reference.empty()) {
    const std::string why =
        record.problem.empty()
            ? "shipment_reference_number is empty; write it in each record"
            : record.problem;
    const bool may_go_on =
        !filings_.empty() && !filings_.back().reference.empty() &&
        (record.problem.empty() ||
         table_.MayHave(record, kReference, filings_.back().reference));
    Filing& filing = may_go_on ? filings_.back() : filings_.emplace_back();
    filing.Blame(record.line, why);
    filing.lines.push_back({.record = {record.line, record.raw}});
    unclear_ = std::move(record);
    return;
  }
  if (filings_.empty() || !GoesOn(record, filings_.back())) {
    Filing& filing = filings_.emplace_back();
    filing.exporter = std::string(Field(record, kUsppi));
    if (filing.exporter.empty()) filing.exporter = defaults_.exporter;
    filing.reference = reference;
    filing.itn = std::string(Field(record, kItn));
    if (std::string why = ReadFiling(record, filing); !why.empty()) {
      filing.Blame(record.line, std::move(why));
    }
    if (unclear_ && (unclear_->problem.empty() ||
                     table_.MayHave(*unclear_, kReference, reference))) {
      filing.Blame(unclear_->line,
                   "this record, just before the filing, may be of it");
    }
  }
  unclear_.reset();
  Filing& filing = filings_.back();
  FilingLine& line = filing.lines.emplace_back();
  if (std::string why = ReadLine(record, filing.action, line); !why.empty()) {
    filing.Blame(record.line, std::move(why));
  }
  line.record = {record.line, std::move(record.raw)};
}

bool FilingReader::GoesOn(const CsvRecord& record, const Filing& filing) const {
  const absl::string_view exporter = table_.Field(record, kUsppi);
  if (table_.Field(record, kReference) != filing.reference ||
      (!exporter.empty() && exporter != filing.exporter) ||
      table_.Field(record, kItn) != filing.itn) {
    return false;
  }
  const auto action = ParseFilingAction(table_.Field(record, kFilingAction));
  if (action && *action != filing.action) return false;
  // A line that is said again begins another filing.
  return absl::c_none_of(filing.lines, [&](const FilingLine& line) {
    return absl::StrCat(line.number) == table_.Field(record, kLineNumber);
  });
}

std::string FilingReader::ReadFiling(const CsvRecord& record, Filing& filing) {
  const absl::string_view action = Field(record, kFilingAction);
  const auto parsed = ParseFilingAction(action);
  if (!parsed) {
    return absl::StrCat(kFilingAction, " \"", action,
                        "\" is not add, change, replace or cancel");
  }
  filing.action = *parsed;
  if (filing.exporter.empty()) {
    return "usppi is empty; fill the column or set --exporter";
  }
  if (!IsItn(filing.itn)) {
    return absl::StrCat(
        "itn \"", filing.itn,
        "\" is not X, YYYYMMDD and six digits, such as X20260301123456; a "
        "filing has one when it was accepted");
  }
  return "";
}

std::string FilingReader::ReadLine(const CsvRecord& record,
                                   Action filing_action, FilingLine& line) {
  if (filing_action == Action::kCancel) return "";
  const bool comma_is_decimal = table_.delimiter() == ';';
  const absl::string_view number = Field(record, kLineNumber);
  const auto parsed = ParseUnits(number, false);
  if (!parsed.ok() || *parsed < 1 || *parsed > kMaxLineNumber) {
    return absl::StrCat(kLineNumber, " \"", number, "\" is not from 1 to ",
                        kMaxLineNumber);
  }
  line.number = static_cast<int32_t>(*parsed);
  const absl::string_view action = Field(record, kLineAction);
  const bool is_change = filing_action == Action::kChange;
  const auto line_action =
      action.empty() && !is_change
          ? Action::kAdd
          : ParseAction(action, is_change
                                    ? std::vector{Action::kAdd, Action::kChange,
                                                  Action::kDelete}
                                    : std::vector{Action::kAdd});
  if (!line_action) {
    return absl::StrCat(kLineAction, " \"", action, "\" is not ",
                        is_change ? "add, change or delete" : "add");
  }
  line.action = *line_action;
  line.product_code = std::string(Field(record, kProduct));
  line.eccn = std::string(Field(record, kEccn));
  if (const absl::string_view text = Field(record, kQuantity); !text.empty()) {
    const auto quantity = ParseUnits(text, comma_is_decimal);
    if (!quantity.ok()) {
      return absl::StrCat(kQuantity, " ", quantity.status().message());
    }
    line.quantity = *quantity;
  }
  if (const absl::string_view text = Field(record, kValue); !text.empty()) {
    const auto value = ParseDollars(text, comma_is_decimal);
    if (!value.ok()) {
      return absl::StrCat(kValue, " ", value.status().message());
    }
    line.value_usd = *value;
  }
  if (line.action == Action::kAdd && line.product_code.empty()) {
    return absl::StrCat(kProduct, " is empty; a line that is added says it");
  }
  if (line.action == Action::kAdd && !line.quantity) {
    return absl::StrCat(kQuantity, " is empty; a line that is added says it");
  }
  return ReadShipment(record, line);
}

std::string FilingReader::ReadShipment(const CsvRecord& record,
                                       FilingLine& line) {
  v1::Shipment& shipment = line.shipment;
  shipment.set_export_date(ParseDate(Field(record, kDate)));
  if (const absl::string_view country = Field(record, kCountry);
      !country.empty()) {
    const auto code = ParseCountryName(country);
    if (!code.ok()) return absl::StrCat(kCountry, " ", code.status().message());
    shipment.set_destination_country(*code);
  }
  shipment.set_consignee(std::string(Field(record, kConsigneeId)));
  if (shipment.consignee().empty()) {
    shipment.set_consignee_name(OneLine(
        TruncateUtf8(Field(record, kConsignee), limits::kMaxNameBytes)));
  }
  if (const absl::string_view type = Field(record, kConsigneeType);
      !type.empty()) {
    static constexpr std::pair<absl::string_view, absl::string_view> kTypes[] =
        {{"D", "direct consumer"},
         {"G", "government entity"},
         {"R", "reseller"},
         {"O", "other or unknown"}};
    for (const auto& [letter, name] : kTypes) {
      if (absl::EqualsIgnoreCase(type, letter) ||
          absl::EqualsIgnoreCase(type, name)) {
        line.consignee_type = std::string(name);
      }
    }
    if (line.consignee_type.empty()) {
      return absl::StrCat(kConsigneeType, " \"", type,
                          "\" is not D (direct consumer), G (government "
                          "entity), R (reseller) or O (other or unknown)");
    }
  }
  return ReadAuthorization(record, shipment);
}

std::string FilingReader::ReadAuthorization(const CsvRecord& record,
                                            v1::Shipment& out) {
  const std::string code = absl::AsciiStrToUpper(Field(record, kLicenseCode));
  const absl::string_view number = Field(record, kLicenseNumber);
  const absl::string_view kind = Field(record, kKind);
  if (code.empty() && number.empty() && kind.empty()) return "";
  if (code.empty()) {
    return absl::StrCat(kLicenseCode, " is empty, and ",
                        number.empty() ? kKind : kLicenseNumber, " is not");
  }
  const bool is_code = code.size() == 3 && code[0] == 'C' &&
                       absl::ascii_isdigit(code[1]) &&
                       absl::ascii_isdigit(code[2]);
  if (!is_code) {
    return absl::StrCat(kLicenseCode, " \"", code,
                        "\" is not C and two digits, such as C30");
  }
  v1::Authorization& authorization = *out.mutable_authorization();
  if (!kind.empty()) {
    const auto parsed = ParseAuthorizationKind(kind);
    if (!parsed.ok()) {
      return absl::StrCat(kKind, " ", parsed.status().message());
    }
    authorization.set_kind(*parsed);
    authorization.set_code(code);
    authorization.set_license_id(std::string(number));
  } else if (code == "C30") {
    authorization.set_kind(v1::AUTHORIZATION_KIND_LICENSE);
    authorization.set_license_id(std::string(number));
  } else if (code == "C33") {
    // No license required; AES has "NLR" for a number.
    authorization.set_kind(v1::AUTHORIZATION_KIND_NONE_REQUIRED);
  } else if (code == "C57") {
    return "license_code C57 does not say which validated end user: write nveu "
           "or uveu in authorization_kind";
  } else {
    authorization.set_kind(v1::AUTHORIZATION_KIND_OTHER_EXCEPTION);
    authorization.set_code(code);
  }
  return "";
}

// EeiFilings returns what the filings of a file do, in its order.
class EeiFilings : public CommandSource {
 public:
  EeiFilings(std::unique_ptr<CsvTable> table, ImportDefaults defaults)
      : table_(std::move(table)), defaults_(std::move(defaults)) {}

  absl::Status ReadAll() {
    FilingReader reader(*table_, defaults_);
    while (true) {
      ASSIGN_OR_RETURN(std::optional<CsvRecord> record, table_->Next());
      if (!record) break;
      reader.Take(*std::move(record));
    }
    for (Filing& filing : reader.TakeFilings()) TakeFiling(std::move(filing));
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<SourceCommand>> Next() override {
    if (ready_.empty()) return std::nullopt;
    SourceCommand next = std::move(ready_.front());
    ready_.pop_front();
    return next;
  }

  const LineReader& lines() const override { return table_->lines(); }

  std::vector<std::string> ignored_columns() const override {
    return table_->ignored_columns();
  }

 private:
  void TakeFiling(Filing filing);
  // Each makes the shipment what the filing says, and returns what is wrong;
  // empty: nothing.
  static std::string Apply(const Filing& filing, FiledShipment& filed);
  static std::string ApplyLine(const FilingLine& line, FiledShipment& filed);
  static void ApplyShipment(const v1::Shipment& said, FiledShipment& filed);
  v1::Command CommandOf(const Filing& filing, const FiledShipment& filed) const;
  static v1::Shipment ShipmentOf(const Filing& filing,
                                 const FiledShipment& filed);

  std::unique_ptr<CsvTable> table_;
  const ImportDefaults defaults_;
  // By exporter and reference.
  std::map<std::pair<std::string, std::string>, FiledShipment> filed_;
  std::deque<SourceCommand> ready_;
};

void EeiFilings::TakeFiling(Filing filing) {
  SourceCommand& out = ready_.emplace_back();
  for (const FilingLine& line : filing.lines) {
    out.records.push_back(line.record);
  }
  if (filing.reference.empty()) {
    out.problem = std::move(filing.problem);
    out.problem_line = filing.problem_line;
    return;
  }
  const int64_t first_line = out.records.front().line;
  FiledShipment& filed = filed_[{filing.exporter, filing.reference}];
  if (filing.problem.empty()) {
    FiledShipment then = filed;
    if (std::string why = Apply(filing, then); !why.empty()) {
      filing.Blame(first_line, std::move(why));
    } else {
      if (filing.action == Action::kAdd) then.added_at = first_line;
      filed = std::move(then);
    }
  }
  if (!filing.problem.empty()) {
    out.problem = std::move(filing.problem);
    out.problem_line = filing.problem_line;
    filed.unknown = absl::StrCat(
        "a filing of this shipment before it, of line ", first_line,
        ", is not imported: correct that one, or file a replacement");
    return;
  }
  out.command = CommandOf(filing, filed);
  if (++filed.filings > 1) {
    out.attempt = absl::StrCat("filing ", filed.filings);
  }
  if (filed.last) ready_[*filed.last].is_superseded = true;
  filed.last = ready_.size() - 1;
}

std::string EeiFilings::Apply(const Filing& filing, FiledShipment& filed) {
  switch (filing.action) {
    case Action::kAdd:
      if (filed.added_at != 0) {
        return absl::StrCat("line ", filed.added_at,
                            " adds this shipment already; a reference is used "
                            "once: file a change or a replacement");
      }
      break;
    case Action::kChange:
      if (!filed.unknown.empty()) return filed.unknown;
      if (filed.filings == 0) {
        return "the file has no add of this shipment before its change: import "
               "all filings of it together, or file a replacement";
      }
      break;
    case Action::kReplace:
      filed.shipment.Clear();
      filed.consignee_type.clear();
      filed.lines.clear();
      break;
    case Action::kCancel:
    case Action::kDelete:
      break;
  }
  if (filed.is_canceled) {
    return "it was canceled before; a new shipment needs another reference";
  }
  filed.unknown.clear();
  if (filing.action == Action::kCancel) {
    filed.is_canceled = true;
    return "";
  }
  v1::Shipment said;
  for (const FilingLine& line : filing.lines) {
    if (std::string why = ApplyLine(line, filed); !why.empty()) return why;
    // Whichever comes first, when they agree.
    v1::Shipment other = line.shipment;
    other.MergeFrom(said);
    said.MergeFrom(line.shipment);
    if (!MessageDifferencer::Equals(said, other)) {
      return absl::StrCat("line ", line.record.line,
                          " says otherwise about the shipment than one before "
                          "it; the lines of a filing must agree");
    }
    if (!line.consignee_type.empty()) {
      filed.consignee_type = line.consignee_type;
    }
  }
  ApplyShipment(said, filed);
  if (filed.lines.empty()) {
    return "no line is left; cancel the shipment instead";
  }
  if (filed.lines.size() > limits::kMaxItemsPerShipment) {
    return absl::StrCat("the shipment has more than ",
                        limits::kMaxItemsPerShipment, " lines");
  }
  if (filed.shipment.export_date().empty()) {
    return absl::StrCat(kDate, " is empty");
  }
  if (filed.shipment.destination_country().empty()) {
    return absl::StrCat(kCountry, " is empty");
  }
  return "";
}

void EeiFilings::ApplyShipment(const v1::Shipment& said, FiledShipment& filed) {
  v1::Shipment& shipment = filed.shipment;
  // What is said anew takes the place of what it excludes.
  if (!said.consignee().empty()) shipment.clear_consignee_name();
  if (!said.consignee_name().empty()) shipment.clear_consignee();
  if (said.has_authorization()) shipment.clear_authorization();
  shipment.MergeFrom(said);
}

std::string EeiFilings::ApplyLine(const FilingLine& line,
                                  FiledShipment& filed) {
  const auto found = filed.lines.find(line.number);
  const bool is_there = found != filed.lines.end();
  if (line.action == Action::kAdd && is_there) {
    return absl::StrCat("line_number ", line.number,
                        " is there already; change it");
  }
  if (line.action != Action::kAdd && !is_there) {
    return absl::StrCat("there is no line_number ", line.number, " to ",
                        line.action == Action::kDelete ? "delete" : "change");
  }
  if (line.action == Action::kDelete) {
    filed.lines.erase(found);
    return "";
  }
  FiledShipment::Line& filed_line = filed.lines[line.number];
  v1::Item& item = filed_line.item;
  if (!line.product_code.empty()) item.set_product_code(line.product_code);
  if (line.quantity) item.set_quantity(*line.quantity);
  if (line.value_usd) item.set_value_usd(*line.value_usd);
  if (!line.eccn.empty()) filed_line.eccn = line.eccn;
  return "";
}

v1::Shipment EeiFilings::ShipmentOf(const Filing& filing,
                                    const FiledShipment& filed) {
  v1::Shipment shipment = filed.shipment;
  shipment.set_exporter(filing.exporter);
  shipment.set_shipment_reference(filing.reference);
  std::set<std::string> eccns;
  for (const auto& [number, line] : filed.lines) {
    *shipment.add_items() = line.item;
    if (!line.eccn.empty()) eccns.insert(line.eccn);
  }
  std::string source =
      absl::StrCat("AES ITN ", absl::AsciiStrToUpper(filing.itn));
  if (!eccns.empty()) {
    absl::StrAppend(&source, "; ECCN ", absl::StrJoin(eccns, ", "));
  }
  if (!filed.consignee_type.empty()) {
    absl::StrAppend(&source, "; consignee type ", filed.consignee_type);
  }
  shipment.set_source(std::string(TruncateUtf8(source, limits::kMaxTextBytes)));
  return shipment;
}

v1::Command EeiFilings::CommandOf(const Filing& filing,
                                  const FiledShipment& filed) const {
  v1::Command command;
  const auto reason = [&](absl::string_view action) {
    return absl::StrCat("AES ", action, ", ITN ",
                        absl::AsciiStrToUpper(filing.itn));
  };
  switch (filing.action) {
    case Action::kAdd: {
      v1::RecordShipment& record = *command.mutable_record_shipment();
      *record.mutable_shipment() = ShipmentOf(filing, filed);
      record.set_assurance(defaults_.assurance);
      break;
    }
    case Action::kCancel: {
      v1::VoidShipment& voided = *command.mutable_void_shipment();
      voided.set_exporter(filing.exporter);
      voided.set_shipment_reference(filing.reference);
      voided.set_reason(reason("cancel"));
      voided.set_recorded_in_error(reason("cancel"));
      break;
    }
    default: {
      v1::CorrectShipment& correct = *command.mutable_correct_shipment();
      *correct.mutable_shipment() = ShipmentOf(filing, filed);
      correct.set_assurance(defaults_.assurance);
      correct.set_reason(
          reason(filing.action == Action::kChange ? "change" : "replace"));
      break;
    }
  }
  return command;
}

}  // namespace

bool IsEeiHeader(absl::string_view line) {
  return absl::StrContains(FoldColumnName(line), kFilingAction);
}

absl::StatusOr<std::unique_ptr<CommandSource>> OpenEeiFilings(
    const std::string& path, const ImportDefaults& defaults) {
  if (defaults.assurance == v1::ASSURANCE_UNSPECIFIED) {
    return absl::InvalidArgumentError(
        "a filing does not say whether the goods have left: set --assurance "
        "before-export or after-the-fact");
  }
  ASSIGN_OR_RETURN(auto table,
                   CsvTable::Open(path, {{kItn, true},
                                         {kReference, true},
                                         {kFilingAction, true},
                                         {kLineNumber, true},
                                         {kLineAction},
                                         {kUsppi, defaults.exporter.empty(),
                                          "set --exporter PARTY"},
                                         {kDate, true},
                                         {kCountry, true},
                                         {kConsignee},
                                         {kConsigneeId},
                                         {kConsigneeType},
                                         {kLicenseCode},
                                         {kLicenseNumber},
                                         {kKind},
                                         {kEccn},
                                         {kProduct, true},
                                         {kQuantity, true},
                                         {kValue}}));
  auto filings = std::make_unique<EeiFilings>(std::move(table), defaults);
  RETURN_IF_ERROR(filings->ReadAll());
  return filings;
}

}  // namespace chipledger::import
