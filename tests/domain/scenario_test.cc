// Goal: the shipped policies and the engine do what the stories in
// ledger/policies/scenarios/ say. Method: one test a file; the rules and their
// numbers are in policy files, none is here.
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "chipledger/scenario/v1/scenario.pb.h"
#include "chipledger/v1/command.pb.h"
#include "gmock/gmock.h"
#include "google/protobuf/message.h"
#include "gtest/gtest.h"
#include "ledger/scenario/policy_check.h"
#include "ledger/scenario/policy_file.h"
#include "ledger/scenario/runner.h"
#include "ledger/scenario/text_file.h"

namespace chipledger::testing {
namespace {

using scenarios::FilesOf;
using scenarios::FormatReport;
using scenarios::HasPassed;
using scenarios::ReadScenario;
using scenarios::ReadTextFile;
using scenarios::RunScenario;

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

// Fields that say what is looked at, not what is found there.
bool SaysWhere(const google::protobuf::FieldDescriptor& field) {
  static const std::set<std::string>* const names = new std::set<std::string>(
      {"policy_id", "rule_id", "group", "on_date", "license_id", "line_number",
       "of_step", "at_step", "through_date", "exporter", "shipment_reference",
       "item"});
  return names->contains(field.name());
}

// Changes one expected value.
void Falsify(google::protobuf::Message& message,
             const google::protobuf::FieldDescriptor& field) {
  using Field = google::protobuf::FieldDescriptor;
  const google::protobuf::Reflection& values = *message.GetReflection();
  switch (field.cpp_type()) {
    case Field::CPPTYPE_STRING:
      return values.SetString(&message, &field,
                              values.GetString(message, &field) + "1");
    case Field::CPPTYPE_BOOL:
      return values.SetBool(&message, &field, !values.GetBool(message, &field));
    case Field::CPPTYPE_INT32:
      return values.SetInt32(&message, &field,
                             values.GetInt32(message, &field) + 1);
    case Field::CPPTYPE_INT64:
      return values.SetInt64(&message, &field,
                             values.GetInt64(message, &field) + 1);
    case Field::CPPTYPE_UINT64:
      return values.SetUInt64(&message, &field,
                              values.GetUInt64(message, &field) + 1);
    case Field::CPPTYPE_ENUM:
      return values.SetEnumValue(
          &message, &field, values.GetEnumValue(message, &field) == 1 ? 2 : 1);
    default:
      FAIL() << "no false value for " << field.full_name();
  }
}

// Makes one expected value after the other false, and says of each which it is.
void FalsifyEach(google::protobuf::Message& message,
                 const std::function<void(const std::string&)>& check) {
  const google::protobuf::Reflection& values = *message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  values.ListFields(message, &fields);
  for (const auto* field : fields) {
    if (SaysWhere(*field)) continue;
    if (field->is_repeated()) {
      if (field->message_type() == nullptr) continue;
      for (int i = 0; i < values.FieldSize(message, field); ++i) {
        FalsifyEach(*values.MutableRepeatedMessage(&message, field, i), check);
      }
    } else if (field->message_type() != nullptr) {
      FalsifyEach(*values.MutableMessage(&message, field), check);
    } else {
      const std::unique_ptr<google::protobuf::Message> before(message.New());
      before->CopyFrom(message);
      Falsify(message, *field);
      check(field->full_name() + " in " + message.ShortDebugString());
      message.CopyFrom(*before);
    }
  }
}

class ScenarioTest : public ::testing::TestWithParam<std::string> {};

TEST_P(ScenarioTest, LeadsWhereItSays) {
  const auto file = ReadScenario(GetParam());
  ASSERT_TRUE(file.ok()) << file.status();
  const scenario::v1::Report report =
      RunScenario(*file, FilesOf(GetParam(), {kPoliciesDir}));
  EXPECT_TRUE(HasPassed(report)) << FormatReport(report);
}

// What a scenario expects is compared, each value of it.
TEST_P(ScenarioTest, FailsWithAnyOtherNumber) {
  auto file = ReadScenario(GetParam());
  ASSERT_TRUE(file.ok()) << file.status();
  for (int i = 0; i < file->scenario.steps_size(); ++i) {
    FalsifyEach(*file->scenario.mutable_steps(i)->mutable_expect(),
                [&](const std::string& what) {
                  EXPECT_FALSE(HasPassed(
                      RunScenario(*file, FilesOf(GetParam(), {kPoliciesDir}))))
                      << "not compared: " << what;
                });
  }
}

INSTANTIATE_TEST_SUITE_P(
    Scenarios, ScenarioTest,
    ::testing::ValuesIn(TextFilesIn(std::string(kPoliciesDir) + "/scenarios")),
    TestName);

class ShippedPolicyTest : public ::testing::TestWithParam<std::string> {};

TEST_P(ShippedPolicyTest, IsEvaluatedWholeAndSaysWhereItComesFrom) {
  const auto text = scenarios::ReadPolicyText(GetParam());
  ASSERT_TRUE(text.ok()) << text.status();
  const v1::PolicyFile& file = text->file;
  const scenario::v1::CheckReport report = scenarios::CheckPolicyText(*text);
  for (const auto& finding : report.findings()) {
    // The paragraph was published without a country, and the rule of 2026 moved
    // one between two groups that it does not speak of otherwise.
    using ::testing::HasSubstr;
    EXPECT_THAT(finding.message(),
                ::testing::AnyOf(HasSubstr("\"assured\" is empty"),
                                 HasSubstr("no rule names \"D:4\""),
                                 HasSubstr("no rule names \"A:5\"")))
        << FormatReport(report);
  }
  if (!file.has_policy()) return;
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

// Files that stand by themselves repeat country groups. Adopting one after the
// other must not change who is in a group.
TEST(ShippedPoliciesTest, SayTheSameOfEachMemberOfAGroup) {
  using Changes = std::set<std::pair<std::string, int>>;
  std::map<std::string, Changes> known;
  for (const std::string& path : TextFilesIn(kPoliciesDir)) {
    v1::PolicyFile file;
    ASSERT_TRUE(ReadTextFile(path, file).ok()) << path;
    std::map<std::string, Changes> here;
    for (const v1::ChangeCountryGroup& group : file.country_groups()) {
      for (const v1::MembershipChange& change : group.changes()) {
        here[group.group_id() + " " + change.country()].insert(
            {change.effective_date(), change.kind()});
      }
    }
    for (const auto& [member, changes] : here) {
      EXPECT_EQ(known.emplace(member, changes).first->second, changes)
          << member << " in " << path;
    }
  }
}

// The worked examples have numbers, and each is a story.
TEST(ExamplesTest, EachIsShipped) {
  constexpr int kExamples = 38;
  const std::vector<std::string> paths =
      TextFilesIn(std::string(kPoliciesDir) + "/scenarios");
  for (int i = 1; i <= kExamples; ++i) {
    const std::string prefix = absl::StrFormat("e%02d_", i);
    EXPECT_EQ(std::count_if(paths.begin(), paths.end(),
                            [&](const std::string& path) {
                              return absl::StartsWith(
                                  fs::path(path).filename().string(), prefix);
                            }),
              1)
        << prefix;
  }
}

// A runner that never complains would pass every scenario above.
TEST(ScenarioRunnerTest, PrintsExpectedAndActualSideBySideWithTheirLine) {
  const std::string path = std::string(kPoliciesDir) +
                           "/scenarios/e03_allocation_exceeded.textproto";
  auto file = ReadScenario(path);
  ASSERT_TRUE(file.ok()) << file.status();
  scenario::v1::Step& step = *file->scenario.mutable_steps(3);
  ASSERT_TRUE(step.expect().has_refused());
  step.mutable_expect()->mutable_refused()->mutable_violations(0)->set_excess(
      "1");
  scenario::v1::Report report = RunScenario(*file, FilesOf(path, {}));
  ASSERT_FALSE(HasPassed(report));
  EXPECT_EQ(FormatReport(report),
            "FAIL  " + path + "\n  " + path + ":61: step \"" + step.name() +
                "\"\n"
                "    LINE                             EXPECTED  ACTUAL\n"
                "      71  country_allocation excess  1         80760000\n");

  step.mutable_expect()->mutable_accepted();
  report = RunScenario(*file, FilesOf(path, {}));
  ASSERT_EQ(report.failures_size(), 1);
  const auto& difference = report.failures(0).differences(0);
  EXPECT_EQ(difference.what(), "answer");
  EXPECT_EQ(difference.expected(), "accepted");
  EXPECT_EQ(difference.line(), 69);
  EXPECT_NE(difference.actual().find("refused: country_allocation"),
            std::string::npos)
      << difference.actual();
}

// A slip in what is expected is named as one.
TEST(ScenarioRunnerTest, SaysThatWhatIsExpectedCannotBe) {
  const std::string path = std::string(kPoliciesDir) +
                           "/scenarios/e03_allocation_exceeded.textproto";
  auto file = ReadScenario(path);
  ASSERT_TRUE(file.ok()) << file.status();
  const auto expected_of = [&](const scenario::v1::Expectation& expectation) {
    scenarios::ScenarioFile changed = *file;
    *changed.scenario.mutable_steps(3)->mutable_expect() = expectation;
    const scenario::v1::Report report = RunScenario(changed, FilesOf(path, {}));
    EXPECT_EQ(report.failures_size(), 1);
    return report.failures(0).differences(0).expected();
  };
  scenario::v1::Expectation expectation = file->scenario.steps(3).expect();
  expectation.mutable_refused()->mutable_violations(0)->set_excess(
      "80,760,000");
  EXPECT_EQ(expected_of(expectation),
            "80,760,000, which is no number, none or unknown");
  expectation.mutable_accepted()->add_evaluations()->set_rule_id("alocation");
  expectation.mutable_accepted()->mutable_evaluations(0)->set_absent(true);
  scenarios::ScenarioFile accepted = *file;
  *accepted.scenario.mutable_steps(0)->mutable_expect() = expectation;
  const scenario::v1::Report mistyped =
      RunScenario(accepted, FilesOf(path, {}));
  ASSERT_EQ(mistyped.failures_size(), 1);
  EXPECT_EQ(mistyped.failures(0).differences(0).expected(), "a rule");
  EXPECT_NE(mistyped.failures(0).differences(0).actual().find("alocation"),
            std::string::npos);
  expectation.set_error_reason("SHIPMENT_NOT_FOUNT");
  EXPECT_EQ(expected_of(expectation),
            "SHIPMENT_NOT_FOUNT, which is no ErrorReason, did you mean "
            "\"SHIPMENT_NOT_FOUND\"?");
}

TEST(ScenarioRunnerTest, SaysWhatPreparationFailed) {
  scenarios::ScenarioFile file;
  file.scenario.add_policies()->set_name("no-such-policy");
  const scenario::v1::Report report =
      RunScenario(file, {.folders = {kPoliciesDir}});
  EXPECT_FALSE(HasPassed(report));
  EXPECT_NE(report.error().find("no-such-policy.textproto"), std::string::npos)
      << report.error();
}

}  // namespace
}  // namespace chipledger::testing
