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
            "chipledger: shipment has no command \"recrod\", did "
            "you mean \"record\"?\n  next: chipledger shipment --help\n");
  EXPECT_THAT(ErrorOf({"shipments", "list"}),
              HasSubstr("there is no command \"shipments\", did you mean "
                        "\"shipment\"?"));
  // Of another group.
  EXPECT_THAT(ErrorOf({"license", "replay"}),
              HasSubstr("did you mean \"chipledger audit replay\"?"));
  EXPECT_THAT(ErrorOf({"policy", "zzzzzz"}),
              HasSubstr("has no command \"zzzzzz\"; there are: "));
  EXPECT_THAT(ErrorOf({"headroom", "get", "--rul", "r"}),
              AllOf(HasSubstr("no option \"--rul\", did you mean \"--rule\"?"),
                    HasSubstr("next: chipledger headroom get --help")));
  EXPECT_THAT(ErrorOf({"headroom", "get", "--polciy=p"}),
              HasSubstr("no option \"--polciy\", did you mean \"--policy\"?"));
  EXPECT_THAT(ErrorOf({"shipment", "list", "everything"}),
              HasSubstr("shipment list has no argument \"everything\""));
}

TEST(CliUsageTest, WhatIsMissingIsNamed) {
  EXPECT_THAT(
      ErrorOf({}),
      HasSubstr("chipledger: a command must follow: shipment, license"));
  EXPECT_THAT(ErrorOf({"audit"}),
              HasSubstr("chipledger: a command must follow: read, "));
  EXPECT_THAT(ErrorOf({"headroom", "get", "--rule", "r"}),
              HasSubstr("--policy is required"));
  EXPECT_EQ(ErrorOf({"shipment", "list", "--limit"}),
            "chipledger: --limit needs a value\n"
            "  next: chipledger shipment list --help\n");
}

TEST(CliUsageTest, ANumberThatCannotBeSaysWhatCan) {
  for (const char* limit : {"-5", "0", "1.5", "many"}) {
    for (const auto& command :
         {std::vector<std::string>{"shipment", "list"},
          {"headroom", "entries", "--policy", "p", "--rule", "r"}}) {
      auto arguments = command;
      arguments.insert(arguments.end(), {"--limit", limit});
      EXPECT_THAT(ErrorOf(arguments),
                  HasSubstr(absl::StrCat("--limit: \"", limit,
                                         "\" is not a whole number from 1 "
                                         "on\n")));
    }
  }
  EXPECT_THAT(ErrorOf({"audit", "read", "--from", "-1"}),
              HasSubstr("--from: \"-1\" is not a whole number from 0 on\n"));
  for (const char* seconds : {"0", "-1", "nan", "soon"}) {
    EXPECT_THAT(ErrorOf({"--timeout", seconds, "admin", "status"}),
                HasSubstr(absl::StrCat("--timeout: \"", seconds,
                                       "\" is not a number of seconds above "
                                       "0\n")));
  }
}

TEST(CliUsageTest, AQuantityThatCannotBeSaysWhatTheOptionTakes) {
  EXPECT_THAT(
      ErrorOf({"license", "revoke", "D1", "--date", "2026-01-01", "--reason",
               "r", "--line", "1"}),
      HasSubstr("--line \"1\" is not NUMBER=QUANTITY with a whole number of "
                "units\n"));
  EXPECT_THAT(ErrorOf({"license", "revoke", "D1", "--date", "2026-01-01",
                       "--reason", "r", "--line", "H100=1"}),
              HasSubstr("--line \"H100=1\" is not NUMBER=QUANTITY"));
  EXPECT_THAT(
      ErrorOf({"shipment", "return", "--exporter", "a", "--reference", "S",
               "--date", "2026-01-01", "--reason", "r", "--units", "H100=1"}),
      HasSubstr("--units \"H100=1\" is not ITEM=QUANTITY"));
  EXPECT_THAT(
      ErrorOf({"shipment", "record", "--exporter", "a", "--reference", "S",
               "--to", "MY", "--export-date", "2026-01-01", "--after-the-fact",
               "--product", "H100=1.5"}),
      HasSubstr("--product \"H100=1.5\" is not PRODUCT=QUANTITY with a whole "
                "number of units\n"));
  const std::vector<std::string> grant = {
      "license",       "grant",      "--id",         "D1",
      "--exporter",    "a",          "--grant-date", "2026-01-01",
      "--expiry-date", "2027-01-01", "--to",         "MY",
      "--to",          "SG"};
  auto lines = grant;
  lines.insert(lines.end(), {"--line", "H100=40"});
  EXPECT_THAT(ErrorOf(lines),
              HasSubstr("--line \"H100=40\" does not say for which of the 2 "
                        "destinations it is: \"H100=40@MY\"\n"));
  lines.back() = "H100@MY";
  EXPECT_THAT(ErrorOf(lines), HasSubstr("is not PRODUCT=QUANTITY[@COUNTRY]"));
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

TEST(CliUsageTest, HelpSaysWhatAnOptionTakesAndNotWhatItExcludes) {
  const Result result = RunCli({"license", "grant", "--help"});
  EXPECT_THAT(result.output,
              AllOf(HasSubstr("  --exporter TEXT             party id"),
                    HasSubstr("  --line TEXT ...  "),
                    Not(HasSubstr("Excludes")), Not(HasSubstr("Needs"))));
  EXPECT_THAT(RunCli({"headroom", "get", "--help"}).output,
              HasSubstr("--rule TEXT REQUIRED"));
  EXPECT_THAT(RunCli({"--help"}).output,
              HasSubstr("[127.0.0.1:7401] (env: CHIPLEDGER_SERVER)"));
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
  EXPECT_EQ(BashCompletes("chipledger license import --format ''"),
            "csv jsonl\n");
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

// Runs `product classify` with the shipped lines.
Result Classify(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(),
                   {"product", "classify", "--classes",
                    CHIPLEDGER_SOURCE_DIR "/ledger/policies/catalog/"
                                          "classes-3a090.textproto"});
  return RunCli(arguments);
}

TEST(CliUsageTest, ClassifiesFiguresWithTheArithmetic) {
  const Result h20 =
      Classify({"--rate", "296x8", "--rate", "148x16", "--die-area", "814"});
  EXPECT_EQ(h20.code, 0) << h20.error;
  EXPECT_EQ(
      h20.output,
      "296 TOPS x 8 bits = 2,368\n"
      "148 TOPS x 16 bits = 2,368\n"
      "TPP: 2,368, the highest\n"
      "Performance density: 2,368 TPP / 814 mm2 = 2.909, rounded down\n"
      "LINE       MET  BECAUSE\n"
      "Note 2     no   not for data centers: no; TPP 2,368 < 4,800: yes\n"
      "3A090.a.1  no   TPP 2,368 >= 4,800: no\n"
      "3A090.a.2  no   TPP 2,368 >= 1,600: yes; density 2.909 >= 5.92: no\n"
      "3A090.b.1  no   TPP 2,368 >= 2,400: no; TPP 2,368 < 4,800: yes; "
      "density 2.909 >= 1.6: yes; density 2.909 < 5.92: yes\n"
      "3A090.b.2  no   TPP 2,368 >= 1,600: yes; density 2.909 >= 3.2: no; "
      "density 2.909 < 5.92: yes\n"
      "Class: none (meets no line)\n");
  EXPECT_THAT(Classify({"--sparse-rate", "3352x4"}).output,
              AllOf(HasSubstr("3,352 TOPS x 4 bits, sparse / 2 = 6,704\n"),
                    HasSubstr("Class: 3A090.a (meets 3A090.a.1)\n")));
  EXPECT_THAT(Classify({"--tpp", "4706.8", "--not-for-data-centers"}).output,
              HasSubstr("Class: none (freed by Note 2)\n"));
  EXPECT_THAT(Classify({"--tpp", "60000", "--assembly"}).output,
              HasSubstr("Class: 4A090.a ("));
  EXPECT_THAT(
      Classify({"--tpp", "2000"}).output,
      HasSubstr("Class: cannot be told (may be 3A090.a or 3A090.b or none; not "
                "known: die area)\n"));
}

TEST(CliUsageTest, ClassifiesTheProductsOfACatalog) {
  const std::string catalog =
      CHIPLEDGER_SOURCE_DIR "/ledger/policies/catalog/products.textproto";
  const Result all = Classify({"--catalog", catalog});
  EXPECT_EQ(all.code, 0) << all.error;
  EXPECT_THAT(all.output,
              AllOf(HasSubstr("\nL4 "), HasSubstr("freed by Note 2"),
                    HasSubstr("\nMI308X ")));
  const Result one = Classify({"MI308X", "--catalog", catalog});
  EXPECT_EQ(one.code, 0) << one.error;
  EXPECT_THAT(
      one.output,
      AllOf(HasSubstr("TPP: unknown\n"),
            HasSubstr("not known: TPP and die area)\n"),
            HasSubstr("Note: The variant for China. Sources conflict")));
  EXPECT_THAT(
      Classify({"L5", "--catalog", catalog}).error,
      AllOf(HasSubstr("has no product \"L5\""), HasSubstr("did you mean \"L")));
}

TEST(CliUsageTest, ClassifyRefusesWhatSaysNothingOrTwoThings) {
  const auto error = [](const std::vector<std::string>& arguments) {
    const Result result = Classify(arguments);
    EXPECT_EQ(result.code, 2) << result.output;
    EXPECT_EQ(result.output, "");
    return result.error;
  };
  EXPECT_THAT(ErrorOf({"product", "classify", "--rate", "1979x8"}),
              HasSubstr("--classes is required"));
  EXPECT_THAT(error({}), HasSubstr("give --rate, --sparse-rate or --tpp"));
  EXPECT_THAT(error({"--die-area", "814"}), HasSubstr("give --rate"));
  EXPECT_THAT(error({"--rate", "1979"}),
              HasSubstr("--rate: \"1979\" is not TOPSxBITS"));
  EXPECT_THAT(error({"--tpp", "many"}), HasSubstr("--tpp \"many\""));
  EXPECT_THAT(error({"--tpp", "1", "--die-area", "0"}),
              HasSubstr("--die-area \"0\""));
  EXPECT_THAT(error({"--tpp", "1", "--rate", "1x8"}), HasSubstr("excludes"));
  EXPECT_THAT(error({"L4"}), HasSubstr("--catalog FILE"));
  EXPECT_THAT(error({"--catalog", "x.textproto", "--tpp", "1"}),
              HasSubstr("either it or figures"));
}

}  // namespace
}  // namespace chipledger::testing
