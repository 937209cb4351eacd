// The shapes of commands about products, parties, country groups, holidays,
// declarations and policies.
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "ledger/base/date.h"
#include "ledger/base/limits.h"
#include "ledger/domain/check_internal.h"
#include "ledger/domain/rules/policy.h"

namespace chipledger::domain {
namespace {

// Checks that the dates of a dated list ascend; the first may be unset.
template <typename List>
void CheckAscendingDates(const List& list, absl::string_view path,
                         FieldChecks& checks) {
  for (int i = 0; i < list.size(); ++i) {
    checks.Date(list[i].effective_from(), i > 0, At(path, i, "effective_from"));
    // ISO dates sort as text, and an unset date before all.
    if (i > 0 && list[i].effective_from() <= list[i - 1].effective_from()) {
      checks.Add(At(path, i, "effective_from"),
                 absl::StrCat(Quote(list[i].effective_from()),
                              " is not after the one before it"));
    }
  }
}

void CheckHolidays(const google::protobuf::RepeatedPtrField<std::string>& dates,
                   absl::string_view path, FieldChecks& checks) {
  checks.Count(static_cast<size_t>(dates.size()), 0,
               limits::kMaxHolidaysPerChange, path);
  for (int i = 0; i < dates.size(); ++i) {
    checks.Date(dates[i], true, absl::StrCat(path, "[", i, "]"));
  }
}

}  // namespace

absl::Status CheckProduct(const v1::Product& product) {
  FieldChecks checks;
  checks.Printable(product.product_code(), limits::kMaxProductCodeBytes, true,
                   "product.product_code");
  checks.Text(product.title(), limits::kMaxNameBytes, false, "product.title");
  checks.Text(product.manufacturer(), limits::kMaxNameBytes, false,
              "product.manufacturer");
  checks.Quantity(product.gpus_per_unit(), limits::kMaxGpusPerUnit,
                  "product.gpus_per_unit");
  if (product.has_milli_tpp_per_gpu()) {
    checks.Amount(product.milli_tpp_per_gpu(), limits::kMaxMilliTppPerGpu,
                  "product.milli_tpp_per_gpu");
  }
  checks.Text(product.classification(), limits::kMaxNameBytes, false,
              "product.classification");
  if (product.has_memory_bandwidth_mb_s() &&
      product.memory_bandwidth_mb_s() < 0) {
    checks.Add("product.memory_bandwidth_mb_s",
               absl::StrCat(product.memory_bandwidth_mb_s(), " is negative"));
  }
  checks.Text(product.source(), limits::kMaxTextBytes, true, "product.source");
  checks.Date(product.effective_from(), false, "product.effective_from");
  return checks.ToStatus();
}

absl::Status CheckParty(const v1::Party& party) {
  FieldChecks checks;
  checks.Slug(party.party_id(), limits::kMaxPartyIdBytes, "party.party_id");
  checks.Text(party.name(), limits::kMaxNameBytes, true, "party.name");
  for (int i = 0; i < party.headquarters_size(); ++i) {
    checks.Country(party.headquarters(i).country(),
                   At("party.headquarters", i, "country"));
  }
  CheckAscendingDates(party.headquarters(), "party.headquarters", checks);
  for (int i = 0; i < party.ultimate_parents_size(); ++i) {
    const std::string field = At("party.ultimate_parents", i, "party_id");
    checks.Slug(party.ultimate_parents(i).party_id(), limits::kMaxPartyIdBytes,
                field);
    if (party.ultimate_parents(i).party_id() == party.party_id()) {
      checks.Add(field, "is the party itself; leave ultimate_parents unset");
    }
  }
  CheckAscendingDates(party.ultimate_parents(), "party.ultimate_parents",
                      checks);
  checks.Text(party.source(), limits::kMaxTextBytes, false, "party.source");
  return checks.ToStatus();
}

absl::Status CheckGroupChange(const v1::ChangeCountryGroup& command) {
  FieldChecks checks;
  checks.Id(command.group_id(), limits::kMaxGroupIdBytes, "group_id");
  if (command.changes_size() > static_cast<int>(limits::kMaxCountriesPerList)) {
    checks.Add("changes",
               absl::StrCat(command.changes_size(), " changes are more than ",
                            limits::kMaxCountriesPerList));
  }
  for (int i = 0; i < command.changes_size(); ++i) {
    const v1::MembershipChange& change = command.changes(i);
    checks.Country(change.country(), At("changes", i, "country"));
    if (change.kind() != v1::MembershipChange::KIND_JOIN &&
        change.kind() != v1::MembershipChange::KIND_LEAVE) {
      checks.Add(At("changes", i, "kind"), "is neither join nor leave");
    }
    checks.Date(change.effective_date(), false,
                At("changes", i, "effective_date"));
  }
  checks.Text(command.reason(), limits::kMaxTextBytes, false, "reason");
  return checks.ToStatus();
}

absl::Status CheckAdoption(const v1::AdoptPolicy& command) {
  return CheckPolicy(command.policy(), "policy");
}

absl::Status CheckPolicyAmendment(const v1::AmendPolicy& command) {
  FieldChecks checks;
  for (const FieldViolation& violation :
       GetFieldViolations(CheckPolicy(command.policy(), "policy"))) {
    checks.Add(violation.field, violation.description);
  }
  checks.Date(command.effective_date(), true, "effective_date");
  checks.Text(command.reason(), limits::kMaxTextBytes, true, "reason");
  return checks.ToStatus();
}

absl::Status CheckRescission(const v1::RescindPolicy& command) {
  FieldChecks checks;
  checks.Slug(command.policy_id(), limits::kMaxPolicyIdBytes, "policy_id");
  checks.Date(command.effective_date(), true, "effective_date");
  checks.Text(command.reason(), limits::kMaxTextBytes, true, "reason");
  return checks.ToStatus();
}

absl::Status CheckHolidayChange(const v1::ChangeHolidays& command) {
  FieldChecks checks;
  checks.Printable(command.calendar_id(), limits::kMaxCalendarIdBytes, true,
                   "calendar_id");
  CheckHolidays(command.add_dates(), "add_dates", checks);
  CheckHolidays(command.remove_dates(), "remove_dates", checks);
  if (command.add_dates().empty() && command.remove_dates().empty()) {
    checks.Add("add_dates", "or remove_dates is required");
  }
  const std::set<std::string> added(command.add_dates().begin(),
                                    command.add_dates().end());
  for (int i = 0; i < command.remove_dates_size(); ++i) {
    if (added.contains(command.remove_dates(i))) {
      checks.Add(absl::StrCat("remove_dates[", i, "]"),
                 absl::StrCat(Quote(command.remove_dates(i)),
                              " is among add_dates too"));
    }
  }
  checks.Text(command.reason(), limits::kMaxTextBytes, true, "reason");
  return checks.ToStatus();
}

absl::Status CheckDeclaration(const v1::DeclareCompute& command) {
  FieldChecks checks;
  checks.Slug(command.party(), limits::kMaxPartyIdBytes, "party");
  checks.Date(command.effective_date(), true, "effective_date");
  checks.Count(static_cast<size_t>(command.lines_size()), 0,
               limits::kMaxLinesPerDeclaration, "lines");
  for (int i = 0; i < command.lines_size(); ++i) {
    const v1::DeclareCompute::Line& line = command.lines(i);
    checks.Country(line.country(), At("lines", i, "country"));
    checks.Text(line.classification(), limits::kMaxNameBytes, false,
                At("lines", i, "classification"));
    checks.Amount(line.gpus(), limits::kMaxQuantityUnits,
                  At("lines", i, "gpus"));
    checks.Amount(line.milli_tpp(), limits::kMaxDeclaredMilliTpp,
                  At("lines", i, "milli_tpp"));
    checks.Amount(line.units(), limits::kMaxQuantityUnits,
                  At("lines", i, "units"));
    if (line.product_code().empty()) {
      if (line.units() != 0) {
        checks.Add(At("lines", i, "units"), "goes with product_code");
      }
      continue;
    }
    checks.Printable(line.product_code(), limits::kMaxProductCodeBytes, true,
                     At("lines", i, "product_code"));
    if (!line.classification().empty() || line.gpus() != 0 ||
        line.milli_tpp() != 0) {
      checks.Add(
          absl::StrCat("lines[", i, "]"),
          "names a product and states classification, gpus or milli_tpp, "
          "which are then the catalog's: leave them out");
    }
  }
  checks.Text(command.source(), limits::kMaxTextBytes, true, "source");
  return checks.ToStatus();
}

absl::Status CheckTotalsReport(const v1::ReportTotals& command) {
  FieldChecks checks;
  checks.Slug(command.policy_id(), limits::kMaxPolicyIdBytes, "policy_id");
  checks.Date(command.date(), true, "date");
  return checks.ToStatus();
}

absl::Status CheckBackfill(const v1::RecordBackfill& command) {
  FieldChecks checks;
  checks.Slug(command.policy_id(), limits::kMaxPolicyIdBytes, "policy_id");
  for (int i = 0; i < command.amounts_size(); ++i) {
    const v1::RecordBackfill::Amount& amount = command.amounts(i);
    checks.Date(amount.date(), true, At("amounts", i, "date"));
    checks.Date(amount.window_start(), false, At("amounts", i, "window_start"));
  }
  return checks.ToStatus();
}

}  // namespace chipledger::domain
