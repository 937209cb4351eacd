// Goal: a command line that is not right says what was meant, help fits the
// terminal, and shells complete what there is. No server is needed.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/subprocess.h"

namespace chipledger::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

struct Result {
  int code = -1;
  std::string output;
  std::string error;
};

Result RunProgram(const std::vector<std::string>& arguments) {
  Subprocess program(arguments);
  const auto code = program.Wait(absl::Seconds(30));
  EXPECT_TRUE(code) << "still running";
  return {code.value_or(-1), program.standard_output(),
          program.standard_error()};
}

Result RunCli(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), CHIPLEDGER_PATH);
  return RunProgram(arguments);
}

// The error of what must be wrong usage.
std::string ErrorOf(const std::vector<std::string>& arguments) {
  const Result result = RunCli(arguments);
  EXPECT_EQ(result.code, 2) << result.error << result.output;
  EXPECT_EQ(result.output, "");
  return result.error;
}

TEST(CliUsageTest, AMistypedWordIsAnsweredWithWhatWasMeant) {
  EXPECT_EQ(ErrorOf({"shipment", "recrod"}),
            "chipledger: chipledger shipment has no command \"recrod\", did "
            "you mean \"record\"?\n  next: chipledger shipment --help\n");
  EXPECT_THAT(ErrorOf({"shipments", "list"}),
              HasSubstr("no command \"shipments\", did you mean "
                        "\"shipment\"?"));
  // Of another group.
  EXPECT_THAT(ErrorOf({"license", "replay"}),
              HasSubstr("did you mean \"chipledger audit replay\"?"));
  EXPECT_THAT(ErrorOf({"policy", "zzzzzz"}),
              HasSubstr("has no command \"zzzzzz\"; it has: "));
  EXPECT_THAT(ErrorOf({"headroom", "get", "--rul", "r"}),
              AllOf(HasSubstr("no option \"--rul\", did you mean \"--rule\"?"),
                    HasSubstr("next: chipledger headroom get --help")));
  EXPECT_THAT(ErrorOf({"headroom", "get", "--polciy=p"}),
              HasSubstr("no option \"--polciy\", did you mean \"--policy\"?"));
  EXPECT_THAT(ErrorOf({"shipment", "list", "everything"}),
              HasSubstr("does not take the argument \"everything\""));
}

TEST(CliUsageTest, WhatIsMissingIsNamed) {
  EXPECT_THAT(ErrorOf({}),
              HasSubstr("chipledger needs a command: shipment, license"));
  EXPECT_THAT(ErrorOf({"audit"}),
              HasSubstr("chipledger audit needs a command: "));
  EXPECT_THAT(ErrorOf({"headroom", "get", "--rule", "r"}),
              HasSubstr("--policy is required"));
}

TEST(CliUsageTest, ItSaysItsVersion) {
  const Result result = RunCli({"--version"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.output, "chipledger " CHIPLEDGER_VERSION "\n");
}

TEST(CliUsageTest, HelpIsAsWideAsTheTerminal) {
  for (const size_t width : {50, 100, 160}) {
    setenv("COLUMNS", absl::StrCat(width).c_str(), 1);
    const Result result = RunCli({"headroom", "get", "--help"});
    unsetenv("COLUMNS");
    EXPECT_EQ(result.code, 0);
    // The footer is laid out for the usual width.
    const std::string options =
        result.output.substr(0, result.output.find("Exit codes:"));
    size_t widest = 0;
    for (const absl::string_view line : absl::StrSplit(options, '\n')) {
      widest = std::max(widest, line.size());
    }
    EXPECT_LE(widest, width) << options;
    // The longest description is broken where it must be.
    EXPECT_GT(widest, std::min<size_t>(width, 90) - 15) << options;
    EXPECT_THAT(options, HasSubstr("--at-record-time"));
  }
}

// What bash offers for the last of these words.
std::string BashCompletes(const std::string& words) {
  const Result result =
      RunProgram({"/bin/bash", "-c",
                  absl::StrCat("source <(", CHIPLEDGER_PATH,
                               " completion bash) && COMP_WORDS=(", words,
                               ") && COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) && "
                               "_chipledger; echo \"${COMPREPLY[*]}\"")});
  EXPECT_EQ(result.error, "");
  return result.output;
}

TEST(CliUsageTest, BashCompletesCommandsOptionsAndTheirValues) {
  EXPECT_EQ(BashCompletes("chipledger sh"), "shipment\n");
  EXPECT_EQ(BashCompletes("chipledger --server h:1 --json audit rep"),
            "replay\n");
  EXPECT_EQ(BashCompletes("chipledger policy group ''"),
            "change list holidays\n");
  EXPECT_EQ(BashCompletes("chipledger headroom get --rul"), "--rule\n");
  // Options that stand before the commands may stand behind them too.
  EXPECT_EQ(BashCompletes("chipledger headroom get --serv"), "--server\n");
  EXPECT_THAT(BashCompletes("chipledger shipment import --format ''"),
              StartsWith("csv jsonl"));
  EXPECT_EQ(BashCompletes("chipledger completion z"), "zsh\n");
  // A value that is free, or a file, is not ours to offer.
  EXPECT_EQ(BashCompletes("chipledger headroom get --rule ''"), "\n");
}

TEST(CliUsageTest, ZshCompletesTheSame) {
  const std::string zsh = "/usr/bin/zsh";
  if (!std::filesystem::exists(zsh)) GTEST_SKIP() << "zsh is not installed";
  const auto completes = [&](const std::string& words) {
    const Result result =
        RunProgram({zsh, "-f", "-c",
                    absl::StrCat(
                        // What the completion system does with an answer.
                        "compdef() { } ; _files() { print FILES } ; "
                        "_describe() { print -l -- ${(P)2} } ; source <(",
                        CHIPLEDGER_PATH, " completion zsh) ; words=(", words,
                        ") ; CURRENT=${#words} ; _chipledger")});
    EXPECT_EQ(result.error, "");
    return result.output;
  };
  EXPECT_THAT(completes("chipledger ''"),
              AllOf(HasSubstr("shipment:"), HasSubstr("completion:")));
  EXPECT_THAT(completes("chipledger --server h:1 audit ''"),
              AllOf(HasSubstr("replay:"), Not(HasSubstr("shipment:"))));
  EXPECT_THAT(completes("chipledger headroom get --"),
              AllOf(HasSubstr("--rule:the rule"), HasSubstr("--server:")));
  EXPECT_THAT(completes("chipledger shipment import --format ''"),
              StartsWith("csv\njsonl\n"));
  EXPECT_EQ(completes("chipledger shipment import ''"), "FILES\n");
}

}  // namespace
}  // namespace chipledger::testing
