// chipledger party: companies and other bodies.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/cli/cli.h"
#include "client/cli/print.h"
#include "client/cli/table.h"
#include "client/cli/terminal.h"
#include "ledger/base/decimal.h"
#include "ledger/base/status_macros.h"

namespace chipledger::cli {
namespace {

constexpr int kMilliTppScale = 3;

struct RegisterOptions {
  v1::Party party;
  std::vector<std::string> headquarters;
  std::vector<std::string> parents;
  WriteOptions write;
};

int Register(Cli& cli, const RegisterOptions& options) {
  v1::RegisterPartyRequest request;
  SetWriteOptions(options.write, request);
  v1::Party& party = *request.mutable_command()->mutable_party();
  party = options.party;
  for (const std::string& text : options.headquarters) {
    const auto [name, date] = SplitDate(text);
    const auto country = ParseCountry(name);
    if (!country.ok()) return Fail(cli, country.status());
    v1::Headquarters& headquarters = *party.add_headquarters();
    headquarters.set_country(*country);
    headquarters.set_effective_from(date);
  }
  for (const std::string& text : options.parents) {
    const auto [id, date] = SplitDate(text);
    v1::UltimateParent& parent = *party.add_ultimate_parents();
    parent.set_party_id(id);
    parent.set_effective_from(date);
  }
  return Finish(cli, cli.client().RegisterParty(request),
                [](const v1::RegisterPartyResponse& response) {
                  PrintWriteResult(response.result());
                });
}

// What a party says is installed.
struct DeclareOptions {
  v1::DeclareCompute command;
  std::vector<std::string> lines;
  std::vector<std::string> units;
  WriteOptions write;
};

// Reads "COUNTRY=UNITS:PRODUCT".
absl::StatusOr<v1::DeclareCompute::Line> ParseDeclaredUnits(
    const std::string& text) {
  const size_t equals = text.find('=');
  const size_t colon = text.find(':', equals == std::string::npos ? 0 : equals);
  const auto units = equals == std::string::npos || colon == std::string::npos
                         ? std::nullopt
                         : ParseDecimal(absl::string_view(text).substr(
                                            equals + 1, colon - equals - 1),
                                        0);
  if (!units) {
    return absl::InvalidArgumentError(
        absl::StrCat("--units \"", text, "\" is not COUNTRY=UNITS:PRODUCT"));
  }
  v1::DeclareCompute::Line line;
  ASSIGN_OR_RETURN(const std::string country,
                   ParseCountry(absl::string_view(text).substr(0, equals)));
  line.set_country(country);
  line.set_units(*units);
  line.set_product_code(text.substr(colon + 1));
  return line;
}

// Reads "COUNTRY=GPUS", "COUNTRY=GPUS:TPP" or "COUNTRY=GPUS:TPP:CLASS".
absl::StatusOr<v1::DeclareCompute::Line> ParseDeclaredLine(
    const std::string& text) {
  const auto wrong = [&] {
    return absl::InvalidArgumentError(
        absl::StrCat("--line \"", text,
                     "\" is not COUNTRY=GPUS, COUNTRY=GPUS:TPP or "
                     "COUNTRY=GPUS:TPP:CLASSIFICATION"));
  };
  const size_t equals = text.find('=');
  if (equals == std::string::npos) return wrong();
  const std::vector<std::string> parts =
      absl::StrSplit(text.substr(equals + 1), absl::MaxSplits(':', 2));
  v1::DeclareCompute::Line line;
  ASSIGN_OR_RETURN(const std::string country,
                   ParseCountry(absl::string_view(text).substr(0, equals)));
  line.set_country(country);
  const auto gpus = ParseDecimal(parts[0], 0);
  const auto milli_tpp =
      parts.size() > 1 ? ParseDecimal(parts[1], kMilliTppScale) : 0;
  if (!gpus || !milli_tpp) return wrong();
  line.set_gpus(*gpus);
  line.set_milli_tpp(*milli_tpp);
  if (parts.size() > 2) line.set_classification(parts[2]);
  return line;
}

int Declare(Cli& cli, const DeclareOptions& options) {
  v1::DeclareComputeRequest request;
  SetWriteOptions(options.write, request);
  *request.mutable_command() = options.command;
  for (const std::string& text : options.lines) {
    auto line = ParseDeclaredLine(text);
    if (!line.ok()) return Fail(cli, line.status());
    *request.mutable_command()->add_lines() = *std::move(line);
  }
  for (const std::string& text : options.units) {
    auto line = ParseDeclaredUnits(text);
    if (!line.ok()) return Fail(cli, line.status());
    *request.mutable_command()->add_lines() = *std::move(line);
  }
  return Finish(cli, cli.client().DeclareCompute(request),
                [](const v1::DeclareComputeResponse& response) {
                  PrintWriteResult(response.result());
                  PrintEvent(response.event(), response.judgement());
                });
}

void AddDeclareOptions(CLI::App& app, DeclareOptions& options) {
  v1::DeclareCompute& command = options.command;
  AddText(app, "PARTY", "who declares", [&](const std::string& text) {
    command.set_party(text);
  })->required();
  AddText(app, "--date", "the date it was so", [&](const std::string& text) {
    command.set_effective_date(text);
  })->required();
  AddText(app, "--source", "where this comes from",
          [&](const std::string& text) { command.set_source(text); })
      ->required();
  app.add_option("--line", options.lines,
                 "COUNTRY=GPUS, COUNTRY=GPUS:TPP of all of them, or "
                 "COUNTRY=GPUS:TPP:CLASSIFICATION; repeat it (default: nothing "
                 "is installed any more)");
  app.add_option("--units", options.units,
                 "COUNTRY=UNITS:PRODUCT, a registered product; repeat it");
  AddWriteOptions(app, options.write);
}

struct DeclarationsOptions {
  v1::ListDeclarationsRequest request;
  std::string country;
};

int Declarations(Cli& cli, const DeclarationsOptions& options) {
  v1::ListDeclarationsRequest request = options.request;
  request.set_page_size(1000);
  if (!options.country.empty()) {
    const auto country = ParseCountry(options.country);
    if (!country.ok()) return Fail(cli, country.status());
    request.set_country(*country);
  }
  Table table({"PARTY", "DATE", "COUNTRY", "AMOUNT>", "OF", "TPP>", "ENTRY>",
               "SOURCE"});
  const absl::Status status = ForEachPage(
      request,
      [&](const auto& page) { return cli.client().ListDeclarations(page); },
      [&](const v1::ListDeclarationsResponse& page) {
        for (const auto& listed : page.declarations()) {
          if (cli.json) {
            PrintJson(listed);
            continue;
          }
          const v1::DeclareCompute& stated = listed.declaration();
          for (const v1::DeclareCompute::Line& line : stated.lines()) {
            const bool of_product = !line.product_code().empty();
            table.AddRow(
                {stated.party(), stated.effective_date(), line.country(),
                 FormatCount(of_product ? line.units() : line.gpus()),
                 of_product
                     ? line.product_code()
                     : absl::StrCat("GPUs",
                                    line.classification().empty() ? "" : " of ",
                                    line.classification()),
                 of_product ? "by the catalog"
                            : FormatAmount(v1::MEASURE_TPP, line.milli_tpp()),
                 absl::StrCat(listed.index()), OneLine(stated.source())});
          }
          if (stated.lines().empty()) {
            table.AddRow({stated.party(), stated.effective_date(), "-",
                          "nothing", "", "", absl::StrCat(listed.index()),
                          OneLine(stated.source())});
          }
        }
        return true;
      });
  if (!status.ok()) return Fail(cli, status);
  if (!cli.json) {
    PrintList(table, "declaration",
              !request.party().empty() || !options.country.empty(),
              "chipledger party declare --help");
  }
  return kDone;
}

struct ListOptions {
  v1::ReadPoint read_point;
};

std::string WithDate(const std::string& text, const std::string& date) {
  return date.empty() ? text : absl::StrCat(text, " from ", date);
}

// The conditions that a party of a page has met: "kyc (2025-03-01)".
std::string MetBy(const std::string& party,
                  const v1::ListPartiesResponse& page) {
  std::vector<std::string> met;
  for (const auto& of_party : page.conditions()) {
    if (of_party.party() != party) continue;
    for (const v1::Condition& condition : of_party.conditions()) {
      met.push_back(
          absl::StrCat(condition.kind(), " (", condition.satisfied_date(),
                       condition.valid_through().empty() ? "" : " to ",
                       condition.valid_through(), ")"));
    }
  }
  return absl::StrJoin(met, ", ");
}

int List(Cli& cli, const ListOptions& options) {
  v1::ListPartiesRequest request;
  *request.mutable_read_point() = options.read_point;
  request.set_page_size(1000);
  Table table({"PARTY", "NAME", "HEADQUARTERS", "ULTIMATE PARENT", "HAS MET",
               "SOURCE"});
  const absl::Status status = ForEachPage(
      request, [&](const auto& page) { return cli.client().ListParties(page); },
      [&](const v1::ListPartiesResponse& page) {
        for (const v1::Party& party : page.parties()) {
          if (cli.json) {
            PrintJson(party);
            continue;
          }
          std::vector<std::string> headquarters;
          for (const auto& place : party.headquarters()) {
            headquarters.push_back(
                WithDate(place.country(), place.effective_from()));
          }
          std::vector<std::string> parents;
          for (const auto& parent : party.ultimate_parents()) {
            parents.push_back(
                WithDate(parent.party_id(), parent.effective_from()));
          }
          table.AddRow(
              {party.party_id(), party.name(),
               absl::StrJoin(headquarters, ", "),
               parents.empty() ? "itself" : absl::StrJoin(parents, ", "),
               MetBy(party.party_id(), page), party.source()});
        }
        return true;
      });
  if (!status.ok()) return Fail(cli, status);
  if (!cli.json) {
    PrintList(table, "party", false,
              "chipledger party register --id ID --name NAME");
  }
  return kDone;
}

void AddRegisterOptions(CLI::App& app, RegisterOptions& options) {
  const auto text = [&](const std::string& name, const std::string& description,
                        std::function<void(const std::string&)> set) {
    return AddText(app, name, description, std::move(set));
  };
  v1::Party& party = options.party;
  text("--id", "lower-case letters, digits, '.', '_' and '-'",
       [&](const std::string& value) { party.set_party_id(value); })
      ->required();
  text("--name", "name for people", [&](const std::string& value) {
    party.set_name(value);
  })->required();
  app.add_option("--headquarters", options.headquarters,
                 "COUNTRY or COUNTRY@DATE from which on; repeat it, ascending");
  app.add_option("--ultimate-parent", options.parents,
                 "PARTY or PARTY@DATE from which on; repeat it, ascending "
                 "(default: itself)");
  text("--source", "where this comes from",
       [&](const std::string& value) { party.set_source(value); });
  AddWriteOptions(app, options.write);
}

}  // namespace

void AddPartyCommands(CLI::App& app, Cli& cli) {
  CLI::App* group =
      app.add_subcommand("party", "exporters, consignees and their parents");
  group->require_subcommand(1);
  AddCommand<RegisterOptions>(
      *group, cli, "register",
      "register a party, or a new revision for facts recorded from now on",
      AddRegisterOptions, Register);
  AddCommand<ListOptions>(
      *group, cli, "list", "list parties",
      [](CLI::App& sub, ListOptions& options) {
        AddReadOptions(sub, options.read_point);
      },
      List);
  AddCommand<DeclareOptions>(
      *group, cli, "declare",
      "record what a party reports as installed beyond the shipments here; it "
      "replaces the declaration before",
      AddDeclareOptions, Declare);
  AddStockImportCommands(*group, cli);
  AddCommand<DeclarationsOptions>(
      *group, cli, "declarations", "list what parties declare as installed",
      [](CLI::App& sub, DeclarationsOptions& options) {
        AddText(
            sub, "--party", "only this party's",
            [&](const std::string& text) { options.request.set_party(text); });
        sub.add_option("--country", options.country, "only of this country");
        AddReadOptions(sub, *options.request.mutable_read_point());
      },
      Declarations);
  AddPartyConditionCommand(*group, cli);
}

}  // namespace chipledger::cli
