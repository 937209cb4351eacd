// chipledger party: companies and other bodies.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/cli/cli.h"
#include "client/cli/print.h"
#include "client/cli/table.h"
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
  WriteOptions write;
};

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
  AddWriteOptions(app, options.write);
}

struct ListOptions {
  v1::ReadPoint read_point;
};

std::string WithDate(const std::string& text, const std::string& date) {
  return date.empty() ? text : absl::StrCat(text, " from ", date);
}

int List(Cli& cli, const ListOptions& options) {
  v1::ListPartiesRequest request;
  *request.mutable_read_point() = options.read_point;
  request.set_page_size(1000);
  Table table({"PARTY", "NAME", "HEADQUARTERS", "ULTIMATE PARENT", "SOURCE"});
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
               party.source()});
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
}

}  // namespace chipledger::cli
