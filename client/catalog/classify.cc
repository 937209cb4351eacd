#include "client/catalog/classify.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "client/catalog/tpp.h"
#include "ledger/base/decimal.h"

namespace chipledger::catalog {
namespace {

using v1::ClassReport;
using Answer = ClassReport::Answer;

constexpr Answer kYes = ClassReport::ANSWER_YES;
constexpr Answer kNo = ClassReport::ANSWER_NO;
constexpr Answer kUnknown = ClassReport::ANSWER_UNKNOWN;

Answer AnswerOf(bool holds) { return holds ? kYes : kNo; }

Answer Not(Answer answer) {
  if (answer == kUnknown) return kUnknown;
  return AnswerOf(answer == kNo);
}

// No as soon as one of two is; what is unknown cannot change that.
Answer Both(Answer a, Answer b) {
  if (a == kNo || b == kNo) return kNo;
  return a == kYes && b == kYes ? kYes : kUnknown;
}

Answer Either(Answer a, Answer b) { return Not(Both(Not(a), Not(b))); }

std::string FigureText(const std::optional<int64_t>& value) {
  return value ? FormatDecimalForPeople(*value, kScale) : "unknown";
}

// Rounded down, so that what is below a bound never reads as if it met it.
std::optional<int64_t> MilliDensity(const Figures& figures) {
  if (!figures.milli_tpp || !figures.milli_area) return std::nullopt;
  return CheckedMulDiv(*figures.milli_tpp, 1'000, *figures.milli_area);
}

Answer TppIsAtLeast(const Figures& figures, int64_t bound) {
  if (!figures.milli_tpp) return kUnknown;
  return AnswerOf(*figures.milli_tpp >= bound);
}

Answer DensityIsAtLeast(const Figures& figures, int64_t bound) {
  if (!figures.milli_tpp || !figures.milli_area) return kUnknown;
  return AnswerOf(static_cast<__int128>(*figures.milli_tpp) * 1'000 >=
                  static_cast<__int128>(bound) * *figures.milli_area);
}

// Writes the comparisons of one line or exception.
class Conditions {
 public:
  Conditions(const Figures& figures, ClassReport::Test& test)
      : figures_(figures), test_(test) {
    test_.set_answer(kYes);
  }

  void Tpp(const std::string& min, const std::string& below) {
    Bounds("TPP", figures_.milli_tpp, min, below, TppIsAtLeast);
  }
  void Density(const std::string& min, const std::string& below) {
    Bounds("density", MilliDensity(figures_), min, below, DensityIsAtLeast);
  }
  void Add(const std::string& text, Answer answer) {
    ClassReport::Condition& condition = *test_.add_conditions();
    condition.set_text(text);
    condition.set_answer(answer);
    test_.set_answer(Both(test_.answer(), answer));
  }

 private:
  // Bounds that are not set compare nothing.
  void Bounds(absl::string_view name, const std::optional<int64_t>& value,
              const std::string& min, const std::string& below,
              Answer (*is_at_least)(const Figures&, int64_t)) {
    const std::string figure = absl::StrCat(name, " ", FigureText(value));
    if (const auto bound = ParseDecimal(min, kScale)) {
      Add(absl::StrCat(figure, " >= ", FigureText(bound)),
          is_at_least(figures_, *bound));
    }
    if (const auto bound = ParseDecimal(below, kScale)) {
      Add(absl::StrCat(figure, " < ", FigureText(bound)),
          Not(is_at_least(figures_, *bound)));
    }
  }

  const Figures& figures_;
  ClassReport::Test& test_;
};

void TestException(const Figures& figures, const v1::ClassException& exception,
                   ClassReport::Test& test) {
  test.set_paragraph(exception.title());
  Conditions conditions(figures, test);
  if (exception.not_for_data_centers()) {
    conditions.Add("not for data centers",
                   AnswerOf(figures.not_for_data_centers));
  }
  conditions.Tpp("", exception.below_tpp());
}

const std::string& ClassificationOf(const v1::ProductClass& one,
                                    const Figures& figures) {
  return figures.assembly && !one.assembly_classification().empty()
             ? one.assembly_classification()
             : one.classification();
}

void TestLine(const Figures& figures, const v1::ProductClass& one,
              const v1::ClassLine& line, ClassReport::Test& test) {
  test.set_paragraph(line.paragraph());
  test.set_classification(ClassificationOf(one, figures));
  Conditions conditions(figures, test);
  conditions.Tpp(line.min_tpp(), line.below_tpp());
  conditions.Density(line.min_density(), line.below_density());
}

// A class that may hold or does, and the line by which it does.
struct Candidate {
  std::string classification;
  Answer answer = kNo;
  std::string by;
};

// The classes that are not ruled out, up to the first that holds.
std::vector<Candidate> CandidatesOf(const ClassReport& report) {
  std::vector<Candidate> candidates;
  for (const ClassReport::Test& test : report.tests()) {
    if (test.classification().empty() || test.answer() == kNo) continue;
    if (candidates.empty() ||
        candidates.back().classification != test.classification()) {
      if (!candidates.empty() && candidates.back().answer == kYes) break;
      candidates.push_back({.classification = test.classification()});
    }
    Candidate& candidate = candidates.back();
    if (test.answer() == kYes && candidate.answer != kYes) {
      candidate.by = test.paragraph();
    }
    candidate.answer = Either(candidate.answer, test.answer());
  }
  return candidates;
}

// Whether an exception holds; `by` is then its title.
Answer IsExcepted(const ClassReport& report, std::string& by) {
  Answer excepted = kNo;
  for (const ClassReport::Test& test : report.tests()) {
    if (!test.classification().empty()) continue;
    if (test.answer() == kYes && excepted != kYes) by = test.paragraph();
    excepted = Either(excepted, test.answer());
  }
  return excepted;
}

void SetUnknown(const Figures& figures, Answer excepted,
                const std::vector<Candidate>& candidates, ClassReport& report) {
  report.set_classified(kUnknown);
  for (const Candidate& candidate : candidates) {
    report.add_possible_classifications(candidate.classification);
  }
  report.set_possibly_none(excepted == kUnknown ||
                           candidates.back().answer != kYes);
  if (!figures.milli_tpp) report.add_missing("tpp");
  if (!figures.milli_area) report.add_missing("die_area_mm2");
}

void Decide(const Figures& figures, ClassReport& report) {
  std::string exception;
  const Answer excepted = IsExcepted(report, exception);
  const std::vector<Candidate> candidates = CandidatesOf(report);
  if (excepted == kYes || candidates.empty()) {
    report.set_classified(kNo);
    report.set_decided_by(exception);
  } else if (excepted == kNo && candidates.front().answer == kYes) {
    report.set_classified(kYes);
    report.set_classification(candidates.front().classification);
    report.set_decided_by(candidates.front().by);
  } else {
    SetUnknown(figures, excepted, candidates, report);
  }
}

}  // namespace

ClassReport Classify(const Figures& figures, const v1::ClassTable& table) {
  ClassReport report;
  const auto set = [](const std::optional<int64_t>& value, std::string* field) {
    if (value) *field = FormatDecimal(*value, kScale);
  };
  set(figures.milli_tpp, report.mutable_tpp());
  set(figures.milli_area, report.mutable_die_area_mm2());
  set(MilliDensity(figures), report.mutable_density());
  report.set_not_for_data_centers(figures.not_for_data_centers);
  report.set_assembly(figures.assembly);
  for (const v1::ClassException& exception : table.exceptions()) {
    TestException(figures, exception, *report.add_tests());
  }
  for (const v1::ProductClass& one : table.classes()) {
    for (const v1::ClassLine& line : one.lines()) {
      TestLine(figures, one, line, *report.add_tests());
    }
  }
  Decide(figures, report);
  return report;
}

std::string PossibleText(const ClassReport& report) {
  std::vector<std::string> names(report.possible_classifications().begin(),
                                 report.possible_classifications().end());
  if (report.possibly_none()) names.push_back("none");
  return absl::StrJoin(names, " or ");
}

}  // namespace chipledger::catalog
