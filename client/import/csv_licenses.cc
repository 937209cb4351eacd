#include "client/import/csv_licenses.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/import/country_names.h"
#include "client/import/csv_groups.h"
#include "client/import/csv_reader.h"
#include "client/import/text.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"

namespace chipledger::import {
namespace {

using Texts = google::protobuf::RepeatedPtrField<std::string>;

constexpr absl::string_view kLicense = "license_id";
constexpr absl::string_view kExporter = "exporter";
constexpr absl::string_view kDestinations = "destination_countries";
constexpr absl::string_view kGrantDate = "grant_date";
constexpr absl::string_view kExpiryDate = "expiry_date";
constexpr absl::string_view kConsignees = "consignees";
constexpr absl::string_view kEndUsers = "end_users";
constexpr absl::string_view kLine = "line_number";
constexpr absl::string_view kProduct = "product_code";
constexpr absl::string_view kQuantity = "quantity";
constexpr absl::string_view kLineDestination = "line_destination_country";
constexpr absl::string_view kValue = "value_usd";
constexpr absl::string_view kKind = "authorization_kind";
constexpr absl::string_view kCalendar = "holiday_calendar";
constexpr absl::string_view kApplication = "application_id";
constexpr absl::string_view kSource = "source";
constexpr absl::string_view kUtcOffset = "utc_offset";
constexpr absl::string_view kReplaces = "replaces";

// Party ids have neither, nor do the names of countries.
constexpr absl::string_view kBetweenListed = ";|";

std::vector<CsvColumn> Columns(const ImportDefaults& defaults) {
  return {{kLicense, true},
          {kExporter, defaults.exporter.empty(), "set --exporter PARTY"},
          {kDestinations, true},
          {kGrantDate, true},
          {kExpiryDate, true},
          {kConsignees},
          {kEndUsers},
          {kLine},
          {kProduct, true},
          {kQuantity, true},
          {kLineDestination},
          {kValue},
          {kKind},
          {kCalendar},
          {kApplication},
          {kSource},
          {kUtcOffset},
          {kReplaces}};
}

CsvGrouping Grouping() {
  // The authority's number is nobody's: no two licenses have it.
  return {.noun = "license",
          .name = kLicense,
          .first_columns = {kDestinations, kGrantDate, kExpiryDate},
          .part = "a line",
          .max_records = limits::kMaxLinesPerLicense};
}

// Takes a list away that says what the first says.
void DropIfSame(const Texts& first, Texts& later) {
  if (std::equal(first.begin(), first.end(), later.begin(), later.end())) {
    later.Clear();
  }
}

// CsvLicenses reads a line of a license from each record.
class CsvLicenses : public CsvGroups {
 public:
  CsvLicenses(std::unique_ptr<CsvTable> table, std::string default_exporter)
      : CsvGroups(std::move(table), Grouping()),
        default_exporter_(std::move(default_exporter)) {}

 private:
  absl::Status AddTo(const CsvRecord& record, v1::Command& command) override;

  // Errors: INVALID_ARGUMENT saying what is wrong with the record.
  absl::StatusOr<v1::GrantLicense> ReadTerms(const CsvRecord& record) const;
  absl::StatusOr<v1::LicenseLine> ReadLine(const CsvRecord& record) const;

  bool HasLine(const CsvRecord& record) const;
  std::vector<std::string> ListIn(const CsvRecord& record,
                                  absl::string_view column) const;

  const std::string default_exporter_;
};

absl::Status CsvLicenses::AddTo(const CsvRecord& record, v1::Command& command) {
  ASSIGN_OR_RETURN(v1::GrantLicense terms, ReadTerms(record));
  v1::GrantLicense& whole = *command.mutable_grant_license();
  if (!whole.has_license()) {
    whole = std::move(terms);
    v1::License& license = *whole.mutable_license();
    if (license.exporter().empty()) license.set_exporter(default_exporter_);
    if (license.exporter().empty()) {
      return absl::InvalidArgumentError(
          "exporter is empty; fill the column or set --exporter");
    }
    if (!HasLine(record)) return absl::OkStatus();
  } else {
    v1::GrantLicense first = whole;
    first.mutable_license()->clear_lines();
    v1::License& later = *terms.mutable_license();
    DropIfSame(whole.license().consignees(), *later.mutable_consignees());
    DropIfSame(whole.license().end_users(), *later.mutable_end_users());
    DropIfSame(whole.license().destination_countries(),
               *later.mutable_destination_countries());
    RETURN_IF_ERROR(CheckAgrees(first, terms));
  }
  ASSIGN_OR_RETURN(v1::LicenseLine line, ReadLine(record));
  v1::License& license = *whole.mutable_license();
  if (line.line_number() == 0) line.set_line_number(license.lines_size() + 1);
  *license.add_lines() = std::move(line);
  return absl::OkStatus();
}

absl::StatusOr<v1::GrantLicense> CsvLicenses::ReadTerms(
    const CsvRecord& record) const {
  v1::GrantLicense command;
  command.set_application_id(Field(record, kApplication));
  command.set_replaces(Field(record, kReplaces));
  v1::License& license = *command.mutable_license();
  license.set_license_id(name());
  license.set_exporter(Field(record, kExporter));
  license.set_grant_date(Field(record, kGrantDate));
  license.set_expiry_date(Field(record, kExpiryDate));
  license.set_holiday_calendar(Field(record, kCalendar));
  license.set_source(Field(record, kSource));
  license.set_utc_offset(Field(record, kUtcOffset));
  for (std::string& party : ListIn(record, kConsignees)) {
    license.add_consignees(std::move(party));
  }
  for (std::string& party : ListIn(record, kEndUsers)) {
    license.add_end_users(std::move(party));
  }
  for (const std::string& country : ListIn(record, kDestinations)) {
    ASSIGN_OR_RETURN(*license.add_destination_countries(),
                     InColumn(kDestinations, ParseCountryName(country)));
  }
  if (const std::string kind = Field(record, kKind); !kind.empty()) {
    ASSIGN_OR_RETURN(const v1::AuthorizationKind parsed,
                     InColumn(kKind, ParseAuthorizationKind(kind)));
    license.set_authorization_kind(parsed);
  }
  return command;
}

absl::StatusOr<v1::LicenseLine> CsvLicenses::ReadLine(
    const CsvRecord& record) const {
  v1::LicenseLine line;
  line.set_product_code(Field(record, kProduct));
  ASSIGN_OR_RETURN(const int64_t quantity,
                   InColumn(kQuantity, ParseUnits(Field(record, kQuantity),
                                                  comma_is_decimal())));
  line.set_quantity(quantity);
  if (const std::string text = Field(record, kLine); !text.empty()) {
    int32_t number = 0;
    if (!absl::SimpleAtoi(text, &number) || number < 1) {
      return absl::InvalidArgumentError(absl::StrCat(
          kLine, " \"", text, "\" is no line number, a whole one from 1"));
    }
    line.set_line_number(number);
  }
  if (const std::string country = Field(record, kLineDestination);
      !country.empty()) {
    ASSIGN_OR_RETURN(*line.mutable_destination_country(),
                     InColumn(kLineDestination, ParseCountryName(country)));
  }
  if (const std::string text = Field(record, kValue); !text.empty()) {
    ASSIGN_OR_RETURN(const int64_t value,
                     InColumn(kValue, ParseDollars(text, comma_is_decimal())));
    line.set_value_usd(value);
  }
  return line;
}

bool CsvLicenses::HasLine(const CsvRecord& record) const {
  constexpr absl::string_view kColumns[] = {kLine, kProduct, kQuantity,
                                            kLineDestination, kValue};
  return std::any_of(
      std::begin(kColumns), std::end(kColumns),
      [&](absl::string_view column) { return !Field(record, column).empty(); });
}

std::vector<std::string> CsvLicenses::ListIn(const CsvRecord& record,
                                             absl::string_view column) const {
  std::vector<std::string> listed;
  for (const absl::string_view one :
       absl::StrSplit(Field(record, column), absl::ByAnyChar(kBetweenListed),
                      absl::SkipWhitespace())) {
    listed.emplace_back(absl::StripAsciiWhitespace(one));
  }
  return listed;
}

}  // namespace

std::string CsvLicensesHeader() { return CsvHeader(Columns({})); }

absl::StatusOr<std::unique_ptr<CommandSource>> OpenCsvLicenses(
    const std::string& path, const ImportDefaults& defaults) {
  return OpenCsvGroups(
      path, [&]() -> absl::StatusOr<std::unique_ptr<CsvGroups>> {
        ASSIGN_OR_RETURN(auto table, CsvTable::Open(path, Columns(defaults)));
        return std::make_unique<CsvLicenses>(std::move(table),
                                             defaults.exporter);
      });
}

}  // namespace chipledger::import
