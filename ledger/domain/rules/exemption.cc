#include "ledger/domain/rules/exemption.h"

#include "absl/strings/str_cat.h"
#include "ledger/base/limits.h"
#include "ledger/domain/catalog.h"
#include "ledger/domain/rules/check_lists.h"
#include "ledger/domain/rules/fact.h"

namespace chipledger::domain {

bool CompiledExemption::Exempts(const Catalog& catalog,
                                const CompiledPolicy& policy, const Fact& fact,
                                const CountedItem& item) const {
  if (!Admits(authorization_kinds, fact.authorization_kind)) return false;
  if (fact.date < from || fact.date >= before) return false;
  if (items && !items->Matches(item.Traits())) return false;
  if (!parties.empty() && !AnyReceiver(fact, [&](absl::string_view party) {
        return Admits(parties, party) ||
               Admits(parties, catalog.UltimateParentOf(party, fact.date));
      })) {
    return false;
  }
  return !where || Selects(catalog, policy, *where, fact);
}

void CheckExemption(const v1::Exemption& exemption, const std::string& path,
                    FieldChecks& checks) {
  v1::Exemption selects = exemption;
  selects.clear_citation();
  if (selects.ByteSizeLong() == 0) {
    checks.Add(path, "exempts everything; set what it exempts");
  }
  CheckKinds(exemption.authorization_kinds(), v1::AuthorizationKind_IsValid,
             absl::StrCat(path, ".authorization_kinds"), checks);
  CheckItemFilter(exemption.items(), absl::StrCat(path, ".items"), checks);
  checks.Date(exemption.before(), false, absl::StrCat(path, ".before"));
  checks.Date(exemption.from(), false, absl::StrCat(path, ".from"));
  if (!exemption.from().empty() && !exemption.before().empty() &&
      exemption.before() <= exemption.from()) {
    checks.Add(absl::StrCat(path, ".before"), "is not after from");
  }
  CheckSlugs(exemption.parties(), limits::kMaxPartyIdBytes,
             absl::StrCat(path, ".parties"), checks);
  CheckFactFilter(exemption.where(), absl::StrCat(path, ".where"), checks);
  checks.Text(exemption.citation(), limits::kMaxTextBytes, false,
              absl::StrCat(path, ".citation"));
}

CompiledExemption CompileExemption(const v1::Exemption& exemption) {
  CompiledExemption compiled{
      .authorization_kinds = {exemption.authorization_kinds().begin(),
                              exemption.authorization_kinds().end()},
      .from = Date::ParseOr(exemption.from(), Date::Min()),
      .before = Date::ParseOr(exemption.before(), Date::Max()),
      .parties = {exemption.parties().begin(), exemption.parties().end()}};
  if (exemption.has_items()) {
    compiled.items = CompileItemFilter(exemption.items());
  }
  if (exemption.has_where()) {
    compiled.where = CompileFactFilter(exemption.where());
  }
  return compiled;
}

}  // namespace chipledger::domain
