#include "ledger/rows.h"

namespace chipledger {
namespace {

void FillTotal(const domain::TotalId& id, const domain::Total& total,
               const domain::Catalog& catalog, storage::v1::TotalRow& row) {
  const domain::CompiledPolicy& policy = *catalog.policies[id.policy];
  row.set_policy_id(policy.policy_id());
  row.set_rule_id(policy.rules[id.rule].rule_id);
  row.set_window_start(id.window_start);
  row.mutable_group()->set_destination_country(id.country);
  row.mutable_group()->set_license_id(id.license_id);
  row.set_used(total.used);
  row.set_reserved(total.reserved);
  row.set_unmeasured_gpus(total.unmeasured_gpus);
}

void FillShipment(uint64_t index, const domain::ShipmentChange& change,
                  storage::v1::ShipmentRow& row) {
  row.set_index(index);
  row.set_revision(change.revision);
  row.set_voided(change.voided);
  row.set_content_index(change.content_index);
}

}  // namespace

std::vector<storage::v1::StateRow> ToRows(const domain::Delta& delta,
                                          const domain::Catalog& catalog) {
  std::vector<storage::v1::StateRow> rows = delta.catalog_rows;
  rows.reserve(rows.size() + delta.totals.size() + delta.licenses.size() +
               delta.shipments.size() + delta.fact_dates.size());
  for (const auto& [id, total] : delta.totals) {
    FillTotal(id, total, catalog, *rows.emplace_back().mutable_total());
  }
  for (const auto& license : delta.licenses) {
    *rows.emplace_back().mutable_license() = license->ToRow();
  }
  for (const auto& [index, change] : delta.shipments) {
    FillShipment(index, change, *rows.emplace_back().mutable_shipment());
  }
  for (const auto& [date, facts] : delta.fact_dates) {
    storage::v1::FactDateRow& row = *rows.emplace_back().mutable_fact_date();
    row.set_date(date.days());
    row.set_facts(facts);
  }
  return rows;
}

}  // namespace chipledger
