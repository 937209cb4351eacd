// Goal: the shipped policies and the engine do what the stories in
// ledger/policies/scenarios/ say. Method: one test a file; the rules and their
// numbers are in policy files, none is here.
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <string>
#include <vector>

#include "chipledger/scenario/v1/scenario.pb.h"
#include "chipledger/v1/command.pb.h"
#include "gtest/gtest.h"
#include "ledger/domain/policy.h"
#include "tests/support/scenario_runner.h"
#include "tests/support/text_file.h"

namespace chipledger::testing {
namespace {

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

// gtest takes letters, digits and "_".
std::string TestName(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = fs::path(info.param).stem().string();
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(c); }, '_');
  return name;
}

class ScenarioTest : public ::testing::TestWithParam<std::string> {};

TEST_P(ScenarioTest, LeadsWhereItSays) {
  scenario::v1::Scenario scenario;
  const absl::Status read = ReadTextFile(GetParam(), scenario);
  ASSERT_TRUE(read.ok()) << read;
  ASSERT_GT(scenario.steps_size(), 0) << "a scenario without steps";
  for (const std::string& failure : RunScenario(scenario, kPoliciesDir)) {
    ADD_FAILURE() << GetParam() << ": " << failure;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Scenarios, ScenarioTest,
    ::testing::ValuesIn(TextFilesIn(std::string(kPoliciesDir) + "/scenarios")),
    TestName);

class ShippedPolicyTest : public ::testing::TestWithParam<std::string> {};

TEST_P(ShippedPolicyTest, IsEvaluatedWholeAndSaysWhereItComesFrom) {
  v1::PolicyFile file;
  const absl::Status read = ReadTextFile(GetParam(), file);
  ASSERT_TRUE(read.ok()) << read;
  const absl::Status checked = domain::CheckPolicy(file.policy(), "policy");
  EXPECT_TRUE(checked.ok()) << checked;
  EXPECT_FALSE(file.policy().description().empty());
  EXPECT_FALSE(file.policy().provenance().confidence().empty());
  EXPECT_GT(file.policy().provenance().sources_size(), 0);
  // A user finds a policy's file by its id.
  EXPECT_EQ(file.policy().policy_id(), fs::path(GetParam()).stem().string());
  for (const v1::ChangeCountryGroup& group : file.country_groups()) {
    EXPECT_FALSE(group.reason().empty()) << group.group_id();
  }
}

INSTANTIATE_TEST_SUITE_P(Shipped, ShippedPolicyTest,
                         ::testing::ValuesIn(TextFilesIn(kPoliciesDir)),
                         TestName);

// A runner that never complains would pass every scenario above.
TEST(ScenarioRunnerTest, NamesTheStepAndBothNumbersWhenTheyDiffer) {
  scenario::v1::Scenario scenario;
  ASSERT_TRUE(ReadTextFile(std::string(kPoliciesDir) +
                               "/scenarios/e03_allocation_exceeded.textproto",
                           scenario)
                  .ok());
  scenario::v1::Step& step = *scenario.mutable_steps(3);
  ASSERT_TRUE(step.expect().has_refused());
  step.mutable_expect()->mutable_refused()->mutable_violations(0)->set_excess(
      "1");
  std::vector<std::string> failures = RunScenario(scenario, kPoliciesDir);
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0],
            "step \"" + step.name() +
                "\": country_allocation excess: expected 1, got 80760000");

  step.mutable_expect()->mutable_accepted();
  failures = RunScenario(scenario, kPoliciesDir);
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_NE(failures[0].find("answer: expected accepted, got refused"),
            std::string::npos)
      << failures[0];
}

TEST(ScenarioRunnerTest, SaysWhatPreparationFailed) {
  scenario::v1::Scenario scenario;
  scenario.add_policies()->set_path("no-such-policy.textproto");
  const std::vector<std::string> failures = RunScenario(scenario, kPoliciesDir);
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_NE(failures[0].find("no-such-policy.textproto"), std::string::npos);
}

}  // namespace
}  // namespace chipledger::testing
