#include "client/catalog/class_table.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/catalog/tpp.h"
#include "ledger/base/decimal.h"
#include "ledger/base/status_macros.h"
#include "ledger/scenario/text_file.h"

namespace chipledger::catalog {
namespace {

using Violations = std::vector<FieldViolation>;

void Require(bool is_there, std::string field, Violations& wrong) {
  if (!is_there) wrong.push_back({std::move(field), "is required"});
}

void CheckBound(const std::string& bound, std::string field,
                Violations& wrong) {
  if (bound.empty()) return;
  const auto value = ParseDecimal(bound, kScale);
  if (value && *value >= 0) return;
  wrong.push_back(
      {std::move(field),
       absl::StrCat("\"", bound,
                    "\" is no decimal of 0 or more with at most three "
                    "decimals")});
}

void CheckLine(const v1::ClassLine& line, const std::string& path,
               Violations& wrong) {
  Require(!line.paragraph().empty(), path + ".paragraph", wrong);
  CheckBound(line.min_tpp(), path + ".min_tpp", wrong);
  CheckBound(line.below_tpp(), path + ".below_tpp", wrong);
  CheckBound(line.min_density(), path + ".min_density", wrong);
  CheckBound(line.below_density(), path + ".below_density", wrong);
  if (line.min_tpp().empty() && line.below_tpp().empty() &&
      line.min_density().empty() && line.below_density().empty()) {
    wrong.push_back({path, "has no bound, so every product would meet it"});
  }
}

void CheckClass(const v1::ProductClass& one, const std::string& path,
                Violations& wrong) {
  Require(!one.classification().empty(), path + ".classification", wrong);
  Require(!one.lines().empty(), path + ".lines", wrong);
  for (int i = 0; i < one.lines_size(); ++i) {
    CheckLine(one.lines(i), absl::StrCat(path, ".lines[", i, "]"), wrong);
  }
}

void CheckException(const v1::ClassException& one, const std::string& path,
                    Violations& wrong) {
  Require(!one.title().empty(), path + ".title", wrong);
  CheckBound(one.below_tpp(), path + ".below_tpp", wrong);
  if (!one.not_for_data_centers() && one.below_tpp().empty()) {
    wrong.push_back({path, "has no condition, so every product would meet it"});
  }
}

}  // namespace

Violations CheckClassTable(const v1::ClassTable& table) {
  Violations wrong;
  Require(!table.citation().empty(), "citation", wrong);
  Require(!table.classes().empty(), "classes", wrong);
  for (int i = 0; i < table.classes_size(); ++i) {
    CheckClass(table.classes(i), absl::StrCat("classes[", i, "]"), wrong);
  }
  for (int i = 0; i < table.exceptions_size(); ++i) {
    CheckException(table.exceptions(i), absl::StrCat("exceptions[", i, "]"),
                   wrong);
  }
  return wrong;
}

absl::StatusOr<v1::ClassTable> ReadClassTable(const std::string& path) {
  v1::ClassTable table;
  scenarios::TextPlaces places;
  RETURN_IF_ERROR(scenarios::ReadTextFile(path, table, &places));
  std::string problems;
  for (const FieldViolation& one : CheckClassTable(table)) {
    absl::StrAppend(&problems, problems.empty() ? "" : "\n",
                    scenarios::FormatViolation(
                        path, places, *v1::ClassTable::descriptor(), one));
  }
  if (!problems.empty()) return absl::InvalidArgumentError(problems);
  return table;
}

}  // namespace chipledger::catalog
