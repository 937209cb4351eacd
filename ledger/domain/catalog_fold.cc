#include "ledger/domain/catalog_fold.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ledger/base/status_macros.h"
#include "ledger/domain/check.h"
#include "ledger/domain/errors.h"

namespace chipledger::domain {
namespace {

void FoldProduct(const v1::Product& product, Catalog& catalog) {
  std::vector<v1::Product> revisions;
  if (const auto* known = catalog.products.Find(product.product_code())) {
    revisions = (*known)->revisions();
  }
  revisions.push_back(product);
  catalog.products.Set(product.product_code(),
                       std::make_shared<DatedProduct>(std::move(revisions)));
}

void FoldGroup(const v1::ChangeCountryGroup& command, Catalog& catalog) {
  v1::CountryGroup group;
  if (const auto* known = catalog.groups.Find(command.group_id())) {
    group = (*known)->proto();
  }
  group.set_group_id(command.group_id());
  group.mutable_changes()->MergeFrom(command.changes());
  catalog.groups.Set(command.group_id(),
                     std::make_shared<DatedGroup>(std::move(group)));
}

void FoldHolidays(const v1::ChangeHolidays& command, Catalog& catalog) {
  std::set<std::string> dates;
  if (const auto* known = catalog.calendars.Find(command.calendar_id())) {
    dates.insert((*known)->dates().begin(), (*known)->dates().end());
  }
  dates.insert(command.add_dates().begin(), command.add_dates().end());
  for (const std::string& date : command.remove_dates()) dates.erase(date);
  v1::HolidayCalendar calendar;
  calendar.set_calendar_id(command.calendar_id());
  calendar.mutable_dates()->Add(dates.begin(), dates.end());
  catalog.calendars.Set(
      command.calendar_id(),
      std::make_shared<v1::HolidayCalendar>(std::move(calendar)));
}

absl::Status FoldAdoption(const v1::PolicyAdopted& event, uint64_t index,
                          Registers& registers) {
  const v1::AdoptPolicy& command = event.command();
  const auto from = Date::Parse(command.policy().effective_from());
  if (!from) return DataDamaged(index, "adopts a policy without a date");
  v1::AdoptedPolicy adopted;
  *adopted.mutable_policy() = command.policy();
  adopted.set_index(index);
  adopted.set_version(1);
  adopted.set_mode(command.mode());
  adopted.set_reports_from(event.reports_from());
  // The policy counts from a date of which facts may be in the log already.
  if (registers.latest_fact_date && *registers.latest_fact_date >= *from) {
    adopted.mutable_backfill()->set_through_index(index);
  }
  auto& policies = registers.catalog.policies;
  policies.Add(CompilePolicy(static_cast<uint32_t>(policies.size()), adopted));
  return absl::OkStatus();
}

absl::Status FoldAmendment(const v1::PolicyAmended& event, uint64_t index,
                           Registers& registers) {
  const v1::AmendPolicy& command = event.command();
  Policies& policies = registers.catalog.policies;
  const CompiledPolicy* latest =
      registers.catalog.FindLatestVersion(command.policy().policy_id());
  if (latest == nullptr) return DataDamaged(index, "amends an unknown policy");
  v1::AdoptedPolicy amended;
  *amended.mutable_policy() = command.policy();
  amended.set_index(index);
  amended.set_version(latest->adopted.version() + 1);
  amended.set_mode(command.mode() == v1::ADOPTION_MODE_UNSPECIFIED
                       ? latest->adopted.mode()
                       : command.mode());
  amended.set_amended_from(command.effective_date());
  amended.set_amends_index(latest->adopted.index());
  amended.set_reports_from(event.reports_from());
  auto compiled = CompilePolicy(static_cast<uint32_t>(policies.size()), amended,
                                latest->counts_by, latest);
  for (const auto& version : Policies(policies)) {
    if (version->policy_id() != compiled->policy_id()) continue;
    v1::AdoptedPolicy adopted = version->adopted;
    // ISO dates sort as text.
    if (!adopted.superseded_from().empty() &&
        adopted.superseded_from() <= command.effective_date()) {
      continue;
    }
    adopted.set_superseded_from(command.effective_date());
    policies.Replace(WithStanding(*version, adopted, version->counts_by));
  }
  policies.Add(std::move(compiled));
  return absl::OkStatus();
}

absl::Status FoldRescission(const v1::RescindPolicy& command, uint64_t index,
                            Catalog& catalog) {
  if (catalog.FindPolicy(command.policy_id()) == nullptr) {
    return DataDamaged(index, "rescinds an unknown policy");
  }
  for (const auto& version : Policies(catalog.policies)) {
    if (version->policy_id() != command.policy_id()) continue;
    v1::AdoptedPolicy adopted = version->adopted;
    adopted.set_rescinded_from(command.effective_date());
    catalog.policies.Replace(
        WithStanding(*version, adopted, version->counts_by));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status FoldCatalog(const v1::Event& event, uint64_t index,
                         Registers& registers) {
  Catalog& catalog = registers.catalog;
  switch (event.kind_case()) {
    case v1::Event::kProductRegistered:
      FoldProduct(event.product_registered().command().product(), catalog);
      return absl::OkStatus();
    case v1::Event::kPartyRegistered: {
      const v1::Party& party = event.party_registered().command().party();
      catalog.parties.Set(party.party_id(), std::make_shared<v1::Party>(party));
      return absl::OkStatus();
    }
    case v1::Event::kCountryGroupChanged:
      FoldGroup(event.country_group_changed().command(), catalog);
      return absl::OkStatus();
    case v1::Event::kHolidaysChanged:
      FoldHolidays(event.holidays_changed().command(), catalog);
      return absl::OkStatus();
    case v1::Event::kPolicyAdopted:
      return FoldAdoption(event.policy_adopted(), index, registers);
    case v1::Event::kPolicyAmended:
      return FoldAmendment(event.policy_amended(), index, registers);
    case v1::Event::kPolicyRescinded:
      return FoldRescission(event.policy_rescinded().command(), index, catalog);
    default:
      return absl::OkStatus();
  }
}

absl::Status FoldPolicyFile(const v1::PolicyFile& file, uint64_t index,
                            Registers& registers) {
  for (const v1::Party& party : file.parties()) {
    if (registers.catalog.parties.Find(party.party_id()) != nullptr) continue;
    v1::Command command;
    *command.mutable_register_party()->mutable_party() = party;
    RETURN_IF_ERROR(CheckCommand(command));
    v1::Event event;
    *event.mutable_party_registered()->mutable_command() =
        command.register_party();
    RETURN_IF_ERROR(FoldCatalog(event, index, registers));
  }
  for (const v1::ChangeCountryGroup& change : file.country_groups()) {
    v1::Command command;
    *command.mutable_change_country_group() = change;
    RETURN_IF_ERROR(CheckCommand(command));
    v1::Event event;
    *event.mutable_country_group_changed()->mutable_command() = change;
    RETURN_IF_ERROR(FoldCatalog(event, index, registers));
  }
  return absl::OkStatus();
}

}  // namespace chipledger::domain
