#include "ledger/domain/state.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "ledger/base/decimal.h"
#include "ledger/domain/errors.h"

namespace chipledger::domain {

void Snapshot::Apply(const Delta& delta) {
  for (const auto& [id, total] : delta.totals) totals.Set(id, total);
  for (const auto& license : delta.licenses) {
    licenses.Set(license->license.license_id(), license);
  }
  for (const auto& [index, change] : delta.shipments) {
    shipments.Set(index, change);
  }
  if (delta.catalog) catalog = *delta.catalog;
}

Total State::GetTotal(const TotalId& id) const {
  const auto found = totals_.find(id);
  return found == totals_.end() ? Total() : found->second.total;
}

const LicenseState* State::FindLicense(absl::string_view license_id) const {
  const auto found = licenses_.find(license_id);
  return found == licenses_.end() ? nullptr : found->second.license.get();
}

ShipmentChange State::GetShipmentChange(uint64_t shipment_index) const {
  const auto found = shipments_.find(shipment_index);
  if (found != shipments_.end()) return found->second;
  return ShipmentChange{.content_index = shipment_index};
}

void State::BeginRequest() {
  undo_ = Undo{.size = size_,
               .catalog = catalog_,
               .catalog_rows = catalog_rows_.size(),
               .catalog_changed = catalog_changed_};
}

void State::CommitRequest() { undo_.reset(); }

void State::RollbackRequest() {
  size_ = undo_->size;
  catalog_ = std::move(undo_->catalog);
  catalog_rows_.resize(undo_->catalog_rows);
  catalog_changed_ = undo_->catalog_changed;
  std::reverse(undo_->totals.begin(), undo_->totals.end());
  for (const auto& [id, total] : undo_->totals) {
    if (total) {
      totals_[id].total = *total;
    } else {
      totals_.erase(id);
    }
  }
  std::reverse(undo_->licenses.begin(), undo_->licenses.end());
  for (auto& [id, slot] : undo_->licenses) {
    if (slot.license != nullptr) {
      // With its mark: what was untouched before the request may be shared with
      // a snapshot and with rows that are being written.
      licenses_[id] = std::move(slot);
    } else {
      licenses_.erase(id);
    }
  }
  std::reverse(undo_->shipments.begin(), undo_->shipments.end());
  for (const auto& [index, change] : undo_->shipments) {
    if (change) {
      shipments_[index] = *change;
    } else {
      shipments_.erase(index);
    }
  }
  // Counts are taken back by their opposite, which the undo list does not grow
  // by.
  std::vector<std::pair<Date, int64_t>> fact_dates;
  fact_dates.swap(undo_->fact_dates);
  undo_.reset();
  for (const auto& [date, count] : fact_dates) AddFact(date, -count);
}

std::optional<Date> State::latest_fact_date() const {
  if (fact_dates_.empty()) return std::nullopt;
  return fact_dates_.rbegin()->first;
}

void State::AddFact(Date date, int64_t count) {
  if (undo_) undo_->fact_dates.emplace_back(date, count);
  touched_fact_dates_.insert(date);
  const auto found = fact_dates_.try_emplace(date).first;
  found->second += count;
  if (found->second == 0) fact_dates_.erase(found);
}

bool State::AddToTotal(const TotalId& id, int64_t amount,
                       int64_t unmeasured_gpus) {
  const auto [slot, added] = totals_.try_emplace(id);
  if (undo_) {
    undo_->totals.emplace_back(
        id, added ? std::nullopt : std::optional(slot->second.total));
  }
  const std::optional<int64_t> used =
      CheckedAdd(slot->second.total.used, amount);
  const std::optional<int64_t> unmeasured =
      CheckedAdd(slot->second.total.unmeasured_gpus, unmeasured_gpus);
  if (!used || !unmeasured) return false;
  slot->second.total.used = *used;
  slot->second.total.unmeasured_gpus = *unmeasured;
  if (!slot->second.touched) {
    slot->second.touched = true;
    touched_totals_.push_back(id);
  }
  return true;
}

LicenseState& State::MutableLicense(const std::string& license_id) {
  LicenseSlot& slot = licenses_[license_id];
  if (undo_) undo_->licenses.emplace_back(license_id, slot);
  if (slot.license == nullptr) {
    slot.license = std::make_shared<LicenseState>();
  } else if (!slot.touched || undo_) {
    slot.license = std::make_shared<LicenseState>(*slot.license);
  }
  if (!slot.touched) {
    slot.touched = true;
    touched_licenses_.push_back(license_id);
  }
  return *slot.license;
}

void State::SetShipmentChange(uint64_t shipment_index,
                              const ShipmentChange& change) {
  if (undo_) {
    const auto found = shipments_.find(shipment_index);
    undo_->shipments.emplace_back(shipment_index,
                                  found == shipments_.end()
                                      ? std::nullopt
                                      : std::optional(found->second));
  }
  shipments_[shipment_index] = change;
  touched_shipments_.push_back(shipment_index);
}

Delta State::TakeDelta() {
  Delta delta;
  delta.totals.reserve(touched_totals_.size());
  for (TotalId& id : touched_totals_) {
    const auto found = totals_.find(id);
    if (found == totals_.end() || !found->second.touched) continue;
    found->second.touched = false;
    delta.totals.emplace_back(std::move(id), found->second.total);
  }
  touched_totals_.clear();
  delta.licenses.reserve(touched_licenses_.size());
  for (const std::string& id : touched_licenses_) {
    const auto found = licenses_.find(id);
    if (found == licenses_.end() || !found->second.touched) continue;
    found->second.touched = false;
    delta.licenses.push_back(found->second.license);
  }
  touched_licenses_.clear();
  for (const uint64_t index : touched_shipments_) {
    const auto found = shipments_.find(index);
    if (found == shipments_.end()) continue;
    delta.shipments.emplace_back(index, found->second);
  }
  touched_shipments_.clear();
  for (const Date date : touched_fact_dates_) {
    const auto found = fact_dates_.find(date);
    delta.fact_dates.emplace_back(
        date, found == fact_dates_.end() ? 0 : found->second);
  }
  touched_fact_dates_.clear();
  delta.catalog_rows = std::move(catalog_rows_);
  catalog_rows_.clear();
  if (catalog_changed_) delta.catalog = catalog_;
  catalog_changed_ = false;
  return delta;
}

absl::Status State::RestoreRow(const storage::v1::StateRow& row) {
  switch (row.kind_case()) {
    case storage::v1::StateRow::kTotal:
      restored_totals_.push_back(row.total());
      return absl::OkStatus();
    case storage::v1::StateRow::kLicense:
      licenses_[row.license().license().license_id()].license =
          std::make_shared<LicenseState>(LicenseState::FromRow(row.license()));
      return absl::OkStatus();
    case storage::v1::StateRow::kShipment:
      shipments_[row.shipment().index()] = {
          .revision = row.shipment().revision(),
          .voided = row.shipment().voided(),
          .content_index = row.shipment().content_index()};
      return absl::OkStatus();
    case storage::v1::StateRow::kProduct:
      catalog_.products.Set(row.product().product_code(),
                            std::make_shared<v1::Product>(row.product()));
      return absl::OkStatus();
    case storage::v1::StateRow::kParty:
      catalog_.parties.Set(row.party().party_id(),
                           std::make_shared<v1::Party>(row.party()));
      return absl::OkStatus();
    case storage::v1::StateRow::kCountryGroup:
      catalog_.groups.Set(row.country_group().group_id(),
                          std::make_shared<DatedGroup>(row.country_group()));
      return absl::OkStatus();
    case storage::v1::StateRow::kPolicy:
      restored_policies_.push_back(row.policy());
      return absl::OkStatus();
    case storage::v1::StateRow::kFactDate:
      if (row.fact_date().facts() != 0) {
        fact_dates_[Date::FromDays(row.fact_date().date())] =
            row.fact_date().facts();
      }
      return absl::OkStatus();
    case storage::v1::StateRow::KIND_NOT_SET:
      break;
  }
  return DataDamaged(size_, "a stored row has no kind");
}

absl::Status State::FinishRestore(const storage::v1::Head& head) {
  size_ = head.size();
  ledger_id_ = head.ledger_id();
  std::sort(restored_policies_.begin(), restored_policies_.end(),
            [](const v1::AdoptedPolicy& a, const v1::AdoptedPolicy& b) {
              return a.index() < b.index();
            });
  for (const v1::AdoptedPolicy& adopted : restored_policies_) {
    catalog_.policies.push_back(CompilePolicy(
        static_cast<uint32_t>(catalog_.policies.size()), adopted));
  }
  for (const storage::v1::TotalRow& row : restored_totals_) {
    const CompiledPolicy* policy = catalog_.FindPolicy(row.policy_id());
    const CompiledRule* rule =
        policy == nullptr ? nullptr : policy->FindRule(row.rule_id());
    if (rule == nullptr) {
      return DataDamaged(
          size_,
          absl::StrCat("a stored total names rule \"", row.policy_id(), "/",
                       row.rule_id(), "\", which was never adopted"));
    }
    totals_[TotalId{.policy = policy->number,
                    .rule = rule->number,
                    .window_start = row.window_start(),
                    .country = row.group().destination_country(),
                    .license_id = row.group().license_id()}]
        .total = {.used = row.used(),
                  .reserved = row.reserved(),
                  .unmeasured_gpus = row.unmeasured_gpus()};
  }
  restored_policies_.clear();
  restored_totals_.clear();
  return absl::OkStatus();
}

Snapshot State::ToSnapshot() const {
  Snapshot snapshot;
  snapshot.size = size_;
  snapshot.catalog = catalog_;
  for (const auto& [id, slot] : totals_) snapshot.totals.Set(id, slot.total);
  for (const auto& [id, slot] : licenses_) {
    // A copy: this state goes on changing its own.
    snapshot.licenses.Set(id, std::make_shared<LicenseState>(*slot.license));
  }
  for (const auto& [index, change] : shipments_) {
    snapshot.shipments.Set(index, change);
  }
  return snapshot;
}

std::vector<std::pair<TotalId, Total>> State::SortedTotals() const {
  std::vector<std::pair<TotalId, Total>> totals;
  totals.reserve(totals_.size());
  for (const auto& [id, slot] : totals_) totals.emplace_back(id, slot.total);
  std::sort(totals.begin(), totals.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return totals;
}

}  // namespace chipledger::domain
