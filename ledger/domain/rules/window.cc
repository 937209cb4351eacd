#include "ledger/domain/rules/window.h"

#include "absl/strings/str_cat.h"
#include "ledger/domain/rules/scope.h"

namespace chipledger::domain {

std::optional<WindowSpan> CompiledWindow::Of(
    Date date, std::optional<Date> granted) const {
  switch (kind) {
    case v1::Window::kFixed:
      if (date < fixed.from || date >= fixed.to) return std::nullopt;
      return fixed;
    case v1::Window::kCalendarYear: {
      const Date from = date.StartOfYear();
      return WindowSpan{
          .from = from, .to = date.StartOfNextYear(), .start_key = from.days()};
    }
    case v1::Window::kCalendarQuarter: {
      const Date from = date.StartOfQuarter();
      return WindowSpan{.from = from,
                        .to = date.StartOfNextQuarter(),
                        .start_key = from.days()};
    }
    case v1::Window::kValidityOfAuthorization:
      if (!granted) return std::nullopt;
      return WindowSpan{.from = *granted, .start_key = granted->days()};
    default:
      // For ever, or each order by itself.
      return WindowSpan{.open = true};
  }
}

std::string CompiledWindow::StartText(int32_t start_key) const {
  return kind == v1::Window::kOpen || IsPerOrder()
             ? std::string()
             : Date::FromDays(start_key).ToString();
}

void CheckWindow(const v1::Policy& policy, const v1::Rule& rule,
                 const std::string& path, FieldChecks& checks) {
  const v1::Window& window = rule.window();
  if (window.kind_case() == v1::Window::KIND_NOT_SET) {
    checks.Add(path,
               "is required: set fixed, calendar_year, calendar_quarter, "
               "validity_of_authorization, per_order or open");
  }
  if (window.has_validity_of_authorization() &&
      !GroupsBy(rule, v1::Scope::GROUP_BY_LICENSE)) {
    checks.Add(absl::StrCat(path, ".validity_of_authorization"),
               "needs scope.group_by GROUP_BY_LICENSE");
  }
  if (!window.has_fixed()) return;
  checks.Date(window.fixed().from(), true, absl::StrCat(path, ".fixed.from"));
  checks.Date(window.fixed().to(), true, absl::StrCat(path, ".fixed.to"));
  if (window.fixed().to() <= window.fixed().from()) {
    checks.Add(absl::StrCat(path, ".fixed.to"), "is not after fixed.from");
  }
  // ISO dates sort as text.
  if (window.fixed().to() <= policy.effective_from() ||
      (!policy.effective_to().empty() &&
       window.fixed().from() >= policy.effective_to())) {
    checks.Add(absl::StrCat(path, ".fixed"),
               "is outside the dates of the policy; nothing would count");
  }
}

CompiledWindow CompileWindow(const v1::Window& window) {
  CompiledWindow compiled{.kind = window.kind_case()};
  if (window.has_fixed()) {
    // Checked at adoption.
    compiled.fixed.from = *Date::Parse(window.fixed().from());
    compiled.fixed.to = *Date::Parse(window.fixed().to());
    compiled.fixed.start_key = compiled.fixed.from.days();
  }
  return compiled;
}

}  // namespace chipledger::domain
