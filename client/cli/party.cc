// chipledger party: companies and other bodies.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/cli.h"
#include "client/cli/print.h"
#include "client/cli/table.h"

namespace chipledger::cli {
namespace {

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

struct ListOptions {};

std::string WithDate(const std::string& text, const std::string& date) {
  return date.empty() ? text : absl::StrCat(text, " from ", date);
}

int List(Cli& cli, const ListOptions&) {
  v1::ListPartiesRequest request;
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
  if (!cli.json) std::cout << table.ToString();
  return kDone;
}

void AddRegisterOptions(CLI::App& app, RegisterOptions& options) {
  const auto text = [&](const std::string& name, const std::string& description,
                        std::function<void(const std::string&)> set) {
    return app.add_option_function<std::string>(name, std::move(set),
                                                description);
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
      *group, cli, "list", "list parties", [](CLI::App&, ListOptions&) {},
      List);
}

}  // namespace chipledger::cli
