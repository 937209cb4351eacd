// Goal: what is wrong or hardly meant in a policy file is named with its place,
// and parameters change what they say and nothing else. Method: a file that is
// right, changed in one place at a time.
#include "ledger/scenario/policy_file.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ledger/scenario/policy_check.h"
#include "ledger/scenario/runner.h"
#include "tests/support/temp_dir.h"

namespace chipledger::testing {
namespace {

using scenarios::PolicyText;
using ::testing::HasSubstr;

constexpr char kFile[] = R"(country_groups {
  group_id: "home"
  changes { country: "US" kind: KIND_JOIN }
}
parameters {
  name: "year" question: "Which year?" default_value: "export"
  choices { value: "export" meaning: "That of the export." }
  choices {
    value: "receipt" meaning: "That of the receipt."
    rules { rule_id: "a.year" accrual: ACCRUAL_RECEIVED }
  }
}
parameters {
  name: "percent" question: "How much?" default_value: "7"
  amount {
    unit: "percent" min: "1" max: "25"
    fields: "share.limit.share.parts_per_million"
  }
}
parameters {
  name: "since" question: "Since when?" default_value: "2026-02-01"
  date { fields: "share.exemptions[0].before" }
}
policy {
  policy_id: "p" title: "P"
  effective_from: "2026-01-01" effective_to: "2027-01-01"
  provenance {
    citation: "test" legal_status: LEGAL_STATUS_PROPOSED
    enforcement_status: ENFORCEMENT_STATUS_NOT_ENFORCED
  }
  rules {
    rule_id: "a.year" title: "A year" measure: MEASURE_GPUS
    accrual: ACCRUAL_EXPORTED
    scope { where { except_destination_groups: "home" } }
    window { calendar_year {} }
    limit { constant: "500" } enforcement { mode: MODE_REFUSE }
  }
  rules {
    rule_id: "whole" title: "All" measure: MEASURE_GPUS
    accrual: ACCRUAL_EXPORTED window { open {} }
    limit { none {} } enforcement { mode: MODE_REPORT_ONLY }
  }
  rules {
    rule_id: "share" title: "A share of all" measure: MEASURE_GPUS
    accrual: ACCRUAL_EXPORTED
    scope { group_by: GROUP_BY_DESTINATION_COUNTRY where { destination_groups: "home" } }
    window { open {} }
    limit { share { of_rule_id: "whole" parts_per_million: 70000 } }
    exemptions { before: "2026-02-01" }
    enforcement { mode: MODE_REFUSE }
  }
}
)";

class PolicyFileTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = dir_.File(name);
    std::ofstream(path) << text;
    return path;
  }

  // The file with one part of its text changed.
  PolicyText Read(const std::string& from = "", const std::string& to = "") {
    std::string text = kFile;
    if (!from.empty()) {
      EXPECT_NE(text.find(from), std::string::npos) << from;
      text.replace(text.find(from), from.size(), to);
    }
    auto read = scenarios::ReadPolicyText(Write("p.textproto", text));
    EXPECT_TRUE(read.ok()) << read.status();
    return read.ok() ? *std::move(read) : PolicyText();
  }

  // What is found in it, in lines without the file's name.
  std::string Check(const std::string& from, const std::string& to) {
    const PolicyText text = Read(from, to);
    return absl::StrReplaceAll(scenarios::FormatReport(CheckPolicyText(text)),
                               {{text.path, ""}});
  }

  TempDir dir_;
};

TEST_F(PolicyFileTest, NothingIsFoundInOneThatIsRight) {
  EXPECT_THAT(Check("", ""), ::testing::StartsWith("ok"));
}

TEST_F(PolicyFileTest, AMistakeIsNamedWithItsPlace) {
  struct Case {
    std::string from, to, found;
  };
  const std::vector<Case> cases = {
      {"constant: \"500\"", "constant: \"many\"",
       ":36:13: error: policy.rules[0].limit.constant: "},
      {"of_rule_id: \"whole\"", "of_rule_id: \"hole\"",
       ":48:21: error: policy.rules[2].limit.share.of_rule_id: "},
      // A rule of another policy, which may not be adopted, is none of this.
      {"of_rule_id: \"whole\"", "of_rule_id: \"other/whole\"",
       ":48:21: error: policy.rules[2].limit.share.of_rule_id: "},
      {"\"US\" kind", "\"USA\" kind",
       ":3:13: error: country_groups[0].changes[0].country: "},
      {"default_value: \"export\"", "default_value: \"import\"",
       ":6:40: error: parameters[0].default_value: \"import\" is none of"},
      {"rules { rule_id: \"a.year\" accrual",
       "rules { rule_id: \"ayear\" accrual",
       ":10:13: error: parameters[0].choices[1].rules[0].rule_id: the policy "
       "has "
       "no rule \"ayear\", did you mean \"a.year\"?"},
      {"unit: \"percent\"", "unit: \"%\"",
       ":16:5: error: parameters[1].amount.unit: \"%\" is none of TPP, GPUs"},
      {"default_value: \"7\"", "default_value: \"8\"",
       ":17:5: error: parameters[1].amount.fields[0]: the rule has \"7\" there "
       "and not the default, \"8\""},
      {"share.limit.share.parts", "share.limit.constant.parts",
       "\"constant\" is no part of a rule there"},
      {"share.exemptions[0].before", "share.exemptions[1].before",
       "is not one of the rule's, counted from [0]"},
      {"name: \"percent\"", "name: \"year\"",
       ":14:3: error: parameters[1].name: is the name of another"},
      // Only with one of the values.
      {"accrual: ACCRUAL_RECEIVED",
       "accrual: ACCRUAL_RECEIVED expiry_effect: EXPIRY_EFFECT_KEEP_CHARGE",
       "goes with ACCRUAL_LICENSED only (with year=receipt)"},
  };
  for (const Case& one : cases) {
    EXPECT_THAT(Check(one.from, one.to), HasSubstr(one.found)) << one.to;
  }
}

TEST_F(PolicyFileTest, WhatCannotBeReadIsNamedWithItsPlace) {
  const auto error = [&](std::string text) {
    const auto read = scenarios::ReadPolicyText(Write("p.textproto", text));
    return std::string(read.status().message());
  };
  const std::string text = kFile;
  EXPECT_THAT(error(text.substr(0, text.size() - 2)),
              HasSubstr("got: the end; a \"{\" was not closed"));
  EXPECT_THAT(
      error(absl::StrReplaceAll(text, {{"LEGAL_STATUS_PROPOSED", "'x'"}})),
      HasSubstr(":28:36: Expected integer or identifier, got: 'x'; names of "
                "values stand without quotes"));
}

TEST_F(PolicyFileTest, WarnsOfWhatIsHardlyMeant) {
  struct Case {
    std::string from, to, found;
  };
  const std::vector<Case> cases = {
      {"limit { constant: \"500\" }", "limit { none {} }",
       "warning: policy.rules[0].enforcement: the limit is none"},
      {"limit { constant: \"500\" }",
       "exemptions { from: \"2025-01-01\" } limit { constant: \"500\" }",
       "exemptions[0]: exempts every fact"},
      {"limit { constant: \"500\" }",
       "exemptions { from: \"2027-06-01\" } limit { constant: \"500\" }",
       "exemptions[0]: exempts nothing"},
      {"limit { constant: \"500\" }",
       "exemptions { items { classifications: \"B\" } } items { "
       "classifications: \"A\" } limit { constant: \"500\" }",
       "the rule counts none of these classifications"},
      {"limit { constant: \"500\" }",
       "limit { schedule { steps { from: \"2026-01-01\" value: \"5\" } steps { "
       "from: \"2026-03-01\" value: \"5\" } steps { from: \"2027-01-01\" "
       "value: "
       "\"6\" } } }",
       "steps[1]: changes nothing"},
      {"limit { constant: \"500\" }",
       "limit { schedule { steps { from: \"2026-01-01\" value: \"5\" } steps { "
       "from: \"2027-01-01\" value: \"6\" } } }",
       "steps[1]: begins when the rule counts nothing any more"},
      {"window { calendar_year {} }",
       "window { fixed { from: \"2026-02-01\" to: \"2026-12-01\" } }",
       "leaves a gap: the policy is in force from 2026-01-01 to before "
       "2026-02-01"},
      {"changes { country: \"US\" kind: KIND_JOIN }", "", "\"home\" is empty"},
      {"limit { none {} }",
       "items { classifications: \"A\" } limit { none {} }",
       "warning: policy.rules[2].items: counts goods that the whole, "
       "\"whole\", does not"},
      {"group_id: \"home\"", "group_id: \"abroad\"",
       "no rule names \"abroad\""},
      {"group_id: \"home\"", "group_id: \"abroad\"",
       "\"home\" is no group of this file"},
      {"where { destination_groups: \"home\" }",
       "where { destination_groups: \"home\" consignees: \"somebody\" }",
       "\"somebody\" is no party of this file"},
  };
  for (const Case& one : cases) {
    EXPECT_THAT(Check(one.from, one.to), HasSubstr(one.found)) << one.to;
  }
}

TEST_F(PolicyFileTest, WindowsOfLikeRulesThatOverlapAreNamed) {
  const std::string like = R"(
    measure: MEASURE_VALUE_USD accrual: ACCRUAL_EXPORTED
    limit { constant: "1" } enforcement { mode: MODE_REFUSE } )";
  const std::string found = Check(
      "  rules {\n    rule_id: \"whole\"",
      absl::StrCat("  rules { rule_id: \"one\" title: \"1\"", like,
                   "window { fixed { from: \"2026-01-01\" to: \"2026-07-01\" } "
                   "} }\n  rules { rule_id: \"two\" title: \"2\"",
                   like,
                   "window { fixed { from: \"2026-06-01\" to: \"2027-01-01\" } "
                   "} }\n  rules {\n    rule_id: \"whole\""));
  EXPECT_THAT(found, HasSubstr("overlaps that of one, which is alike: both "
                               "count what is dated from 2026-06-01 to before "
                               "2026-07-01"));
}

TEST_F(PolicyFileTest, ValuesChangeWhatTheySay) {
  const PolicyText text = Read();
  const auto written = scenarios::WithParameters(text, {});
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_EQ(written->parameters_size(), 0);
  ASSERT_EQ(written->policy().settings_size(), 3);
  EXPECT_EQ(written->policy().settings(0).value(), "export");
  EXPECT_EQ(written->policy().settings(0).alternatives(),
            "receipt: That of the receipt.");
  v1::Policy rules_only = written->policy();
  rules_only.clear_settings();
  EXPECT_EQ(rules_only.SerializeAsString(),
            text.file.policy().SerializeAsString());

  const auto chosen = scenarios::WithParameters(
      text,
      {{"year", "receipt"}, {"percent", "8.5%"}, {"since", "2026-03-01"}});
  ASSERT_TRUE(chosen.ok()) << chosen.status();
  const v1::Policy& policy = chosen->policy();
  EXPECT_EQ(policy.rules(0).accrual(), v1::ACCRUAL_RECEIVED);
  EXPECT_EQ(policy.rules(2).limit().share().parts_per_million(), 85'000);
  EXPECT_EQ(policy.rules(2).exemptions(0).before(), "2026-03-01");
  EXPECT_EQ(policy.settings(1).value(), "8.5");
  EXPECT_EQ(policy.settings(2).value(), "2026-03-01");
}

TEST_F(PolicyFileTest, AWrongValueIsRefused) {
  const PolicyText text = Read();
  const auto error = [&](const std::string& name, const std::string& value) {
    const auto file = scenarios::WithParameters(text, {{name, value}});
    EXPECT_FALSE(file.ok()) << name << "=" << value;
    return std::string(file.status().message());
  };
  EXPECT_THAT(error("percnt", "7"),
              HasSubstr("has no parameter \"percnt\"; it has year, percent, "
                        "since, did you mean \"percent\"?"));
  EXPECT_THAT(error("percent", "7 TPP"),
              HasSubstr(":13:1: the parameter \"percent\": \"7 TPP\" is not a "
                        "number of percent from 1 to 25"));
  EXPECT_THAT(error("percent", "26"), HasSubstr("from 1 to 25"));
  EXPECT_THAT(error("since", "March"), HasSubstr("is not a date"));
  EXPECT_THAT(error("year", "reciept"), HasSubstr("did you mean \"receipt\"?"));
}

TEST_F(PolicyFileTest, AScenarioThatSetsWhatIsNotThereNamesItsPlace) {
  Write("p.textproto", kFile);
  const auto scenario = scenarios::ReadScenario(
      Write("story.textproto",
            "title: \"t\"\npolicies {\n  name: \"p\"\n  set { name: \"x\" "
            "value: \"y\" }\n}\nsteps { name: \"s\" }\n"));
  ASSERT_TRUE(scenario.ok()) << scenario.status();
  const auto report =
      RunScenario(*scenario, scenarios::FilesOf(scenario->path, {}));
  EXPECT_THAT(report.error(), HasSubstr("story.textproto:4:3: "));
  EXPECT_THAT(report.error(), HasSubstr("has no parameter \"x\""));
}

TEST_F(PolicyFileTest, AMistypedFieldOrValueIsNamedWithWhatWasMeant) {
  const auto error = [&](const std::string& from, const std::string& to) {
    std::string text = kFile;
    text.replace(text.find(from), from.size(), to);
    const auto read = scenarios::ReadPolicyText(Write("bad.textproto", text));
    EXPECT_FALSE(read.ok());
    return std::string(read.status().message());
  };
  EXPECT_THAT(error("window {", "windw {"),
              HasSubstr("did you mean \"window\"?"));
  EXPECT_THAT(error("ACCRUAL_EXPORTED", "ACCRUAL_EXPORTD"),
              HasSubstr("did you mean \"ACCRUAL_EXPORTED\""));
  // Where nothing is like it, what there is.
  EXPECT_THAT(error("ACCRUAL_EXPORTED", "OWNED"),
              HasSubstr("; there is ACCRUAL_LICENSED, ACCRUAL_EXPORTED, "
                        "ACCRUAL_RECEIVED, ACCRUAL_INSTALLED_NET"));
  EXPECT_THAT(error("parts_per_million: 70000", "percent: 7"),
              HasSubstr("\"percent\"; there is of_rule_id, "
                        "parts_per_million"));
  EXPECT_THAT(error("\"2026-01-01\"", "2026-01-01"),
              HasSubstr("got: 2026; texts, dates and amounts stand in quotes"));
  EXPECT_THAT(
      error("country_groups {", "steps { name: 's' } country_groups {"),
      HasSubstr("; a scenario has one: chipledger policy test runs it"));
  const auto story = scenarios::ReadScenario(Write("story.textproto", kFile));
  EXPECT_THAT(std::string(story.status().message()),
              HasSubstr("; a policy file has one: chipledger policy check"));
}

TEST_F(PolicyFileTest, AFolderIsASuite) {
  std::filesystem::create_directory(dir_.File("suite"));
  const std::string story = "title: \"t\"\nsteps { name: \"s\" }\n";
  Write("suite/b.textproto", story);
  Write("suite/a.textproto",
        "# proto-message: chipledger.scenario.v1.Scenario\n" + story);
  Write("suite/p.textproto",
        std::string("# proto-message: chipledger.v1.PolicyFile\n") + kFile);
  const auto found = scenarios::FindScenarios(dir_.File("suite"));
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_THAT(*found, ::testing::ElementsAre(dir_.File("suite/a.textproto"),
                                             dir_.File("suite/b.textproto")));
  std::filesystem::create_directory(dir_.File("none"));
  EXPECT_FALSE(scenarios::FindScenarios(dir_.File("none")).ok());
}

}  // namespace
}  // namespace chipledger::testing
