#include "client/cli/class_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/catalog/classify.h"
#include "client/catalog/tpp.h"
#include "client/cli/print.h"
#include "client/cli/table.h"
#include "client/cli/terminal.h"
#include "ledger/base/decimal.h"

namespace chipledger::cli {
namespace {

using v1::ClassReport;

std::string AnswerText(ClassReport::Answer answer) {
  return FormatEnum(answer, "ANSWER_");
}

// A decimal with thousands separators, or "unknown".
std::string FigureText(const std::string& decimal) {
  const auto value = ParseDecimal(decimal, catalog::kScale);
  return value ? FormatDecimalForPeople(*value, catalog::kScale) : "unknown";
}

std::string TppText(const ClassReport& report) {
  if (report.rates().empty()) {
    return absl::StrCat("TPP: ", FigureText(report.tpp()), "\n");
  }
  std::string text;
  for (const ClassReport::RateTpp& rate : report.rates()) {
    absl::StrAppend(&text, catalog::RateText(rate.rate()),
                    rate.rate().sparse() ? " / 2 = " : " = ",
                    FigureText(rate.tpp()), "\n");
  }
  return absl::StrCat(text, "TPP: ", FigureText(report.tpp()),
                      report.rates_size() > 1 ? ", the highest\n" : "\n");
}

std::string DensityText(const ClassReport& report) {
  const std::string die = FigureText(report.die_area_mm2());
  if (report.density().empty()) {
    return absl::StrCat("Performance density: unknown; TPP ",
                        FigureText(report.tpp()), ", die area ", die,
                        die == "unknown" ? "" : " mm2", "\n");
  }
  return absl::StrCat("Performance density: ", FigureText(report.tpp()),
                      " TPP / ", die, " mm2 = ", FigureText(report.density()),
                      ", rounded down\n");
}

std::string TestsText(const ClassReport& report) {
  Table table({"LINE", "MET", "BECAUSE"});
  for (const ClassReport::Test& test : report.tests()) {
    std::vector<std::string> conditions;
    for (const ClassReport::Condition& condition : test.conditions()) {
      conditions.push_back(
          absl::StrCat(condition.text(), ": ", AnswerText(condition.answer())));
    }
    table.AddRow({test.paragraph(), AnswerText(test.answer()),
                  absl::StrJoin(conditions, "; ")});
  }
  return table.ToString();
}

// "tpp" and "die_area_mm2" as people say it.
std::string MissingText(const ClassReport& report) {
  return absl::StrJoin(report.missing(), " and ",
                       [](std::string* out, const std::string& name) {
                         out->append(name == "tpp" ? "TPP" : "die area");
                       });
}

std::string ClassText(const ClassReport& report) {
  switch (report.classified()) {
    case ClassReport::ANSWER_YES:
      return report.classification();
    case ClassReport::ANSWER_NO:
      return "none";
    default:
      return "cannot be told";
  }
}

// What decided, or what is missing.
std::string ReasonText(const ClassReport& report) {
  if (report.classified() == ClassReport::ANSWER_UNKNOWN) {
    return absl::StrCat("may be ", catalog::PossibleText(report),
                        "; not known: ", MissingText(report));
  }
  return report.decided_by().empty()
             ? "meets no line"
             : absl::StrCat(
                   report.classification().empty() ? "freed by " : "meets ",
                   report.decided_by());
}

}  // namespace

std::string ClassReportText(const ClassReport& report) {
  std::string text;
  if (!report.product_code().empty()) {
    absl::StrAppend(&text, OneLine(report.product_code()), "\n");
  }
  absl::StrAppend(&text, TppText(report), DensityText(report),
                  TestsText(report), "Class: ", OneLine(ClassText(report)),
                  " (", OneLine(ReasonText(report)), ")\n");
  if (!report.stated_classification().empty()) {
    absl::StrAppend(&text, "The catalog states: ",
                    OneLine(report.stated_classification()), "\n");
  }
  if (!report.note().empty()) {
    absl::StrAppend(&text, "Note: ", OneLine(report.note()), "\n");
  }
  return text;
}

std::string ClassReportsTable(const std::vector<ClassReport>& reports) {
  Table table({"PRODUCT", "TPP/GPU>", "DIE MM2>", "DENSITY>", "CLASS",
               "BECAUSE", "STATED"});
  for (const ClassReport& report : reports) {
    table.AddRow({report.product_code(), FigureText(report.tpp()),
                  FigureText(report.die_area_mm2()),
                  FigureText(report.density()), ClassText(report),
                  ReasonText(report),
                  report.stated_classification().empty()
                      ? "-"
                      : report.stated_classification()});
  }
  return table.ToString();
}

}  // namespace chipledger::cli
