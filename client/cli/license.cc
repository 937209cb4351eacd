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
  OverrideOptions overrides;
  std::string reason;
  std::optional<uint64_t> expected_revision;
  WriteOptions write;
};

absl::Status AddLines(const GrantOptions& options, v1::License& license) {
  if (!options.values.empty() &&
      options.values.size() != options.lines.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "there are ", options.lines.size(), " --line and ",
        options.values.size(), " --value; give one for each line, or none"));
  }
  for (size_t i = 0; i < options.lines.size(); ++i) {
    ASSIGN_OR_RETURN(
        v1::LicenseLine line,
        ParseLicenseLine(options.lines[i], license.destination_countries()));
    line.set_line_number(license.lines_size() + 1);
    if (!options.values.empty()) line.set_value_usd(options.values[i]);
    *license.add_lines() = std::move(line);
  }
  return absl::OkStatus();
}

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
  RETURN_IF_ERROR(AddLines(options, license));
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
  if (const absl::Status set =
          SetOverrides(options.overrides, *command.mutable_overrides());
      !set.ok()) {
    return Fail(cli, set);
  }
  return Finish(cli, cli.client().GrantLicense(request),
                [](const v1::GrantLicenseResponse& response) {
                  PrintWriteResult(response.result());
                  PrintJudged(response.evidence(), response.judgement());
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

// A change of standing.
struct ChangeOptions {
  std::string license_id;
  std::string date;
  std::string reason;
  std::vector<std::string> lines;
  bool keep_reservations = false;
  std::optional<uint64_t> expected_revision;
  WriteOptions write;
};

void AddKeepOption(CLI::App& app, bool& keep_reservations) {
  app.add_flag("--keep-reservations", keep_reservations,
               "open reservations under it hold until they are used, released "
               "or expire (default: they are released)");
}

void AddChangeOptions(CLI::App& app, ChangeOptions& options) {
  app.add_option("LICENSE", options.license_id, "the license")->required();
  app.add_option("--date", options.date, "first date on which it holds")
      ->required();
  app.add_option("--reason", options.reason, "why")->required();
  AddRevisionOption(app, options.expected_revision);
  AddWriteOptions(app, options.write);
}

template <typename Request>
Request MakeChange(const ChangeOptions& options) {
  Request request;
  SetWriteOptions(options.write, request);
  auto& command = *request.mutable_command();
  command.set_license_id(options.license_id);
  command.set_effective_date(options.date);
  command.set_reason(options.reason);
  if (options.expected_revision) {
    command.set_expected_revision(*options.expected_revision);
  }
  return request;
}

int Suspend(Cli& cli, const ChangeOptions& options) {
  return Finish(cli,
                cli.client().SuspendLicense(
                    MakeChange<v1::SuspendLicenseRequest>(options)),
                [](const v1::SuspendLicenseResponse& response) {
                  PrintWriteResult(response.result());
                });
}

int Reinstate(Cli& cli, const ChangeOptions& options) {
  return Finish(cli,
                cli.client().ReinstateLicense(
                    MakeChange<v1::ReinstateLicenseRequest>(options)),
                [](const v1::ReinstateLicenseResponse& response) {
                  PrintWriteResult(response.result());
                });
}

int Revoke(Cli& cli, const ChangeOptions& options) {
  auto request = MakeChange<v1::RevokeLicenseRequest>(options);
  for (const std::string& text : options.lines) {
    const auto line = ParseNumberedQuantity("--line", "NUMBER=QUANTITY", text);
    if (!line.ok()) return Fail(cli, line.status());
    auto& part = *request.mutable_command()->add_parts();
    part.set_line_number(line->first);
    part.set_quantity(line->second);
  }
  if (options.keep_reservations) {
    request.mutable_command()->set_reservation_effect(
        v1::RESERVATION_EFFECT_KEEP);
  }
  return Finish(cli, cli.client().RevokeLicense(request),
                [](const v1::RevokeLicenseResponse& response) {
                  PrintWriteResult(response.result());
                  PrintJudged(response.evidence(), response.judgement());
                  PrintReleased(response.released_reservations());
                });
}

struct ExtendOptions {
  v1::ExtendLicense command;
  WriteOptions write;
};

int Extend(Cli& cli, const ExtendOptions& options) {
  v1::ExtendLicenseRequest request;
  SetWriteOptions(options.write, request);
  *request.mutable_command() = options.command;
  return Finish(cli, cli.client().ExtendLicense(request),
                [](const v1::ExtendLicenseResponse& response) {
                  PrintWriteResult(response.result());
                });
}

void AddExtendOptions(CLI::App& app, ExtendOptions& options) {
  v1::ExtendLicense& command = options.command;
  AddText(app, "LICENSE", "the license", [&](const std::string& text) {
    command.set_license_id(text);
  })->required();
  AddText(app, "--expiry-date", "the new last date, after the old one",
          [&](const std::string& text) { command.set_expiry_date(text); })
      ->required();
  AddText(app, "--reason", "why, such as the letter",
          [&](const std::string& text) { command.set_reason(text); })
      ->required();
  AddRevisionOption(app, command);
  AddWriteOptions(app, options.write);
}

struct VoidOptions {
  v1::VoidLicense command;
  bool keep_reservations = false;
  WriteOptions write;
};

int Void(Cli& cli, const VoidOptions& options) {
  v1::VoidLicenseRequest request;
  SetWriteOptions(options.write, request);
  *request.mutable_command() = options.command;
  if (options.keep_reservations) {
    request.mutable_command()->set_reservation_effect(
        v1::RESERVATION_EFFECT_KEEP);
  }
  return Finish(cli, cli.client().VoidLicense(request),
                [](const v1::VoidLicenseResponse& response) {
                  PrintWriteResult(response.result());
                  PrintEvent(response.event(), response.judgement());
                });
}

void AddVoidOptions(CLI::App& app, VoidOptions& options) {
  v1::VoidLicense& command = options.command;
  AddText(app, "LICENSE", "the license", [&](const std::string& text) {
    command.set_license_id(text);
  })->required();
  AddText(app, "--reason", "why, such as a false statement",
          [&](const std::string& text) { command.set_reason(text); })
      ->required();
  AddKeepOption(app, options.keep_reservations);
  AddRevisionOption(app, command);
  AddWriteOptions(app, options.write);
}

struct ConditionOptions {
  v1::RecordCondition command;
  WriteOptions write;
};

int RecordCondition(Cli& cli, const ConditionOptions& options) {
  v1::RecordConditionRequest request;
  SetWriteOptions(options.write, request);
  *request.mutable_command() = options.command;
  return Finish(cli, cli.client().RecordCondition(request),
                [](const v1::RecordConditionResponse& response) {
                  PrintWriteResult(response.result());
                });
}

void AddConditionOptions(CLI::App& app, ConditionOptions& options) {
  v1::RecordCondition& command = options.command;
  AddText(app, "LICENSE", "the license or other authorization",
          [&](const std::string& text) { command.set_license_id(text); })
      ->required();
  AddText(app, "--kind", "what kind, as rules require it, such as kyc",
          [&](const std::string& text) {
            command.mutable_condition()->set_kind(text);
          })
      ->required();
  AddText(app, "--evidence", "what shows it: a document's name or address",
          [&](const std::string& text) {
            command.mutable_condition()->set_evidence(text);
          })
      ->required();
  AddText(app, "--date", "the date it was met", [&](const std::string& text) {
    command.mutable_condition()->set_satisfied_date(text);
  })->required();
  AddText(app, "--valid-through", "the last date it holds (default: for good)",
          [&](const std::string& text) {
            command.mutable_condition()->set_valid_through(text);
          });
  AddRevisionOption(app, command);
  AddWriteOptions(app, options.write);
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
  std::cout << "\n";
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

void PrintLicense(const v1::LicenseView& view) {
  PrintTerms(view);
  for (const auto& change : view.status_changes()) {
    std::cout << "From " << change.effective_date() << ": "
              << FormatEnum(change.status(), "LICENSE_STATUS_") << " (entry "
              << change.index() << ")\n";
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
  AddCommand<ChangeOptions>(*group, cli, "suspend", "suspend it from a date on",
                            AddChangeOptions, Suspend);
  AddCommand<ChangeOptions>(*group, cli, "reinstate",
                            "end a suspension from a date on", AddChangeOptions,
                            Reinstate);
  AddCommand<ChangeOptions>(
      *group, cli, "revoke", "revoke it from a date on, whole or in part",
      [](CLI::App& sub, ChangeOptions& options) {
        AddChangeOptions(sub, options);
        sub.add_option("--line", options.lines,
                       "NUMBER=QUANTITY to take from a line; repeat it "
                       "(default: the whole license)");
        AddKeepOption(sub, options.keep_reservations);
      },
      Revoke);
  AddCommand<ExtendOptions>(*group, cli, "extend",
                            "extend it: the same quantities, a later expiry",
                            AddExtendOptions, Extend);
  AddCommand<VoidOptions>(
      *group, cli, "void",
      "void it from issuance: what was shipped under it was unauthorized",
      AddVoidOptions, Void);
  AddCommand<ConditionOptions>(*group, cli, "condition",
                               "record that it has met a condition",
                               AddConditionOptions, RecordCondition);
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
  AddLicenseImportCommand(*group, cli);
  AddApplicationCommands(*group, cli);
}

}  // namespace chipledger::cli
