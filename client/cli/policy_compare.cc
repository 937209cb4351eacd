#include "client/cli/policy_compare.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/cli/print.h"
#include "client/cli/table.h"
#include "client/cli/terminal.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/text_format.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/rules/policy_change.h"

namespace chipledger::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::TextFormat;

bool IsFile(const std::string& name) {
  return name == "-" || absl::StrContains(name, '/') ||
         absl::EndsWith(name, ".textproto") || std::filesystem::exists(name);
}

absl::StatusOr<v1::Policy> ReadPolicy(Cli& cli,
                                      const PolicyFileOptions& options) {
  const std::string& name = options.file;
  if (IsFile(name)) {
    ASSIGN_OR_RETURN(const v1::PolicyFile file, ReadPolicyFile(options));
    if (file.has_policy()) return file.policy();
    return absl::InvalidArgumentError(absl::StrCat(name, " holds no policy"));
  }
  if (!options.values.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--set chooses in a file, and ", name, " is an adopted policy"));
  }
  v1::GetPolicyRequest request;
  request.set_policy_id(name);
  ASSIGN_OR_RETURN(const v1::GetPolicyResponse response,
                   cli.client().GetPolicy(request));
  return response.policy().policy();
}

// The elements of a field, or its one value, each as a policy file has it, in
// one line; none when it is not set.
std::vector<std::string> TextsOf(const Message& message,
                                 const FieldDescriptor& field) {
  const google::protobuf::Reflection& values = *message.GetReflection();
  std::vector<std::string> texts;
  TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  const int size = field.is_repeated()
                       ? values.FieldSize(message, &field)
                       : (values.HasField(message, &field) ? 1 : 0);
  for (int i = 0; i < size; ++i) {
    std::string text;
    printer.PrintFieldValueToString(message, &field,
                                    field.is_repeated() ? i : -1, &text);
    texts.push_back(OneLine(text));
  }
  return texts;
}

// The same at a path such as "scope.where.destination_groups".
std::vector<std::string> TextsAt(const Message& root, absl::string_view path) {
  const Message* message = &root;
  const std::vector<std::string> parts = absl::StrSplit(path, '.');
  for (size_t i = 0; i < parts.size(); ++i) {
    const FieldDescriptor* field =
        message->GetDescriptor()->FindFieldByName(parts[i]);
    if (i + 1 == parts.size()) return TextsOf(*message, *field);
    message = &message->GetReflection()->GetMessage(*message, field);
  }
  return {};
}

// Those that the other list lacks, in their order.
std::vector<std::string> Without(const std::vector<std::string>& texts,
                                 const std::vector<std::string>& other) {
  std::vector<std::string> rest;
  std::copy_if(texts.begin(), texts.end(), std::back_inserter(rest),
               [&](const std::string& text) {
                 return std::find(other.begin(), other.end(), text) ==
                        other.end();
               });
  return rest;
}

// Adds a row for each element of a field that only one of two messages has.
void AddField(const std::string& of, const std::string& field, const Message& a,
              const Message& b, Table& table) {
  const std::vector<std::string> all_of_a = TextsAt(a, field);
  const std::vector<std::string> all_of_b = TextsAt(b, field);
  const std::vector<std::string> only_a = Without(all_of_a, all_of_b);
  const std::vector<std::string> only_b = Without(all_of_b, all_of_a);
  if (only_a.empty() && only_b.empty()) {
    table.AddRow({of, field, absl::StrJoin(all_of_a, ", "),
                  absl::StrJoin(all_of_b, ", ")});
  }
  for (size_t i = 0; i < std::max(only_a.size(), only_b.size()); ++i) {
    table.AddRow({i == 0 ? of : "", i == 0 ? field : "",
                  i < only_a.size() ? only_a[i] : "-",
                  i < only_b.size() ? only_b[i] : "-"});
  }
}

void AddFields(const std::string& of, const std::vector<std::string>& fields,
               const Message& a, const Message& b, Table& table) {
  for (const std::string& field : fields) AddField(of, field, a, b, table);
}

void PrintComparison(const std::vector<std::string>& fields,
                     const std::vector<domain::RuleChange>& changes,
                     const v1::Policy& a, const v1::Policy& b) {
  if (fields.empty() && changes.empty()) {
    std::cout << "They are alike.\n";
    return;
  }
  Table table({"RULE", "FIELD", "FIRST", "SECOND"});
  AddFields("", fields, a, b, table);
  for (const domain::RuleChange& change : changes) {
    if (change.before == nullptr || change.after == nullptr) {
      const bool has = change.before != nullptr;
      const v1::Rule& rule = has ? *change.before : *change.after;
      table.AddRow({rule.rule_id(), "the rule", has ? rule.title() : "-",
                    has ? "-" : rule.title()});
    } else {
      AddFields(change.rule_id(), change.fields, *change.before, *change.after,
                table);
    }
  }
  std::cout << table.ToString();
}

void PrintComparisonJson(const std::vector<domain::RuleChange>& changes) {
  v1::DiffPolicyResponse response;
  for (const domain::RuleChange& change : changes) {
    auto& out = *response.add_rule_changes();
    out.set_rule_id(change.rule_id());
    if (change.before != nullptr) *out.mutable_before() = *change.before;
    if (change.after != nullptr) *out.mutable_after() = *change.after;
    out.mutable_fields()->Assign(change.fields.begin(), change.fields.end());
  }
  PrintJson(response);
}

}  // namespace

int ComparePolicies(Cli& cli, const PolicyFileOptions& a,
                    const std::string& b) {
  const absl::StatusOr<v1::Policy> first = ReadPolicy(cli, a);
  if (!first.ok()) return Fail(cli, first.status());
  const absl::StatusOr<v1::Policy> second =
      ReadPolicy(cli, {.file = b, .values = {}});
  if (!second.ok()) return Fail(cli, second.status());
  const std::vector<domain::RuleChange> changes =
      domain::ChangesOf(*first, *second);
  if (cli.json) {
    PrintComparisonJson(changes);
    return kDone;
  }
  v1::Policy without_rules = *first, other_without_rules = *second;
  without_rules.clear_rules();
  other_without_rules.clear_rules();
  PrintComparison(domain::FieldsThatDiffer(without_rules, other_without_rules),
                  changes, *first, *second);
  return kDone;
}

}  // namespace chipledger::cli
