#include "client/cli/usage.h"

#include <algorithm>
#include <iostream>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/terminal.h"
#include "ledger/base/near.h"

namespace chipledger::cli {
namespace {

// The command that the arguments name, as far as they name one.
const CLI::App& NamedCommand(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  return parsed.empty() ? app : NamedCommand(*parsed.back());
}

// The first argument that nothing takes.
std::optional<std::string> FirstUnknown(const CLI::App& app) {
  for (const std::string& argument : app.remaining(true)) {
    if (argument != "--") return argument;
  }
  return std::nullopt;
}

// Paths of the commands below that are called like this.
std::vector<std::string> PathsTo(const CLI::App& app, const std::string& name) {
  std::vector<std::string> paths;
  for (const CLI::App* command : CommandsOf(app)) {
    if (command->get_name() == name) paths.push_back(CommandPath(*command));
    const auto deeper = PathsTo(*command, name);
    paths.insert(paths.end(), deeper.begin(), deeper.end());
  }
  return paths;
}

std::vector<std::string> NamesOf(const std::vector<const CLI::App*>& commands) {
  std::vector<std::string> names;
  for (const CLI::App* command : commands) {
    names.push_back(command->get_name());
  }
  return names;
}

std::string CommandList(const CLI::App& command) {
  return absl::StrJoin(NamesOf(CommandsOf(command)), ", ");
}

// Subject and verb for what a command has; the program's name is said already.
std::string Has(const CLI::App& command, absl::string_view what) {
  const std::string path = CommandPath(command);
  const size_t blank = path.find(' ');
  return blank == std::string::npos
             ? absl::StrCat("there is no ", what)
             : absl::StrCat(path.substr(blank + 1), " has no ", what);
}

std::string UnknownCommand(const CLI::App& app, const CLI::App& command,
                           const std::string& word) {
  const std::string start =
      absl::StrCat(Has(command, "command"), " \"", word, "\"");
  const std::string near = DidYouMean(word, NamesOf(CommandsOf(command)));
  if (!near.empty()) return start + near;
  const auto elsewhere = PathsTo(app, word);
  if (!elsewhere.empty()) {
    return absl::StrCat(start, ", did you mean \"",
                        absl::StrJoin(elsewhere, "\" or \""), "\"?");
  }
  return absl::StrCat(start, "; there are: ", CommandList(command));
}

std::string UnknownOption(const CLI::App& command, const std::string& word) {
  const std::string name = word.substr(0, word.find('='));
  std::vector<std::string> names;
  for (const CLI::Option* option : OptionsOf(command)) {
    for (const std::string& long_name : option->get_lnames()) {
      names.push_back("--" + long_name);
    }
  }
  return absl::StrCat(Has(command, "option"), " \"", name, "\"",
                      DidYouMean(name, names));
}

std::string WhatIsWrong(const CLI::App& app, const CLI::App& command,
                        const CLI::ParseError& error) {
  // An argument that nothing takes is the cause, and what is then missing is
  // the consequence.
  if (const auto unknown = FirstUnknown(app)) {
    if (absl::StartsWith(*unknown, "-")) {
      return UnknownOption(command, *unknown);
    }
    if (!CommandsOf(command).empty()) {
      return UnknownCommand(app, command, *unknown);
    }
    return absl::StrCat(Has(command, "argument"), " \"", *unknown,
                        "\"; text with blanks is put in quotes");
  }
  if (!CommandsOf(command).empty() && command.get_subcommands().empty() &&
      dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    return absl::StrCat("a command must follow: ", CommandList(command));
  }
  const std::string what = error.what();
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr &&
      absl::StrContains(what, " missing")) {
    return absl::StrCat(what.substr(0, what.find(':')), " needs a value");
  }
  return what;
}

}  // namespace

std::string CommandPath(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent == nullptr
             ? command.get_name()
             : absl::StrCat(CommandPath(*parent), " ", command.get_name());
}

std::vector<const CLI::App*> CommandsOf(const CLI::App& command) {
  // A group of options is a subcommand without a name.
  return command.get_subcommands(
      [](const CLI::App* sub) { return !sub->get_name().empty(); });
}

std::vector<const CLI::Option*> OptionsOf(const CLI::App& command) {
  std::vector<const CLI::Option*> options;
  const auto add = [&](const CLI::App& app) {
    for (const CLI::Option* option : app.get_options()) {
      if (option->nonpositional()) options.push_back(option);
    }
  };
  for (const CLI::App* app = &command; app != nullptr;
       app = app->get_parent()) {
    add(*app);
    for (const CLI::App* group : app->get_subcommands(
             [](const CLI::App* sub) { return sub->get_name().empty(); })) {
      add(*group);
    }
  }
  return options;
}

int FailUsage(Cli& cli, const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = NamedCommand(app);
  const int code =
      Fail(cli, absl::InvalidArgumentError(WhatIsWrong(app, command, error)));
  if (!cli.json) {
    std::cerr << "  next: " << CommandPath(command) << " --help\n";
  }
  return code;
}

}  // namespace chipledger::cli
