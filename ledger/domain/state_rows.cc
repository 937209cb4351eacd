// The state as rows: what a mark stores, and what a state is restored from.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/dated_rows.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/rules/group_key.h"
#include "ledger/domain/state.h"

namespace chipledger::domain {
namespace {

using storage::v1::StateRow;

void FillTotal(const TotalKey& key, const Total& total,
               storage::v1::TotalRow& row) {
  row.set_key(key.bytes().data(), key.bytes().size());
  row.set_used(total.sum.used);
  row.set_reserved(total.sum.reserved);
  row.set_unmeasured_gpus(total.sum.unmeasured_gpus);
  FillSteps(total.by_date, *row.mutable_date_steps());
  FillPart(total.by_date, &Amounts::used, *row.mutable_used_by_date());
  FillPart(total.by_date, &Amounts::reserved, *row.mutable_reserved_by_date());
  FillPart(total.by_date, &Amounts::unmeasured_gpus,
           *row.mutable_unmeasured_by_date());
}

Total TotalOf(const storage::v1::TotalRow& row) {
  std::vector<DatedSums<Amounts>::Day> days = DaysOf<Amounts>(row.date_steps());
  TakePart(row.used_by_date(), &Amounts::used, days);
  TakePart(row.reserved_by_date(), &Amounts::reserved, days);
  TakePart(row.unmeasured_by_date(), &Amounts::unmeasured_gpus, days);
  return {.sum = {.used = row.used(),
                  .reserved = row.reserved(),
                  .unmeasured_gpus = row.unmeasured_gpus()},
          .by_date = DatedSums<Amounts>(std::move(days))};
}

// Moves the entries into a row, as steps.
template <typename Steps>
void TakeEntries(std::vector<uint64_t>& entries, Steps& steps) {
  steps.Reserve(static_cast<int>(entries.size()));
  uint64_t last = 0;
  for (const uint64_t index : entries) {
    steps.Add(index - last);
    last = index;
  }
  entries.clear();
}

std::shared_ptr<const ReservationState> ReservationOf(
    const storage::v1::ReservationRow& row) {
  auto reservation = std::make_shared<ReservationState>();
  reservation->index = row.index();
  reservation->shipment = row.shipment();
  reservation->expire_time_ns = row.expire_time_ns();
  reservation->held = row.held();
  return reservation;
}

}  // namespace

// To rows --------------------------------------------------------------------

std::vector<StateRow> State::TakeMark() {
  std::vector<StateRow> rows;
  TakeTotalRows(rows);
  TakeLicenseRows(rows);
  for (const uint64_t index : touched_since_mark_.shipments) {
    const auto found = shipments_.find(index);
    if (found == shipments_.end()) continue;
    *rows.emplace_back().mutable_shipment() = found->second.ToRow(index);
  }
  TakeCatalogRows(rows);
  TakeRegisterRows(rows);
  touched_since_mark_ = Touched();
  return rows;
}

void State::TakeTotalRows(std::vector<StateRow>& rows) {
  for (const TotalKey& key : touched_since_mark_.totals) {
    const auto found = totals_.find(key);
    if (found == totals_.end() || found->second.entries.empty()) continue;
    storage::v1::TotalRow& row = *rows.emplace_back().mutable_total();
    FillTotal(key, found->second.total, row);
    TakeEntries(found->second.entries, *row.mutable_entry_steps());
  }
}

void State::TakeLicenseRows(std::vector<StateRow>& rows) {
  for (const std::string& id : touched_since_mark_.licenses) {
    const auto found = licenses_.find(id);
    if (found == licenses_.end() || found->second.entries.empty()) continue;
    storage::v1::LicenseRow& row = *rows.emplace_back().mutable_license();
    row = found->second.license->ToRow();
    TakeEntries(found->second.entries, *row.mutable_entry_steps());
  }
}

void State::TakeCatalogRows(std::vector<StateRow>& rows) {
  const Catalog& catalog = registers_.catalog;
  // What a rolled back request touched may not be there.
  for (const std::string& code : touched_since_mark_.products) {
    const auto* product = catalog.products.Find(code);
    if (product == nullptr) continue;
    auto& revisions =
        *rows.emplace_back().mutable_product()->mutable_revisions();
    revisions.Add((*product)->revisions().begin(),
                  (*product)->revisions().end());
  }
  for (const std::string& id : touched_since_mark_.parties) {
    const auto* party = catalog.parties.Find(id);
    if (party != nullptr) *rows.emplace_back().mutable_party() = **party;
  }
  for (const std::string& id : touched_since_mark_.groups) {
    const auto* group = catalog.groups.Find(id);
    if (group == nullptr) continue;
    *rows.emplace_back().mutable_country_group() = (*group)->proto();
  }
  for (const std::string& id : touched_since_mark_.policies) {
    // An amendment changes the versions before it.
    for (const auto& policy : catalog.policies) {
      if (policy->policy_id() != id) continue;
      *rows.emplace_back().mutable_policy() = policy->adopted;
    }
  }
  for (const std::string& id : touched_since_mark_.calendars) {
    const auto* calendar = catalog.calendars.Find(id);
    if (calendar == nullptr) continue;
    *rows.emplace_back().mutable_holiday_calendar() = **calendar;
  }
}

void State::TakeRegisterRows(std::vector<StateRow>& rows) {
  for (const uint64_t index : touched_since_mark_.reservations) {
    storage::v1::ReservationRow& row =
        *rows.emplace_back().mutable_reservation();
    row.set_index(index);
    const auto* reservation = registers_.reservations.Find(index);
    if (reservation == nullptr) continue;
    *row.mutable_shipment() = (*reservation)->shipment;
    row.set_expire_time_ns((*reservation)->expire_time_ns);
    *row.mutable_held() = (*reservation)->held;
  }
  for (const std::string& id : touched_since_mark_.applications) {
    const auto* application = registers_.applications.Find(id);
    if (application == nullptr) continue;
    *rows.emplace_back().mutable_application() = **application;
  }
  for (const std::string& party_id : touched_since_mark_.declarations) {
    const uint64_t* index = registers_.declarations.Find(party_id);
    if (index == nullptr) continue;
    storage::v1::DeclarationRow& row =
        *rows.emplace_back().mutable_declaration();
    row.set_party_id(party_id);
    row.set_index(*index);
  }
  for (const std::string& key : touched_since_mark_.fact_dates) {
    storage::v1::FactDateRow& row = *rows.emplace_back().mutable_fact_date();
    row.set_subject_and_date(key);
    const FactsOnDate* facts = registers_.fact_dates.Find(key);
    if (facts == nullptr) continue;
    row.mutable_indexes()->Add(facts->indexes.begin(), facts->indexes.end());
    row.set_has_more(facts->has_more);
  }
  for (const std::string& party_id : touched_since_mark_.party_conditions) {
    const auto* conditions = registers_.party_conditions.Find(party_id);
    if (conditions == nullptr) continue;
    *rows.emplace_back().mutable_party_conditions() = **conditions;
  }
  for (const std::string& key : touched_since_mark_.reports) {
    const uint64_t* index = registers_.reports.Find(key);
    if (index == nullptr) continue;
    storage::v1::ReportRow& row = *rows.emplace_back().mutable_report();
    row.set_policy_and_date(key);
    row.set_index(*index);
  }
  if (touched_since_mark_.latest_fact_date && registers_.latest_fact_date) {
    rows.emplace_back().mutable_ledger()->set_latest_fact_date(
        registers_.latest_fact_date->days());
  }
}

// From rows ------------------------------------------------------------------

absl::Status State::RestoreRow(const StateRow& row) {
  Catalog& catalog = registers_.catalog;
  switch (row.kind_case()) {
    case StateRow::kTotal:
      return RestoreTotal(row.total());
    case StateRow::kLicense:
      licenses_[row.license().license().license_id()].license =
          std::make_shared<LicenseState>(LicenseState::FromRow(row.license()));
      return absl::OkStatus();
    case StateRow::kShipment:
      shipments_[row.shipment().index()] =
          ShipmentState::FromRow(row.shipment());
      return absl::OkStatus();
    case StateRow::kProduct: {
      const auto& revisions = row.product().revisions();
      if (revisions.empty()) break;
      catalog.products.Set(
          revisions[0].product_code(),
          std::make_shared<DatedProduct>(
              std::vector<v1::Product>(revisions.begin(), revisions.end())));
      return absl::OkStatus();
    }
    case StateRow::kParty:
      catalog.parties.Set(row.party().party_id(),
                          std::make_shared<v1::Party>(row.party()));
      return absl::OkStatus();
    case StateRow::kCountryGroup:
      catalog.groups.Set(row.country_group().group_id(),
                         std::make_shared<DatedGroup>(row.country_group()));
      return absl::OkStatus();
    case StateRow::kHolidayCalendar:
      catalog.calendars.Set(
          row.holiday_calendar().calendar_id(),
          std::make_shared<v1::HolidayCalendar>(row.holiday_calendar()));
      return absl::OkStatus();
    case StateRow::kPolicy:
      restored_policies_.push_back(row.policy());
      return absl::OkStatus();
    default:
      return RestoreRegisterRow(row);
  }
  return DataDamaged(size_, "a stored product has no revision");
}

absl::Status State::RestoreRegisterRow(const StateRow& row) {
  switch (row.kind_case()) {
    case StateRow::kReservation: {
      // One that holds nothing any more has a row without a shipment.
      if (!row.reservation().has_shipment()) return absl::OkStatus();
      auto reservation = ReservationOf(row.reservation());
      EnterReservation(*reservation);
      const uint64_t index = reservation->index;
      registers_.reservations.Set(index, std::move(reservation));
      return absl::OkStatus();
    }
    case StateRow::kApplication:
      registers_.applications.Set(
          row.application().application().application_id(),
          std::make_shared<v1::ApplicationView>(row.application()));
      return absl::OkStatus();
    case StateRow::kDeclaration:
      registers_.declarations.Set(row.declaration().party_id(),
                                  row.declaration().index());
      return absl::OkStatus();
    case StateRow::kPartyConditions:
      registers_.party_conditions.Set(
          row.party_conditions().party_id(),
          std::make_shared<storage::v1::PartyConditionsRow>(
              row.party_conditions()));
      return absl::OkStatus();
    case StateRow::kFactDate: {
      const storage::v1::FactDateRow& stored = row.fact_date();
      FactsOnDate facts{
          .indexes = {stored.indexes().begin(), stored.indexes().end()},
          .has_more = stored.has_more()};
      if (!facts.empty()) {
        registers_.fact_dates.Set(stored.subject_and_date(), std::move(facts));
      }
      return absl::OkStatus();
    }
    case StateRow::kReport:
      registers_.reports.Set(row.report().policy_and_date(),
                             row.report().index());
      return absl::OkStatus();
    case StateRow::kLedger:
      registers_.latest_fact_date =
          Date::FromDays(row.ledger().latest_fact_date());
      return absl::OkStatus();
    default:
      return DataDamaged(size_, "a stored row has no kind");
  }
}

absl::Status State::FinishRestore(const storage::v1::Head& head) {
  size_ = head.size();
  ledger_id_ = head.ledger_id();
  std::sort(restored_policies_.begin(), restored_policies_.end(),
            [](const v1::AdoptedPolicy& a, const v1::AdoptedPolicy& b) {
              return a.index() < b.index();
            });
  for (const v1::AdoptedPolicy& adopted : restored_policies_) {
    Catalog& catalog = registers_.catalog;
    const CompiledPolicy* before = nullptr;
    if (adopted.version() > 1) {
      before = catalog.FindAdopted(adopted.amends_index());
      if (before == nullptr) {
        return DataDamaged(
            size_, absl::StrCat("version ", adopted.version(), " of policy ",
                                adopted.policy().policy_id(),
                                " amends none that is stored"));
      }
    }
    catalog.policies.Add(
        CompilePolicy(static_cast<uint32_t>(catalog.policies.size()), adopted,
                      nullptr, before));
  }
  restored_policies_.clear();
  for (const auto& [id, slot] : licenses_) IndexLicense(id);
  return CheckRestoredTotals();
}

absl::Status State::RestoreTotal(const storage::v1::TotalRow& row) {
  std::optional<TotalKey> key = TotalKey::FromBytes(row.key());
  if (!key) return DataDamaged(size_, "a stored total has no key");
  totals_[*std::move(key)].total = TotalOf(row);
  return absl::OkStatus();
}

absl::Status State::CheckRestoredTotals() const {
  const Policies& policies = registers_.catalog.policies;
  for (const auto& [key, slot] : totals_) {
    if (key.policy() >= policies.size() ||
        key.rule() >= policies[key.policy()]->rules.size() ||
        policies[key.policy()]->rules[key.rule()].owner !=
            TotalOwner{key.policy(), key.rule()}) {
      return DataDamaged(
          size_, absl::StrCat("a stored total is of rule ", key.rule(),
                              " of policy ", key.policy(),
                              ", counted from 0, which was never adopted"));
    }
  }
  return absl::OkStatus();
}

}  // namespace chipledger::domain
