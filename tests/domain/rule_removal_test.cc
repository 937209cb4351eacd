// Goal: every rule of every shipped policy is held by a scenario, and every
// exemption and limit of its own that a rule has. Method: take one of them out
// of its policy in memory and run the scenarios that adopt the policy; one of
// them must then differ from what it says. A scenario that cannot be prepared
// without it says nothing about it.
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "chipledger/scenario/v1/scenario.pb.h"
#include "chipledger/v1/command.pb.h"
#include "gtest/gtest.h"
#include "ledger/scenario/runner.h"
#include "ledger/scenario/text_file.h"

namespace chipledger::testing {
namespace {

using scenario::v1::Report;
using scenarios::FilesOf;
using scenarios::FindPolicyFile;
using scenarios::HasPassed;
using scenarios::PolicyFiles;
using scenarios::ReadScenario;
using scenarios::ReadTextFile;
using scenarios::RunScenario;
using scenarios::ScenarioFile;

namespace fs = std::filesystem;

constexpr char kPoliciesDir[] = CHIPLEDGER_POLICIES_DIR;

std::vector<std::string> TextFilesIn(const std::string& folder) {
  std::vector<std::string> paths;
  for (const auto& file : fs::directory_iterator(folder)) {
    if (file.path().extension() == ".textproto") {
      paths.push_back(file.path().string());
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

// The ids of the shipped policies that a scenario adopts.
std::set<std::string> PoliciesOf(const ScenarioFile& file) {
  const PolicyFiles files = FilesOf(file.path, {kPoliciesDir});
  std::set<std::string> ids;
  const auto add = [&](const auto& uses) {
    for (const scenario::v1::PolicyUse& use : uses) {
      const auto path = FindPolicyFile(use, files);
      if (path.ok()) ids.insert(fs::path(*path).stem().string());
    }
  };
  add(file.scenario.policies());
  for (const scenario::v1::Step& step : file.scenario.steps()) {
    add(step.adopt());
  }
  return ids;
}

// The scenarios that pass, by the policies that they adopt. Those that do not
// pass are the scenario test's to report.
std::map<std::string, std::vector<ScenarioFile>> ReadScenarios() {
  std::map<std::string, std::vector<ScenarioFile>> scenarios;
  for (const std::string& path :
       TextFilesIn(absl::StrCat(kPoliciesDir, "/scenarios"))) {
    const auto file = ReadScenario(path);
    if (!file.ok() ||
        !HasPassed(RunScenario(*file, FilesOf(path, {kPoliciesDir})))) {
      continue;
    }
    for (const std::string& id : PoliciesOf(*file)) {
      scenarios[id].push_back(*file);
    }
  }
  return scenarios;
}

void RemoveRule(const std::string& rule_id, v1::Policy& policy) {
  for (int i = 0; i < policy.rules_size(); ++i) {
    if (policy.rules(i).rule_id() != rule_id) continue;
    policy.mutable_rules()->DeleteSubrange(i, 1);
    return;
  }
}

bool RefersTo(const v1::Limit& limit, const std::string& rule_id) {
  return (limit.has_scaled() && limit.scaled().rule_id() == rule_id) ||
         (limit.has_share() && limit.share().of_rule_id() == rule_id);
}

// Other rules of the policy that cannot be without this one.
std::vector<const v1::Rule*> DependentsOf(const std::string& rule_id,
                                          const v1::Policy& policy) {
  std::vector<const v1::Rule*> dependents;
  for (const v1::Rule& rule : policy.rules()) {
    if (rule.rule_id() == rule_id) continue;
    bool refers = RefersTo(rule.limit(), rule_id);
    for (const v1::LimitCase& one : rule.limit_cases()) {
      refers = refers || RefersTo(one.limit(), rule_id);
    }
    if (refers) dependents.push_back(&rule);
  }
  return dependents;
}

// Whether the rule decides answers. One that only counts is held by a total.
bool Decides(const v1::Rule& rule) {
  const v1::Enforcement::Mode mode = rule.enforcement().mode();
  if (rule.test_point() == v1::TEST_POINT_REPORTING_DATE) return false;
  if (mode == v1::Enforcement::MODE_NOTIFY) return true;
  return mode != v1::Enforcement::MODE_REPORT_ONLY &&
         ((!rule.limit().has_none() && !rule.limit().has_unknown()) ||
          rule.required_conditions_size() > 0);
}

// Such as "e05_two_exporters.textproto".
bool IsExample(absl::string_view name) {
  return name.size() > 4 && name[0] == 'e' && absl::ascii_isdigit(name[1]) &&
         absl::ascii_isdigit(name[2]) && name[3] == '_';
}

class RuleRemovalTest : public ::testing::TestWithParam<std::string> {
 protected:
  static void SetUpTestSuite() {
    scenarios_ =
        new std::map<std::string, std::vector<ScenarioFile>>(ReadScenarios());
  }
  static void TearDownTestSuite() { delete scenarios_; }

  // Runs a scenario with the policy changed.
  static Report RunChanged(const std::function<void(v1::Policy&)>& change,
                           const v1::Policy& policy, const ScenarioFile& file) {
    PolicyFiles files = FilesOf(file.path, {kPoliciesDir});
    files.change = [&](v1::Policy& adopted) {
      if (adopted.policy_id() == policy.policy_id()) change(adopted);
    };
    return RunScenario(file, files);
  }
  // Runs a scenario without the rule.
  static Report RunWithout(const v1::Rule& rule, const v1::Policy& policy,
                           const ScenarioFile& file) {
    return RunChanged(
        [&](v1::Policy& adopted) { RemoveRule(rule.rule_id(), adopted); },
        policy, file);
  }
  // Whether a scenario comes out otherwise, beyond being kept from running.
  static bool IsNoticed(const std::function<void(v1::Policy&)>& change,
                        const v1::Policy& policy) {
    const auto& files = (*scenarios_)[policy.policy_id()];
    return std::any_of(
        files.begin(), files.end(), [&](const ScenarioFile& file) {
          return RunChanged(change, policy, file).failures_size() > 0;
        });
  }

  // Whether a scenario fails without the rule. Where a rule decides, it must be
  // missed in more than a total of its own.
  static bool IsHeldBy(const ScenarioFile& file, const v1::Rule& rule,
                       const v1::Policy& policy) {
    const std::string own_total =
        absl::StrCat(policy.policy_id(), "/", rule.rule_id(), " of ");
    const Report report = RunWithout(rule, policy, file);
    for (const Report::Failure& failure : report.failures()) {
      for (const Report::Difference& difference : failure.differences()) {
        if (!Decides(rule) || !absl::StartsWith(difference.what(), own_total)) {
          return true;
        }
      }
    }
    return false;
  }
  static bool IsHeld(const v1::Rule& rule, const v1::Policy& policy) {
    const auto& files = (*scenarios_)[policy.policy_id()];
    return std::any_of(
        files.begin(), files.end(),
        [&](const ScenarioFile& file) { return IsHeldBy(file, rule, policy); });
  }

  static std::map<std::string, std::vector<ScenarioFile>>* scenarios_;
};

std::map<std::string, std::vector<ScenarioFile>>* RuleRemovalTest::scenarios_ =
    nullptr;

TEST_P(RuleRemovalTest, AScenarioFailsWithoutEachRule) {
  v1::PolicyFile file;
  const absl::Status read = ReadTextFile(GetParam(), file);
  ASSERT_TRUE(read.ok()) << read;
  const v1::Policy& policy = file.policy();
  std::vector<std::string> not_held;
  for (const v1::Rule& rule : policy.rules()) {
    // Without a rule that others refer to there is no policy: it is held by
    // them, and each of them is looked at by itself.
    const std::vector<const v1::Rule*> dependents =
        DependentsOf(rule.rule_id(), policy);
    const bool held = dependents.empty()
                          ? IsHeld(rule, policy)
                          : std::any_of(dependents.begin(), dependents.end(),
                                        [&](const v1::Rule* dependent) {
                                          return IsHeld(*dependent, policy);
                                        });
    if (!held) not_held.push_back(rule.rule_id());
  }
  EXPECT_TRUE(not_held.empty())
      << "no scenario of " << policy.policy_id()
      << " fails without: " << absl::StrJoin(not_held, ", ");
}

TEST_P(RuleRemovalTest, AScenarioFailsWithoutEachExemptionAndLimitCase) {
  v1::PolicyFile file;
  ASSERT_TRUE(ReadTextFile(GetParam(), file).ok());
  const v1::Policy& policy = file.policy();
  std::vector<std::string> not_held;
  for (int r = 0; r < policy.rules_size(); ++r) {
    const v1::Rule& rule = policy.rules(r);
    for (int i = 0; i < rule.exemptions_size(); ++i) {
      const auto remove = [=](v1::Policy& adopted) {
        adopted.mutable_rules(r)->mutable_exemptions()->DeleteSubrange(i, 1);
      };
      if (!IsNoticed(remove, policy)) {
        not_held.push_back(
            absl::StrCat("exemption ", i + 1, " of ", rule.rule_id()));
      }
    }
    for (int i = 0; i < rule.limit_cases_size(); ++i) {
      const auto remove = [=](v1::Policy& adopted) {
        adopted.mutable_rules(r)->mutable_limit_cases()->DeleteSubrange(i, 1);
      };
      if (!IsNoticed(remove, policy)) {
        not_held.push_back(
            absl::StrCat("limit case ", i + 1, " of ", rule.rule_id()));
      }
    }
  }
  EXPECT_TRUE(not_held.empty())
      << "no scenario of " << policy.policy_id()
      << " fails without: " << absl::StrJoin(not_held, ", ");
}

// A scenario that tells an example of the public record is about a rule: there
// is one without which it does not come out.
TEST_P(RuleRemovalTest, EachExampleFailsWithoutARule) {
  v1::PolicyFile file;
  ASSERT_TRUE(ReadTextFile(GetParam(), file).ok());
  const v1::Policy& policy = file.policy();
  for (const ScenarioFile& example : (*scenarios_)[policy.policy_id()]) {
    const std::string name = fs::path(example.path).filename().string();
    if (!IsExample(name) || PoliciesOf(example).size() > 1) continue;
    EXPECT_TRUE(
        std::any_of(policy.rules().begin(), policy.rules().end(),
                    [&](const v1::Rule& rule) {
                      return DependentsOf(rule.rule_id(), policy).empty() &&
                             !HasPassed(RunWithout(rule, policy, example));
                    }))
        << name << " comes out without any rule of " << policy.policy_id();
  }
}

// gtest takes letters, digits and "_".
std::string TestName(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = fs::path(info.param).stem().string();
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(c); }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Shipped, RuleRemovalTest,
                         ::testing::ValuesIn(TextFilesIn(kPoliciesDir)),
                         TestName);

}  // namespace
}  // namespace chipledger::testing
