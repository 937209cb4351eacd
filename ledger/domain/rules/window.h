// Dimension 4 of a rule: the span over which a total runs.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_RULES_WINDOW_H_
#define CHIPLEDGER_LEDGER_DOMAIN_RULES_WINDOW_H_

#include <cstdint>
#include <optional>
#include <string>

#include "chipledger/v1/policy.pb.h"
#include "ledger/base/date.h"
#include "ledger/domain/check.h"

namespace chipledger::domain {

// A half-open span of dates [from, to) and what names it.
struct WindowSpan {
  Date from = Date::Min();
  Date to = Date::Max();
  // Names the window in a TotalKey: `from` in days, 0 for one without a start.
  int32_t start_key = 0;
  bool open = false;
};

// The window of a rule; see v1::Window. Immutable.
struct CompiledWindow {
  v1::Window::KindCase kind = v1::Window::KIND_NOT_SET;
  // For a fixed window.
  WindowSpan fixed;

  // Whether each order is tested by itself, and nothing adds up.
  bool IsPerOrder() const { return kind == v1::Window::kPerOrder; }
  // Whether a total runs from the grant of its license on.
  bool IsOfAuthorization() const {
    return kind == v1::Window::kValidityOfAuthorization;
  }
  // Returns the window that a fact of this date belongs to, if any. For the
  // validity of an authorization `granted` is its grant date; unset: the fact
  // has none, and belongs to no window.
  std::optional<WindowSpan> Of(Date date, std::optional<Date> granted) const;
  // The first date of a window as evidence names it; empty for those without.
  std::string StartText(int32_t start_key) const;
};

// `path` is the window's.
void CheckWindow(const v1::Policy& policy, const v1::Rule& rule,
                 const std::string& path, FieldChecks& checks);
CompiledWindow CompileWindow(const v1::Window& window);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_RULES_WINDOW_H_
