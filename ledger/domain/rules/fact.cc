#include "ledger/domain/rules/fact.h"

#include <algorithm>
#include <string>
#include <utility>

#include "ledger/base/status_macros.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/shipment_state.h"

namespace chipledger::domain {
namespace {

absl::Status RequireParty(const Catalog& catalog, const std::string& party_id) {
  return catalog.parties.Find(party_id) == nullptr ? PartyNotFound(party_id)
                                                   : absl::OkStatus();
}

// The revision of a product that holds on a date; `date_text` spells it.
// Errors: PRODUCT_NOT_FOUND.
absl::StatusOr<const v1::Product*> RequireProduct(
    const Catalog& catalog, const std::string& product_code, Date date,
    const std::string& date_text) {
  const auto* product = catalog.products.Find(product_code);
  if (product == nullptr) return ProductNotFound(product_code);
  const v1::Product* revision = (*product)->On(date);
  if (revision == nullptr) return ProductNotEffective(product_code, date_text);
  return revision;
}

std::optional<int64_t> ValueOf(const v1::Item& item) {
  return item.has_value_usd() ? std::optional(item.value_usd()) : std::nullopt;
}

std::optional<int64_t> ValueOf(const v1::LicenseLine& line) {
  return line.has_value_usd() ? std::optional(line.value_usd()) : std::nullopt;
}

// Errors: PARTY_NOT_FOUND.
absl::Status RequireParties(const Catalog& catalog,
                            const v1::License& license) {
  RETURN_IF_ERROR(RequireParty(catalog, license.exporter()));
  for (const std::string& consignee : license.consignees()) {
    RETURN_IF_ERROR(RequireParty(catalog, consignee));
  }
  for (const std::string& end_user : license.end_users()) {
    RETURN_IF_ERROR(RequireParty(catalog, end_user));
  }
  return absl::OkStatus();
}

Fact FactForDestination(const v1::License& license,
                        const std::string& country) {
  Fact fact;
  fact.date = *Date::Parse(license.grant_date());
  fact.country = country;
  fact.exporter = license.exporter();
  fact.consignees.assign(license.consignees().begin(),
                         license.consignees().end());
  fact.end_users.assign(license.end_users().begin(), license.end_users().end());
  fact.authorization_kind =
      license.authorization_kind() == v1::AUTHORIZATION_KIND_UNSPECIFIED
          ? v1::AUTHORIZATION_KIND_LICENSE
          : license.authorization_kind();
  fact.license_id = license.license_id();
  fact.granted = &license;
  return fact;
}

}  // namespace

ItemTraits CountedItem::Traits() const {
  if (declared != nullptr) {
    return {.classification = declared->classification(),
            .milli_tpp = declared->milli_tpp(),
            .gpus = declared->gpus()};
  }
  const v1::Product& figures = *product;
  ItemTraits traits{.classification = figures.classification(),
                    .product_code = figures.product_code()};
  if (figures.has_milli_tpp_per_gpu()) {
    traits.milli_tpp = figures.milli_tpp_per_gpu();
  }
  if (figures.has_memory_bandwidth_mb_s()) {
    traits.memory_bandwidth_mb_s = figures.memory_bandwidth_mb_s();
  }
  return traits;
}

int64_t PartOfValue(int64_t value, int64_t units, int64_t first, int64_t some) {
  const auto up_to = [&](int64_t n) {
    return static_cast<int64_t>(static_cast<__int128>(value) * n / units);
  };
  return up_to(first + some) - up_to(first);
}

CountedItem CountedItem::PartOn(size_t line) const {
  int64_t first = 0;
  for (size_t i = 0; i < line; ++i) first += lines[i].units;
  CountedItem part = *this;
  part.units = lines[line].units;
  if (value_usd)
    part.value_usd = PartOfValue(*value_usd, units, first, part.units);
  part.lines = {lines[line]};
  return part;
}

MeasuredItem CountedItem::ToMeasure() const {
  MeasuredItem item{.units = units,
                    .value_usd = value_usd,
                    .gpus_per_unit = product->gpus_per_unit()};
  if (product->has_milli_tpp_per_gpu()) {
    item.milli_tpp_per_gpu = product->milli_tpp_per_gpu();
  }
  return item;
}

absl::StatusOr<Fact> FactOfShipment(const Catalog& catalog,
                                    const v1::Shipment& shipment,
                                    v1::Movement movement) {
  RETURN_IF_ERROR(RequireParty(catalog, shipment.exporter()));
  Fact fact;
  if (!shipment.consignee().empty()) {
    RETURN_IF_ERROR(RequireParty(catalog, shipment.consignee()));
    fact.consignees.push_back(shipment.consignee());
  }
  if (!shipment.end_user().empty()) {
    RETURN_IF_ERROR(RequireParty(catalog, shipment.end_user()));
    fact.end_users.push_back(shipment.end_user());
  }
  fact.date = *Date::Parse(shipment.export_date());
  fact.country = shipment.destination_country();
  fact.movement = movement;
  fact.exporter = shipment.exporter();
  fact.authorization_kind = shipment.authorization().kind();
  fact.license_id = shipment.authorization().license_id();
  fact.items.reserve(static_cast<size_t>(shipment.items_size()));
  for (const v1::Item& item : shipment.items()) {
    ASSIGN_OR_RETURN(const v1::Product* product,
                     RequireProduct(catalog, item.product_code(), fact.date,
                                    shipment.export_date()));
    fact.items.push_back({.product = product,
                          .units = item.quantity(),
                          .value_usd = ValueOf(item),
                          .number = static_cast<int32_t>(fact.items.size())});
  }
  return fact;
}

std::vector<Fact> SplitByLicense(Fact fact, const v1::Shipment& shipment) {
  std::vector<Fact> facts;
  const auto names_own = [](const v1::Item& item) {
    return !item.license_id().empty();
  };
  if (std::none_of(shipment.items().begin(), shipment.items().end(),
                   names_own)) {
    facts.push_back(std::move(fact));
    return facts;
  }
  std::vector<CountedItem> items = std::move(fact.items);
  fact.items.clear();
  for (CountedItem& item : items) {
    const v1::Item& stated = shipment.items(item.number);
    const absl::string_view license_id =
        names_own(stated) ? absl::string_view(stated.license_id())
                          : fact.license_id;
    auto of_license = std::find_if(
        facts.begin(), facts.end(),
        [&](const Fact& other) { return other.license_id == license_id; });
    if (of_license == facts.end()) {
      of_license = facts.insert(facts.end(), fact);
      of_license->license_id = license_id;
    }
    of_license->items.push_back(std::move(item));
  }
  return facts;
}

LinePart LinePartOf(const v1::LicenseDraw& draw) {
  return {.line_number = draw.line_number(),
          .units = draw.quantity(),
          .states_value = draw.line_states_value()};
}

void AddLines(const google::protobuf::RepeatedPtrField<v1::LicenseDraw>& draws,
              Fact& fact) {
  for (const v1::LicenseDraw& draw : draws) {
    for (CountedItem& item : fact.items) {
      if (item.number != draw.item()) continue;
      item.lines.push_back(LinePartOf(draw));
    }
  }
}

absl::Status FillDiversion(const Catalog& catalog,
                           const v1::DiversionReported& event,
                           const v1::Shipment& shipment, Fact& fact) {
  const v1::ReportDiversion& command = event.command();
  fact.date = *Date::Parse(command.effective_date());
  fact.country = command.found_country();
  fact.exporter = shipment.exporter();
  if (!command.found_party().empty()) {
    RETURN_IF_ERROR(RequireParty(catalog, command.found_party()));
    fact.consignees.push_back(command.found_party());
  }
  for (const v1::ItemUnits& units : UnitsMoved(event)) {
    const v1::Item& item = shipment.items(units.item());
    ASSIGN_OR_RETURN(const v1::Product* product,
                     RequireProduct(catalog, item.product_code(), fact.date,
                                    command.effective_date()));
    std::optional<int64_t> value = ValueOf(item);
    if (value) {
      value = PartOfValue(*value, item.quantity(), 0, units.quantity());
    }
    fact.items.push_back({.product = product,
                          .units = units.quantity(),
                          .value_usd = value,
                          .number = units.item()});
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Fact>> FactsOfLicense(const Catalog& catalog,
                                                 const v1::License& license) {
  RETURN_IF_ERROR(RequireParties(catalog, license));
  std::vector<Fact> facts;
  for (const v1::LicenseLine& line : license.lines()) {
    const std::string& country = LineDestination(license, line);
    auto fact = std::find_if(facts.begin(), facts.end(), [&](const Fact& f) {
      return f.country == country;
    });
    if (fact == facts.end()) {
      fact = facts.insert(facts.end(), FactForDestination(license, country));
    }
    ASSIGN_OR_RETURN(const v1::Product* product,
                     RequireProduct(catalog, line.product_code(), fact->date,
                                    license.grant_date()));
    fact->items.push_back({.product = product,
                           .units = line.quantity(),
                           .value_usd = ValueOf(line),
                           .number = line.line_number(),
                           .lines = {{line.line_number(), line.quantity()}}});
  }
  if (license.lines().empty()) {
    for (const std::string& country : license.destination_countries()) {
      facts.push_back(FactForDestination(license, country));
    }
  }
  return facts;
}

absl::StatusOr<std::vector<Fact>> FactsOfDeclaration(
    const Catalog& catalog, const v1::DeclareCompute& declaration) {
  std::vector<Fact> facts;
  facts.reserve(static_cast<size_t>(declaration.lines_size()));
  for (const v1::DeclareCompute::Line& line : declaration.lines()) {
    Fact& fact = facts.emplace_back();
    fact.date = *Date::Parse(declaration.effective_date());
    // It is there, however it came.
    fact.movement = v1::MOVEMENT_UNSPECIFIED;
    fact.country = line.country();
    fact.consignees.push_back(declaration.party());
    if (line.product_code().empty()) {
      fact.items.push_back({.declared = &line, .units = line.gpus()});
      continue;
    }
    ASSIGN_OR_RETURN(const v1::Product* product,
                     RequireProduct(catalog, line.product_code(), fact.date,
                                    declaration.effective_date()));
    fact.items.push_back({.product = product, .units = line.units()});
  }
  return facts;
}

}  // namespace chipledger::domain
