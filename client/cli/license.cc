// chipledger license: for licensing officers.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/cli.h"
#include "client/cli/print.h"
#include "client/cli/table.h"
#include "client/cli/terminal.h"
#include "client/import/text.h"
#include "ledger/base/status_macros.h"

namespace chipledger::cli {
namespace {

constexpr char kFileHelp[] =
    "takes the place of the options below: a chipledger.v1.License as "
    ".textproto, with license_id, exporter, destination_countries, grant_date, "
    "expiry_date and lines.";

struct GrantOptions {
  std::string file;
  v1::License license;
  std::vector<std::string> consignees;
  std::vector<std::string> end_users;
  std::vector<std::string> to;
  std::vector<std::string> lines;
  std::vector<int64_t> values;
  std::string kind;
  std::string application_id;
  std::string replaces;
  bool keep_reservations = false;
  OverrideOptions overrides;
  std::string reason;
  std::optional<uint64_t> expected_revision;
  WriteOptions write;
};

absl::StatusOr<v1::License> MakeLicense(const GrantOptions& options) {
  v1::License license = options.license;
  if (!options.file.empty()) {
    license.Clear();
    RETURN_IF_ERROR(ReadTextProto(options.file, license));
    return license;
  }
  for (const std::string& consignee : options.consignees) {
    license.add_consignees(consignee);
  }
  for (const std::string& end_user : options.end_users) {
    license.add_end_users(end_user);
  }
  for (const std::string& text : options.to) {
    ASSIGN_OR_RETURN(const std::string country, ParseCountry(text));
    license.add_destination_countries(country);
  }
  if (!options.kind.empty()) {
    ASSIGN_OR_RETURN(const auto kind,
                     import::ParseAuthorizationKind(options.kind));
    license.set_authorization_kind(kind);
  }
  ASSIGN_OR_RETURN(*license.mutable_lines(),
                   ParseLicenseLines(options.lines, options.values,
                                     license.destination_countries()));
  return license;
}

int Grant(Cli& cli, const GrantOptions& options) {
  const auto license = MakeLicense(options);
  if (!license.ok()) return Fail(cli, license.status());
  v1::GrantLicenseRequest request;
  SetWriteOptions(options.write, request);
  v1::GrantLicense& command = *request.mutable_command();
  *command.mutable_license() = *license;
  command.set_application_id(options.application_id);
  command.set_replaces(options.replaces);
  if (options.keep_reservations) {
    command.set_reservation_effect(v1::RESERVATION_EFFECT_KEEP);
  }
  if (const absl::Status set =
          SetOverrides(options.overrides, *command.mutable_overrides());
      !set.ok()) {
    return Fail(cli, set);
  }
  return Finish(cli, cli.client().GrantLicense(request),
                [](const v1::GrantLicenseResponse& response) {
                  PrintWriteResult(response.result());
                  PrintJudged(response.evidence(), response.judgement());
                  PrintReleased(response.released_reservations());
                });
}

int Amend(Cli& cli, const GrantOptions& options) {
  const auto license = MakeLicense(options);
  if (!license.ok()) return Fail(cli, license.status());
  v1::AmendLicenseRequest request;
  SetWriteOptions(options.write, request);
  v1::AmendLicense& command = *request.mutable_command();
  *command.mutable_license() = *license;
  command.set_reason(options.reason);
  if (options.expected_revision) {
    command.set_expected_revision(*options.expected_revision);
  }
  if (const absl::Status set =
          SetOverrides(options.overrides, *command.mutable_overrides());
      !set.ok()) {
    return Fail(cli, set);
  }
  return Finish(cli, cli.client().AmendLicense(request),
                [](const v1::AmendLicenseResponse& response) {
                  PrintWriteResult(response.result());
                  PrintJudged(response.evidence(), response.judgement());
                });
}

struct GetOptions {
  std::string license_id;
  v1::ReadPoint read_point;
};

void PrintTerms(const v1::LicenseView& view) {
  const v1::License& license = view.license();
  const auto any = [](const auto& ids) {
    return ids.empty() ? "any" : absl::StrJoin(ids, ", ");
  };
  std::cout << "License " << license.license_id() << " of "
            << license.exporter() << ", valid " << license.grant_date()
            << " to " << license.expiry_date();
  if (!view.last_export_date().empty() &&
      view.last_export_date() != license.expiry_date()) {
    std::cout << " (exports through " << view.last_export_date() << ", by "
              << license.holiday_calendar() << ")";
  }
  if (!license.utc_offset().empty()) {
    std::cout << ", at UTC" << license.utc_offset();
  }
  std::cout << ", to " << absl::StrJoin(license.destination_countries(), ", ")
            << ", consignees: " << any(license.consignees())
            << ", end users: " << any(license.end_users()) << "\n";
  if (license.authorization_kind() != v1::AUTHORIZATION_KIND_UNSPECIFIED) {
    std::cout << "Kind: "
              << FormatEnum(license.authorization_kind(), "AUTHORIZATION_KIND_")
              << "\n";
  }
  std::cout << "Entry " << view.index() << ", revision " << view.revision();
  if (!view.application_id().empty()) {
    std::cout << ", answers application " << view.application_id();
  }
  if (!view.replaces().empty()) {
    std::cout << ", replaces license " << view.replaces();
  }
  if (!view.replaced_by().empty()) {
    std::cout << ", replaced by license " << view.replaced_by();
  }
  std::cout << "\n";
  if (view.has_transfer()) {
    std::cout << "Transferred from " << view.transfer().from_exporter()
              << " on " << view.transfer().effective_date() << " (entry "
              << view.transfer().index() << ")\n";
  }
}

std::string ValueText(const v1::LicenseView::LineDrawdown& line) {
  const auto text = [](int64_t value) {
    return FormatAmount(v1::MEASURE_VALUE_USD, value);
  };
  if (!line.has_value_authorized_usd()) {
    return line.value_shipped_usd() == 0 ? "-" : text(line.value_shipped_usd());
  }
  return absl::StrCat(text(line.value_shipped_usd()), " of ",
                      text(line.value_authorized_usd()));
}

// Of a change whose entry was named.
std::string CorrectedText(uint64_t corrected_index) {
  return corrected_index == 0
             ? ""
             : absl::StrCat(", its date corrected by entry ", corrected_index);
}

void PrintLicense(const v1::LicenseView& view) {
  PrintTerms(view);
  for (const auto& change : view.status_changes()) {
    std::cout << "From " << change.effective_date() << ": "
              << FormatEnum(change.status(), "LICENSE_STATUS_") << " (entry "
              << change.index() << CorrectedText(change.corrected_index())
              << ")\n";
  }
  for (const auto& revocation : view.part_revocations()) {
    std::cout << "From " << revocation.effective_date() << ": "
              << absl::StrJoin(revocation.parts(), ", ",
                               [](std::string* out, const auto& units) {
                                 absl::StrAppend(
                                     out, FormatCount(units.quantity()),
                                     " of line ", units.line_number());
                               })
              << " revoked (entry " << revocation.index()
              << CorrectedText(revocation.corrected_index()) << ")\n";
  }
  for (const v1::Condition& condition : view.conditions()) {
    std::cout << "Condition " << OneLine(condition.kind()) << " met on "
              << condition.satisfied_date();
    if (!condition.valid_through().empty()) {
      std::cout << ", holds through " << condition.valid_through();
    }
    std::cout << ": " << OneLine(condition.evidence()) << "\n";
  }
  Table table({"LINE>", "PRODUCT", "TO", "AUTHORIZED>", "REVOKED>", "SHIPPED>",
               "RESERVED>", "AVAILABLE>", "VALUE SHIPPED>"});
  for (const auto& line : view.drawdown()) {
    table.AddRow({absl::StrCat(line.line_number()), line.product_code(),
                  line.destination_country(), FormatCount(line.authorized()),
                  FormatCount(line.revoked()), FormatCount(line.shipped()),
                  FormatCount(line.reserved()), FormatCount(line.available()),
                  ValueText(line)});
  }
  std::cout << table.ToString();
}

int Get(Cli& cli, const GetOptions& options) {
  v1::GetLicenseRequest request;
  request.set_license_id(options.license_id);
  *request.mutable_read_point() = options.read_point;
  return Finish(cli, cli.client().GetLicense(request),
                [&](const v1::GetLicenseResponse& response) {
                  PrintLicense(response.license());
                  std::cout << FormatSize(response.size(), options.read_point);
                });
}

struct ListOptions {
  std::string exporter;
  std::string to;
  v1::ReadPoint read_point;
};

int List(Cli& cli, const ListOptions& options) {
  v1::ListLicensesRequest request;
  request.set_page_size(1000);
  request.set_exporter(options.exporter);
  *request.mutable_read_point() = options.read_point;
  if (!options.to.empty()) {
    const auto country = ParseCountry(options.to);
    if (!country.ok()) return Fail(cli, country.status());
    request.set_destination_country(*country);
  }
  Table table({"LICENSE", "EXPORTER", "TO", "GRANTED", "EXPIRES", "STANDING",
               "AUTHORIZED>", "SHIPPED>", "RESERVED>", "AVAILABLE>"});
  const absl::Status status = ForEachPage(
      request,
      [&](const auto& page) { return cli.client().ListLicenses(page); },
      [&](const v1::ListLicensesResponse& page) {
        for (const v1::LicenseView& view : page.licenses()) {
          if (cli.json) {
            PrintJson(view);
            continue;
          }
          int64_t authorized = 0, shipped = 0, reserved = 0, available = 0;
          for (const auto& line : view.drawdown()) {
            authorized += line.authorized();
            shipped += line.shipped();
            reserved += line.reserved();
            available += line.available();
          }
          const auto& changes = view.status_changes();
          const v1::License& license = view.license();
          table.AddRow(
              {license.license_id(), license.exporter(),
               absl::StrJoin(license.destination_countries(), ", "),
               license.grant_date(), license.expiry_date(),
               changes.empty()
                   ? "granted"
                   : absl::StrCat(FormatEnum(changes.rbegin()->status(),
                                             "LICENSE_STATUS_"),
                                  " from ", changes.rbegin()->effective_date()),
               FormatCount(authorized), FormatCount(shipped),
               FormatCount(reserved), FormatCount(available)});
        }
        return true;
      });
  if (!status.ok()) return Fail(cli, status);
  if (!cli.json) {
    PrintList(table, "license",
              !options.exporter.empty() || !options.to.empty(),
              "chipledger license grant --help");
  }
  return kDone;
}

void AddGrantOptions(CLI::App& app, GrantOptions& options) {
  auto* file = app.add_option("--file", options.file, kFileHelp);
  const auto text = [&app, file](const std::string& name,
                                 const std::string& description,
                                 std::function<void(const std::string&)> set) {
    app.add_option_function<std::string>(name, std::move(set), description)
        ->excludes(file);
  };
  v1::License& license = options.license;
  text("--id", "the authority's number, unique for ever",
       [&](const std::string& value) { license.set_license_id(value); });
  text("--exporter", "party id of the licensee",
       [&](const std::string& value) { license.set_exporter(value); });
  text("--grant-date", "first date it authorizes exports",
       [&](const std::string& value) { license.set_grant_date(value); });
  text("--expiry-date", "last date it authorizes exports",
       [&](const std::string& value) { license.set_expiry_date(value); });
  text("--source", "where this comes from",
       [&](const std::string& value) { license.set_source(value); });
  text(
      "--holiday-calendar",
      "calendar of legal holidays: one that ends on a holiday ends on the next "
      "business day",
      [&](const std::string& value) { license.set_holiday_calendar(value); });
  text("--utc-offset",
       "the time at the place of export, such as -05:00: it authorizes exports "
       "to midnight there",
       [&](const std::string& value) { license.set_utc_offset(value); });
  app.add_option("--kind", options.kind,
                 "other kind of authorization that conditions attach to, such "
                 "as nveu (default: license)")
      ->excludes(file);
  app.add_option("--end-user", options.end_users,
                 "party id that may use the items; repeat it (default: any)")
      ->excludes(file);
  app.add_option("--value", options.values,
                 "value of each --line in whole US dollars, in their order")
      ->excludes(file);
  app.add_option("--consignee", options.consignees,
                 "party id that may receive; repeat it (default: any)")
      ->excludes(file);
  app.add_option("--to", options.to, "country of destination; repeat it")
      ->excludes(file);
  app.add_option("--line", options.lines,
                 "PRODUCT=QUANTITY, or PRODUCT=QUANTITY@COUNTRY; repeat it; "
                 "lines are numbered from 1")
      ->excludes(file);
  AddOverrideOptions(app, options.overrides);
  AddWriteOptions(app, options.write);
}

}  // namespace

void AddKeepOption(CLI::App& app, bool& keep_reservations) {
  app.add_flag("--keep-reservations", keep_reservations,
               "open reservations under it hold until they are used, released "
               "or expire (default: they are released)");
}

void AddLicenseCommands(CLI::App& app, Cli& cli) {
  CLI::App* group = app.add_subcommand(
      "license", "applications; grant licenses and change them");
  group->require_subcommand(1);
  AddCommand<GrantOptions>(
      *group, cli, "grant", "grant a license",
      [](CLI::App& sub, GrantOptions& options) {
        AddGrantOptions(sub, options);
        sub.add_option("--application", options.application_id,
                       "the application it answers");
        sub.add_option("--replaces", options.replaces,
                       "the license that it replaces, which ends with its "
                       "grant date");
        AddKeepOption(sub, options.keep_reservations);
      },
      Grant);
  AddCommand<GrantOptions>(
      *group, cli, "amend",
      "replace what a license authorizes; say all of it, not the difference",
      [](CLI::App& sub, GrantOptions& options) {
        AddGrantOptions(sub, options);
        sub.add_option("--reason", options.reason, "why")->required();
        AddRevisionOption(sub, options.expected_revision);
      },
      Amend);
  AddLicenseChangeCommands(*group, cli);
  AddCommand<GetOptions>(
      *group, cli, "get", "read a license with its drawdown",
      [](CLI::App& sub, GetOptions& options) {
        sub.add_option("LICENSE", options.license_id, "the license")
            ->required();
        AddReadOptions(sub, options.read_point);
      },
      Get);
  AddCommand<ListOptions>(
      *group, cli, "list", "list licenses",
      [](CLI::App& sub, ListOptions& options) {
        sub.add_option("--exporter", options.exporter, "only this exporter's");
        sub.add_option("--to", options.to, "only for this destination");
        AddReadOptions(sub, options.read_point);
      },
      List);
  AddLicenseImportCommands(*group, cli);
  AddApplicationCommands(*group, cli);
}

}  // namespace chipledger::cli
