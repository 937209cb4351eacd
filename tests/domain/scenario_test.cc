// Goal: the shipped policies and the engine do what the stories in
// ledger/policies/scenarios/ say. Method: one test a file; the rules and their
// numbers are in policy files, none is here.
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "chipledger/scenario/v1/scenario.pb.h"
#include "chipledger/v1/command.pb.h"
#include "google/protobuf/message.h"
#include "gtest/gtest.h"
#include "ledger/domain/rules/policy.h"
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

std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  return std::string(std::istreambuf_iterator<char>(file), {});
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

// The guide ends in a policy that works: the one that it shows.
TEST(GuideTest, ItsExampleIsAsItSays) {
  const std::string folder = std::string(kPoliciesDir) + "/examples/";
  const std::string path = folder + "house-limit-scenario.textproto";
  const auto file = ReadScenario(path);
  ASSERT_TRUE(file.ok()) << file.status();
  const scenario::v1::Report report = RunScenario(*file, FilesOf(path, {}));
  EXPECT_TRUE(HasPassed(report)) << FormatReport(report);

  const std::string guide = ReadText(std::string(kPoliciesDir) + "/README.md");
  for (const std::string& example : TextFilesIn(folder)) {
    EXPECT_NE(guide.find(ReadText(example)), std::string::npos) << example;
  }
}

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
TEST(ScenarioRunnerTest, PrintsExpectedAndActualSideBySideWithTheStepsLine) {
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
                "                               EXPECTED  ACTUAL\n"
                "    country_allocation excess  1         80760000\n");

  step.mutable_expect()->mutable_accepted();
  report = RunScenario(*file, FilesOf(path, {}));
  ASSERT_EQ(report.failures_size(), 1);
  const auto& difference = report.failures(0).differences(0);
  EXPECT_EQ(difference.what(), "answer");
  EXPECT_EQ(difference.expected(), "accepted");
  EXPECT_NE(difference.actual().find("refused: country_allocation"),
            std::string::npos)
      << difference.actual();
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
