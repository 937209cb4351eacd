// chipledger license: for licensing officers.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/cli.h"
#include "client/cli/print.h"
#include "client/cli/table.h"
#include "ledger/base/status_macros.h"

namespace chipledger::cli {
namespace {

constexpr char kFileHelp[] =
    "The file is a chipledger.v1.License as .textproto, with license_id, "
    "exporter, destination_countries, grant_date, expiry_date and lines.";

struct GrantOptions {
  std::string file;
  v1::License license;
  std::vector<std::string> consignees;
  std::vector<std::string> to;
  std::vector<std::string> lines;
  std::string reason;
  std::optional<uint64_t> expected_revision;
  WriteOptions write;
};

// Reads "PRODUCT=QUANTITY" or "PRODUCT=QUANTITY@COUNTRY".
absl::StatusOr<v1::LicenseLine> ParseLine(const std::string& text) {
  v1::LicenseLine line;
  std::string product = text;
  const size_t equals = text.rfind('=');
  const size_t at = text.rfind('@');
  if (at != std::string::npos && equals != std::string::npos && at > equals) {
    ASSIGN_OR_RETURN(const std::string country,
                     ParseCountry(absl::string_view(text).substr(at + 1)));
    line.set_destination_country(country);
    product = text.substr(0, at);
  }
  ASSIGN_OR_RETURN(const auto quantity, ParseQuantity(product));
  line.set_product_code(quantity.first);
  line.set_quantity(quantity.second);
  return line;
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
  for (const std::string& text : options.to) {
    ASSIGN_OR_RETURN(const std::string country, ParseCountry(text));
    license.add_destination_countries(country);
  }
  for (const std::string& text : options.lines) {
    ASSIGN_OR_RETURN(v1::LicenseLine line, ParseLine(text));
    line.set_line_number(license.lines_size() + 1);
    *license.add_lines() = std::move(line);
  }
  return license;
}

int Grant(Cli& cli, const GrantOptions& options) {
  const auto license = MakeLicense(options);
  if (!license.ok()) return Fail(cli, license.status());
  v1::GrantLicenseRequest request;
  SetWriteOptions(options.write, request);
  *request.mutable_command()->mutable_license() = *license;
  return Finish(cli, cli.client().GrantLicense(request),
                [](const v1::GrantLicenseResponse& response) {
                  PrintWriteResult(response.result());
                  PrintEvidence(response.evidence());
                });
}

int Amend(Cli& cli, const GrantOptions& options) {
  const auto license = MakeLicense(options);
  if (!license.ok()) return Fail(cli, license.status());
  v1::AmendLicenseRequest request;
  SetWriteOptions(options.write, request);
  *request.mutable_command()->mutable_license() = *license;
  request.mutable_command()->set_reason(options.reason);
  if (options.expected_revision) {
    request.mutable_command()->set_expected_revision(
        *options.expected_revision);
  }
  return Finish(cli, cli.client().AmendLicense(request),
                [](const v1::AmendLicenseResponse& response) {
                  PrintWriteResult(response.result());
                  PrintEvidence(response.evidence());
                });
}

// A change of standing.
struct ChangeOptions {
  std::string license_id;
  std::string date;
  std::string reason;
  std::vector<std::string> lines;
  std::optional<uint64_t> expected_revision;
  WriteOptions write;
};

void AddChangeOptions(CLI::App& app, ChangeOptions& options) {
  app.add_option("LICENSE", options.license_id, "the license")->required();
  app.add_option("--date", options.date, "first date on which it holds")
      ->required();
  app.add_option("--reason", options.reason, "why")->required();
  app.add_option("--expected-revision", options.expected_revision,
                 "the revision you saw; another one fails")
      ->check(CLI::NonNegativeNumber);
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
    const auto line = ParseQuantity(text);
    int32_t number = 0;
    if (!line.ok()) return Fail(cli, line.status());
    if (!absl::SimpleAtoi(line->first, &number)) {
      return Fail(cli, absl::InvalidArgumentError(absl::StrCat(
                           "--line \"", text, "\" is not NUMBER=QUANTITY")));
    }
    auto& part = *request.mutable_command()->add_parts();
    part.set_line_number(number);
    part.set_quantity(line->second);
  }
  return Finish(cli, cli.client().RevokeLicense(request),
                [](const v1::RevokeLicenseResponse& response) {
                  PrintWriteResult(response.result());
                  PrintEvidence(response.evidence());
                });
}

struct GetOptions {
  std::string license_id;
};

void PrintLicense(const v1::LicenseView& view) {
  const v1::License& license = view.license();
  std::cout << "License " << license.license_id() << " of "
            << license.exporter() << ", valid " << license.grant_date()
            << " to " << license.expiry_date() << ", to "
            << absl::StrJoin(license.destination_countries(), ", ")
            << ", consignees: "
            << (license.consignees().empty()
                    ? "any"
                    : absl::StrJoin(license.consignees(), ", "))
            << "\nEntry " << view.index() << ", revision " << view.revision()
            << "\n";
  for (const auto& change : view.status_changes()) {
    std::cout << "From " << change.effective_date() << ": "
              << FormatEnum(change.status(), "LICENSE_STATUS_") << " (entry "
              << change.index() << ")\n";
  }
  Table table({"LINE>", "PRODUCT", "TO", "AUTHORIZED>", "REVOKED>", "SHIPPED>",
               "AVAILABLE>"});
  for (const auto& line : view.drawdown()) {
    table.AddRow({absl::StrCat(line.line_number()), line.product_code(),
                  line.destination_country(), FormatCount(line.authorized()),
                  FormatCount(line.revoked()), FormatCount(line.shipped()),
                  FormatCount(line.available())});
  }
  std::cout << table.ToString();
}

int Get(Cli& cli, const GetOptions& options) {
  v1::GetLicenseRequest request;
  request.set_license_id(options.license_id);
  return Finish(cli, cli.client().GetLicense(request),
                [](const v1::GetLicenseResponse& response) {
                  PrintLicense(response.license());
                });
}

struct ListOptions {
  std::string exporter;
  std::string to;
};

int List(Cli& cli, const ListOptions& options) {
  v1::ListLicensesRequest request;
  request.set_page_size(1000);
  request.set_exporter(options.exporter);
  if (!options.to.empty()) {
    const auto country = ParseCountry(options.to);
    if (!country.ok()) return Fail(cli, country.status());
    request.set_destination_country(*country);
  }
  Table table({"LICENSE", "EXPORTER", "TO", "GRANTED", "EXPIRES", "STANDING",
               "AUTHORIZED>", "SHIPPED>", "AVAILABLE>"});
  const absl::Status status = ForEachPage(
      request,
      [&](const auto& page) { return cli.client().ListLicenses(page); },
      [&](const v1::ListLicensesResponse& page) {
        for (const v1::LicenseView& view : page.licenses()) {
          if (cli.json) {
            PrintJson(view);
            continue;
          }
          int64_t authorized = 0, shipped = 0, available = 0;
          for (const auto& line : view.drawdown()) {
            authorized += line.authorized();
            shipped += line.shipped();
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
               FormatCount(available)});
        }
        return true;
      });
  if (!status.ok()) return Fail(cli, status);
  if (!cli.json) std::cout << table.ToString();
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
  app.add_option("--consignee", options.consignees,
                 "party id that may receive; repeat it (default: any)")
      ->excludes(file);
  app.add_option("--to", options.to, "country of destination; repeat it")
      ->excludes(file);
  app.add_option("--line", options.lines,
                 "PRODUCT=QUANTITY, or PRODUCT=QUANTITY@COUNTRY; repeat it; "
                 "lines are numbered from 1")
      ->excludes(file);
  AddWriteOptions(app, options.write);
}

}  // namespace

void AddLicenseCommands(CLI::App& app, Cli& cli) {
  CLI::App* group =
      app.add_subcommand("license", "grant licenses and change them");
  group->require_subcommand(1);
  AddCommand<GrantOptions>(*group, cli, "grant", "grant a license",
                           AddGrantOptions, Grant);
  AddCommand<GrantOptions>(
      *group, cli, "amend",
      "replace what a license authorizes; say all of it, not the difference",
      [](CLI::App& sub, GrantOptions& options) {
        AddGrantOptions(sub, options);
        sub.add_option("--reason", options.reason, "why")->required();
        sub.add_option("--expected-revision", options.expected_revision,
                       "the revision you saw; another one fails")
            ->check(CLI::NonNegativeNumber);
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
      },
      Revoke);
  AddCommand<GetOptions>(
      *group, cli, "get", "read a license with its drawdown",
      [](CLI::App& sub, GetOptions& options) {
        sub.add_option("LICENSE", options.license_id, "the license")
            ->required();
      },
      Get);
  AddCommand<ListOptions>(
      *group, cli, "list", "list licenses",
      [](CLI::App& sub, ListOptions& options) {
        sub.add_option("--exporter", options.exporter, "only this exporter's");
        sub.add_option("--to", options.to, "only for this destination");
      },
      List);
}

}  // namespace chipledger::cli
