// chipledger completion: scripts by which shells complete our command lines.
#include <iostream>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "client/cli/cli.h"
#include "client/cli/usage.h"

namespace chipledger::cli {
namespace {

// Both scripts find the command that the words before the cursor name, passing
// over the values of options, and complete its commands, options, or the value
// of the option before. $cases
// and $choices are put in.
constexpr char kBash[] = R"(# Completion of chipledger for bash. To load it now:
#   source <(chipledger completion bash)
# For every session: chipledger completion bash >
#   ~/.local/share/bash-completion/completions/chipledger
_chipledger_command() {
  case "$1" in
$cases  esac
}

_chipledger() {
  local command=chipledger commands options values choices
  local current=${COMP_WORDS[COMP_CWORD]} option= word i
  _chipledger_command "$command"
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    # Bash makes "=" a word of its own.
    [[ $word == = ]] && continue
    if [[ -n $option ]]; then
      option=
    elif [[ $word == -* ]]; then
      [[ " $values " == *" $word "* ]] && option=$word
    elif [[ " $commands " == *" $word "* ]]; then
      command="$command $word"
      _chipledger_command "$command"
    fi
  done
  [[ $current == = ]] && current=
  COMPREPLY=()
  if [[ -n $option || $current != -* && -z $commands ]]; then
    choices=
    _chipledger_choices "$command" "$option"
    # Without an answer of ours, bash completes the names of files.
    COMPREPLY=($(compgen -W "$choices" -- "$current"))
  elif [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  else
    COMPREPLY=($(compgen -W "$commands" -- "$current"))
  fi
}

_chipledger_choices() {
  case "$1:$2" in
$choices  esac
}

complete -o default -F _chipledger chipledger
)";

constexpr char kZsh[] = R"(#compdef chipledger
# Completion of chipledger for zsh. To load it now:
#   source <(chipledger completion zsh)
# For every session: chipledger completion zsh > DIR/_chipledger, where DIR is
# in $fpath.
_chipledger_command() {
  case "$1" in
$cases  esac
}

_chipledger() {
  local command=chipledger current=${words[CURRENT]} option= values= word
  local -a commands options choices
  local -i i
  _chipledger_command "$command"
  for ((i = 2; i < CURRENT; i++)); do
    word=${words[i]}
    if [[ -n $option ]]; then
      option=
    elif [[ $word == -* ]]; then
      [[ " $values " == *" $word "* ]] && option=$word
    elif [[ -n ${(M)commands:#$word:*} ]]; then
      command="$command $word"
      _chipledger_command "$command"
    fi
  done
  if [[ -n $option || ( $current != -* && ${#commands} == 0 ) ]]; then
    _chipledger_choices "$command" "$option"
    if (( ${#choices} )); then
      _describe value choices
    else
      _files
    fi
  elif [[ $current == -* ]]; then
    _describe option options
  else
    _describe command commands
  fi
}

_chipledger_choices() {
  choices=()
  case "$1:$2" in
$choices  esac
}

if [[ $funcstack[1] == _chipledger ]]; then
  _chipledger "$@"
else
  compdef _chipledger chipledger
fi
)";

bool TakesAValue(const CLI::Option& option) {
  return option.get_items_expected_max() > 0;
}

std::string LongName(const CLI::Option& option) {
  return option.get_lnames().empty() ? "" : "--" + option.get_lnames().front();
}

// What CLI::IsMember allows; it says so only in the type's description, as
// "TEXT:{bash,zsh}".
std::vector<std::string> ChoicesOf(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t open = type.find('{');
  const size_t close = type.rfind('}');
  if (open == std::string::npos || close == std::string::npos) return {};
  return absl::StrSplit(type.substr(open + 1, close - open - 1), ',');
}

std::string SingleQuoted(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

// "'name:description'", as zsh's _describe wants it.
std::string Described(const std::string& name, const std::string& description) {
  return SingleQuoted(absl::StrCat(
      name, ":", absl::StrReplaceAll(description, {{":", "\\:"}})));
}

// Makes the cases of one shell's script.
class Script {
 public:
  explicit Script(bool is_zsh) : is_zsh_(is_zsh) {}

  void Add(const CLI::App& command) {
    std::vector<std::string> commands;
    for (const CLI::App* sub : CommandsOf(command)) {
      commands.push_back(
          is_zsh_ ? Described(sub->get_name(), sub->get_description())
                  : sub->get_name());
    }
    const std::string path = CommandPath(command);
    std::vector<std::string> options;
    std::vector<std::string> values;
    std::set<std::string> seen;
    for (const CLI::Option* option : OptionsOf(command)) {
      const std::string name = LongName(*option);
      if (name.empty() || !seen.insert(name).second) continue;
      options.push_back(is_zsh_ ? Described(name, option->get_description())
                                : name);
      if (!TakesAValue(*option)) continue;
      values.push_back(name);
      AddChoices(path, name, *option);
    }
    for (const CLI::Option* option : command.get_options()) {
      if (option->get_positional()) AddChoices(path, "", *option);
    }
    absl::StrAppend(&cases_, "    '", path,
                    "')\n      commands=", List(commands),
                    "\n      options=", List(options), "\n      values='",
                    absl::StrJoin(values, " "), "'\n      ;;\n");
    for (const CLI::App* sub : CommandsOf(command)) Add(*sub);
  }

  std::string ToString() const {
    return absl::StrReplaceAll(
        is_zsh_ ? kZsh : kBash,
        {{"$cases", cases_}, {"$choices  esac", choices_ + "  esac"}});
  }

 private:
  std::string List(const std::vector<std::string>& words) const {
    return is_zsh_ ? absl::StrCat("(", absl::StrJoin(words, " "), ")")
                   : absl::StrCat("'", absl::StrJoin(words, " "), "'");
  }

  void AddChoices(const std::string& path, const std::string& name,
                  const CLI::Option& option) {
    const std::vector<std::string> choices = ChoicesOf(option);
    if (choices.empty()) return;
    absl::StrAppend(&choices_, "    '", path, ":", name,
                    "') choices=", List(choices), " ;;\n");
  }

  const bool is_zsh_;
  std::string cases_;
  std::string choices_;
};

struct Options {
  std::string shell;
};

}  // namespace

void AddCompletionCommand(CLI::App& app, Cli& cli) {
  AddCommand<Options>(
      app, cli, "completion",
      "print a script by which a shell completes command lines",
      [](CLI::App& sub, Options& options) {
        sub.add_option("SHELL", options.shell,
                       "the shell; the script says how to load it")
            ->required()
            ->check(CLI::IsMember({"bash", "zsh"}));
      },
      [&app](Cli&, const Options& options) {
        Script script(options.shell == "zsh");
        script.Add(app);
        std::cout << script.ToString();
        return static_cast<int>(kDone);
      });
}

}  // namespace chipledger::cli
