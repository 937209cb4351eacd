#include "ledger/domain/state.h"

#include <algorithm>
#include <utility>

#include "ledger/domain/errors.h"

namespace chipledger::domain {
namespace {

// Facts come with dates near each other.
constexpr size_t kMaxRuleIndexes = 8;

// The licenses that a reservation holds something on, or cites.
std::set<std::string> LicensesUnder(const ReservationState& reservation) {
  std::set<std::string> ids = {reservation.held.chosen_license_id()};
  for (const v1::Item& item : reservation.shipment.items()) {
    ids.insert(LicenseIdOf(reservation.shipment, item));
  }
  for (const v1::LicenseDraw& draw : reservation.held.draws()) {
    ids.insert(draw.license_id());
  }
  ids.erase("");
  return ids;
}

void NoteEntry(uint64_t index, std::vector<uint64_t>& entries) {
  if (entries.empty() || entries.back() != index) entries.push_back(index);
}

// Forgets entries that were taken back.
void CutEntries(uint64_t size, std::vector<uint64_t>& entries) {
  while (!entries.empty() && entries.back() >= size) entries.pop_back();
}

}  // namespace

void Snapshot::Apply(const Delta& delta) {
  decltype(totals)::BatchSetter set_totals(totals);
  for (const auto& [key, total] : delta.totals) set_totals.Set(key, total);
  decltype(licenses)::BatchSetter set_licenses(licenses);
  for (const auto& license : delta.licenses) {
    set_licenses.Set(license->license.license_id(), license);
  }
  for (const auto& [index, shipment] : delta.shipments) {
    shipments.Set(index, shipment);
  }
  if (delta.registers) registers = *delta.registers;
}

// Finding --------------------------------------------------------------------

const RuleIndex& State::RulesOn(Date date) const {
  const auto covers = [&](const std::shared_ptr<const RuleIndex>& index) {
    return index->Covers(catalog(), date);
  };
  const auto found =
      std::find_if(rule_indexes_.begin(), rule_indexes_.end(), covers);
  if (found != rule_indexes_.end()) return **found;
  if (rule_indexes_.size() == kMaxRuleIndexes) {
    rule_indexes_.erase(rule_indexes_.begin());
  }
  rule_indexes_.push_back(std::make_shared<const RuleIndex>(catalog(), date));
  return *rule_indexes_.back();
}

const Total* State::FindTotal(const TotalKey& key) const {
  const auto found = totals_.find(key);
  return found == totals_.end() ? nullptr : &found->second.total;
}

void State::VisitTotals(
    absl::FunctionRef<void(const TotalKey& key, const Total& total)> visit)
    const {
  for (const auto& [key, slot] : totals_) visit(key, slot.total);
}

const LicenseState* State::FindLicense(absl::string_view license_id) const {
  const auto found = licenses_.find(license_id);
  return found == licenses_.end() ? nullptr : found->second.license.get();
}

const std::set<std::string>& State::LicensesOf(
    absl::string_view exporter) const {
  static const auto& none = *new std::set<std::string>();
  const auto found = licenses_by_exporter_.find(exporter);
  return found == licenses_by_exporter_.end() ? none : found->second;
}

const std::set<uint64_t>& State::ReservationsUnder(
    absl::string_view license_id) const {
  static const auto& none = *new std::set<uint64_t>();
  const auto found = reservations_by_license_.find(license_id);
  return found == reservations_by_license_.end() ? none : found->second;
}

ShipmentState State::GetShipment(uint64_t shipment_index) const {
  const auto found = shipments_.find(shipment_index);
  if (found != shipments_.end()) return found->second;
  ShipmentState as_recorded;
  as_recorded.content_index = shipment_index;
  return as_recorded;
}

// Changing -------------------------------------------------------------------

bool State::AddToTotal(const TotalKey& key, Date date, const Amounts& amounts) {
  const auto [found, is_new] = totals_.try_emplace(key);
  TotalSlot& slot = found->second;
  Amounts sum = slot.total.sum;
  if (!sum.Add(amounts) || !slot.total.by_date.Add(date, amounts)) {
    if (is_new) totals_.erase(found);
    return false;
  }
  slot.total.sum = sum;
  if (undo_.is_open) {
    undo_.changes.emplace_back(TotalChange{key, date, amounts, is_new});
  }
  if (tracks_) Note(key, slot);
  return true;
}

bool State::Draw(const std::string& license_id, int32_t line_number, Date date,
                 const DrawnUnits& units) {
  const auto found = licenses_.find(license_id);
  if (found == licenses_.end()) return false;
  LicenseSlot& slot = found->second;
  Own(slot);
  LicenseState::Line* line = slot.license->FindLine(line_number);
  if (line == nullptr) return false;
  DrawnUnits drawn = line->drawn;
  if (!drawn.Add(units) || !line->drawn_by_date.Add(date, units)) return false;
  line->drawn = drawn;
  if (undo_.is_open) {
    undo_.changes.emplace_back(
        DrawChange{license_id, line_number, date, units});
  }
  if (tracks_) Note(license_id, slot);
  return true;
}

void State::Note(const TotalKey& key, TotalSlot& slot) {
  if (!slot.touched) {
    slot.touched = true;
    touched_totals_.push_back(key);
  }
  if (slot.entries.empty()) touched_since_mark_.totals.push_back(key);
  NoteEntry(size_, slot.entries);
}

void State::Note(const std::string& license_id, LicenseSlot& slot) {
  if (!slot.touched) {
    slot.touched = true;
    touched_licenses_.push_back(license_id);
  }
  if (slot.entries.empty()) touched_since_mark_.licenses.push_back(license_id);
  NoteEntry(size_, slot.entries);
}

void State::Own(LicenseSlot& slot) {
  // What is touched was copied since the last delta.
  if (tracks_ && !slot.touched) {
    slot.license = std::make_shared<LicenseState>(*slot.license);
  }
}

LicenseState& State::MutableLicense(const std::string& license_id) {
  LicenseSlot& slot = licenses_[license_id];
  if (undo_.is_open) {
    undo_.changes.emplace_back(
        LicenseChange{license_id, LicenseSlot{.license = slot.license,
                                              .touched = slot.touched,
                                              .place = slot.place,
                                              .entries = {}}});
  }
  if (slot.license == nullptr) {
    slot.license = std::make_shared<LicenseState>();
  } else if (undo_.is_open) {
    slot.license = std::make_shared<LicenseState>(*slot.license);
  } else {
    Own(slot);
  }
  if (tracks_) Note(license_id, slot);
  return *slot.license;
}

void State::IndexLicense(const std::string& license_id) {
  LicenseSlot& slot = licenses_[license_id];
  const LicenseState& license = *slot.license;
  if (slot.place) LeaveLicense(license_id, *slot.place);
  slot.place = LicensePlace{.exporters = {license.license.exporter()},
                            .last_export_date = std::nullopt};
  if (license.transfer) {
    slot.place->exporters.push_back(license.transfer->from_exporter());
  }
  if (!license.HasEnded()) {
    slot.place->last_export_date = license.last_export_date;
  }
  EnterLicense(license_id, *slot.place);
}

void State::EnterLicense(const std::string& license_id,
                         const LicensePlace& place) {
  for (const std::string& exporter : place.exporters) {
    licenses_by_exporter_[exporter].insert(license_id);
  }
  if (place.last_export_date) {
    licenses_by_expiry_.emplace(*place.last_export_date, license_id);
  }
}

void State::LeaveLicense(const std::string& license_id,
                         const LicensePlace& place) {
  for (const std::string& exporter : place.exporters) {
    licenses_by_exporter_[exporter].erase(license_id);
  }
  if (place.last_export_date) {
    licenses_by_expiry_.erase({*place.last_export_date, license_id});
  }
}

void State::SetShipment(uint64_t shipment_index, ShipmentState shipment) {
  const auto [found, added] = shipments_.try_emplace(shipment_index);
  if (undo_.is_open) {
    undo_.changes.emplace_back(ShipmentChange{
        shipment_index, added ? std::nullopt : std::optional(found->second)});
  }
  found->second = std::move(shipment);
  if (!tracks_) return;
  touched_shipments_.push_back(shipment_index);
  touched_since_mark_.shipments.insert(shipment_index);
}

void State::SetReservation(
    uint64_t index, std::shared_ptr<const ReservationState> reservation) {
  auto& reservations = MutableRegisters().reservations;
  const auto* found = reservations.Find(index);
  ReservationChange change{.before = found == nullptr ? nullptr : *found,
                           .after = std::move(reservation)};
  if (change.before != nullptr) LeaveReservation(*change.before);
  if (change.after != nullptr) {
    EnterReservation(*change.after);
    reservations.Set(index, change.after);
  } else {
    reservations.Erase(index);
  }
  if (tracks_) touched_since_mark_.reservations.insert(index);
  if (undo_.is_open) undo_.changes.emplace_back(std::move(change));
}

void State::EnterReservation(const ReservationState& reservation) {
  reservations_by_expiry_.emplace(reservation.expire_time_ns,
                                  reservation.index);
  for (const std::string& id : LicensesUnder(reservation)) {
    reservations_by_license_[id].insert(reservation.index);
  }
}

void State::LeaveReservation(const ReservationState& reservation) {
  reservations_by_expiry_.erase(
      {reservation.expire_time_ns, reservation.index});
  for (const std::string& id : LicensesUnder(reservation)) {
    const auto found = reservations_by_license_.find(id);
    found->second.erase(reservation.index);
    if (found->second.empty()) reservations_by_license_.erase(found);
  }
}

Registers& State::MutableRegisters() {
  if (undo_.is_open && !undo_.registers) undo_.registers = registers_;
  registers_changed_ = true;
  return registers_;
}

void State::NoteFactDate(Date date) {
  if (registers_.latest_fact_date && date <= *registers_.latest_fact_date) {
    return;
  }
  MutableRegisters().latest_fact_date = date;
  touched_since_mark_.latest_fact_date = true;
}

void State::NoteFact(const Subjects& subjects, Date date) {
  NoteFactDate(date);
  for (const absl::string_view subject : subjects) {
    const std::string key = FactDateKey(subject, date);
    const FactsOnDate* known = registers_.fact_dates.Find(key);
    // Most facts are of a day and a country that have many.
    if (known != nullptr && known->has_more) continue;
    FactsOnDate facts;
    if (known != nullptr) facts = *known;
    // A subject may repeat itself.
    if (!facts.indexes.empty() && facts.indexes.back() == size_) continue;
    if (!facts.Add(size_)) continue;
    SetFactDate(key, std::move(facts));
  }
}

void State::ForgetFact(const Subjects& subjects, Date date, uint64_t index) {
  for (const absl::string_view subject : subjects) {
    const std::string key = FactDateKey(subject, date);
    const FactsOnDate* known = registers_.fact_dates.Find(key);
    if (known == nullptr) continue;
    FactsOnDate facts = *known;
    if (facts.Remove(index)) SetFactDate(key, std::move(facts));
  }
}

void State::SetFactDate(const std::string& key, FactsOnDate facts) {
  if (facts.empty()) {
    MutableRegisters().fact_dates.Erase(key);
  } else {
    MutableRegisters().fact_dates.Set(key, std::move(facts));
  }
  touched_since_mark_.fact_dates.insert(key);
}

void State::ReplaceCatalog(Catalog catalog) {
  MutableRegisters().catalog = std::move(catalog);
}

// Taking back ----------------------------------------------------------------

void State::BeginRequest() {
  undo_.is_open = true;
  undo_.size = size_;
  undo_.registers_changed = registers_changed_;
}

void State::CommitRequest() {
  undo_.is_open = false;
  undo_.registers.reset();
  // Kept for its memory.
  undo_.changes.clear();
}

void State::RollbackRequest() {
  size_ = undo_.size;
  for (auto change = undo_.changes.rbegin(); change != undo_.changes.rend();
       ++change) {
    std::visit([this](auto& kind) { TakeBack(kind); }, *change);
  }
  if (undo_.registers) registers_ = *std::move(undo_.registers);
  registers_changed_ = undo_.registers_changed;
  CommitRequest();
}

void State::TakeBack(TotalChange& change) {
  if (change.is_new) {
    totals_.erase(change.key);
    return;
  }
  TotalSlot& slot = totals_[change.key];
  const Amounts back{.used = -change.added.used,
                     .reserved = -change.added.reserved,
                     .unmeasured_gpus = -change.added.unmeasured_gpus};
  slot.total.sum.Add(back);
  slot.total.by_date.Add(change.date, back);
  CutEntries(size_, slot.entries);
}

void State::TakeBack(DrawChange& change) {
  LicenseSlot& slot = licenses_[change.license_id];
  LicenseState::Line& line = *slot.license->FindLine(change.line_number);
  const DrawnUnits back{.shipped = -change.drawn.shipped,
                        .reserved = -change.drawn.reserved,
                        .value_usd = -change.drawn.value_usd};
  line.drawn.Add(back);
  line.drawn_by_date.Add(change.date, back);
  CutEntries(size_, slot.entries);
}

void State::TakeBack(LicenseChange& change) {
  LicenseSlot& slot = licenses_[change.license_id];
  if (slot.place) LeaveLicense(change.license_id, *slot.place);
  if (change.before.license == nullptr) {
    licenses_.erase(change.license_id);
    return;
  }
  // With its mark: what was untouched before the request may be shared with a
  // snapshot and with rows that are being written.
  change.before.entries = std::move(slot.entries);
  CutEntries(size_, change.before.entries);
  slot = std::move(change.before);
  if (slot.place) EnterLicense(change.license_id, *slot.place);
}

void State::TakeBack(ShipmentChange& change) {
  if (change.before) {
    shipments_[change.index] = *std::move(change.before);
  } else {
    shipments_.erase(change.index);
  }
}

void State::TakeBack(ReservationChange& change) {
  if (change.after != nullptr) LeaveReservation(*change.after);
  if (change.before != nullptr) EnterReservation(*change.before);
}

// Handing out ----------------------------------------------------------------

Delta State::TakeDelta() {
  Delta delta;
  delta.totals.reserve(touched_totals_.size());
  for (TotalKey& key : touched_totals_) {
    const auto found = totals_.find(key);
    if (found == totals_.end() || !found->second.touched) continue;
    found->second.touched = false;
    delta.totals.emplace_back(std::move(key), found->second.total);
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
  if (registers_changed_) delta.registers = registers_;
  registers_changed_ = false;
  return delta;
}

Snapshot State::ToSnapshot() const {
  Snapshot snapshot;
  snapshot.size = size_;
  snapshot.registers = registers_;
  decltype(snapshot.totals)::BatchSetter set_totals(snapshot.totals);
  for (const auto& [key, slot] : totals_) set_totals.Set(key, slot.total);
  for (const auto& [id, slot] : licenses_) {
    // A copy: this state goes on changing its own.
    snapshot.licenses.Set(id, std::make_shared<LicenseState>(*slot.license));
  }
  for (const auto& [index, shipment] : shipments_) {
    snapshot.shipments.Set(index, shipment);
  }
  return snapshot;
}

std::vector<std::pair<TotalKey, Total>> State::SortedTotals() const {
  std::vector<std::pair<TotalKey, Total>> totals;
  totals.reserve(totals_.size());
  for (const auto& [key, slot] : totals_) {
    totals.emplace_back(key, slot.total);
  }
  std::sort(totals.begin(), totals.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return totals;
}

}  // namespace chipledger::domain
