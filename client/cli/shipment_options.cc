#include "client/cli/shipment_options.h"

#include "absl/strings/str_cat.h"
#include "client/import/text.h"
#include "ledger/base/status_macros.h"

namespace chipledger::cli {
namespace {

absl::Status AddItems(const ShipmentOptions& options, v1::Shipment& shipment) {
  if (!options.values.empty() &&
      options.values.size() != options.products.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "there are ", options.products.size(), " --product and ",
        options.values.size(), " --value; give one for each product, or none"));
  }
  if (!options.item_licenses.empty() &&
      options.item_licenses.size() != options.products.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("there are ", options.products.size(), " --product and ",
                     options.item_licenses.size(),
                     " --item-license; give one for each product, \"-\" for "
                     "that of --license, or none"));
  }
  for (size_t i = 0; i < options.products.size(); ++i) {
    ASSIGN_OR_RETURN(
        const auto product,
        ParseQuantity("--product", "PRODUCT=QUANTITY", options.products[i]));
    v1::Item& item = *shipment.add_items();
    item.set_product_code(product.first);
    item.set_quantity(product.second);
    if (!options.values.empty()) item.set_value_usd(options.values[i]);
    if (!options.item_licenses.empty() && options.item_licenses[i] != "-") {
      item.set_license_id(options.item_licenses[i]);
    }
  }
  return absl::OkStatus();
}

}  // namespace

void AddShipmentOptions(CLI::App& app, ShipmentOptions& options) {
  v1::Shipment& shipment = options.shipment;
  AddText(app, "--exporter", "party id of who exports",
          [&](const std::string& text) { shipment.set_exporter(text); })
      ->required();
  AddText(
      app, "--reference", "the exporter's own number, unique for ever",
      [&](const std::string& text) { shipment.set_shipment_reference(text); })
      ->required();
  AddText(app, "--export-date", "YYYY-MM-DD", [&](const std::string& text) {
    shipment.set_export_date(text);
  })->required();
  app.add_option("--to", options.to, "country of ultimate destination")
      ->required();
  app.add_option("--product", options.products,
                 "CODE=QUANTITY; repeat it for more items")
      ->required();
  app.add_option("--value", options.values,
                 "value of each --product in whole US dollars, in their order");
  app.add_option("--license", options.license,
                 "license or other authorization it ships under");
  app.add_option("--item-license", options.item_licenses,
                 "license of each --product, in their order, where it is "
                 "another than --license; \"-\" for that one");
  app.add_option(
      "--authorization", options.authorization,
      "legal basis: license (the ledger chooses one that fits unless "
      "--license names it), nveu, uveu, lpp, acm, aia, aca, nac, "
      "none-required, other-exception");
  app.add_option("--authorization-code", options.authorization_code,
                 "the authority's code for other-exception");
  AddText(app, "--consignee", "party id of who receives",
          [&](const std::string& text) { shipment.set_consignee(text); });
  AddText(app, "--consignee-name", "name of who receives, when not registered",
          [&](const std::string& text) { shipment.set_consignee_name(text); });
  AddText(app, "--end-user", "party id of who will use the items",
          [&](const std::string& text) { shipment.set_end_user(text); });
  AddText(app, "--departure-time",
          "when it departs, such as 2026-01-02T23:50:00-05:00",
          [&](const std::string& text) { shipment.set_departure_time(text); });
  AddText(app, "--source", "where this comes from",
          [&](const std::string& text) { shipment.set_source(text); });
  AddOverrideOptions(app, options.overrides);
  AddWriteOptions(app, options.write);
}

void AddAssuranceOptions(CLI::App& app, ShipmentOptions& options) {
  auto* assurance = app.add_option_group("assurance");
  assurance->add_flag("--before-export", options.before_export,
                      "the goods have not left: a violation refuses it");
  assurance->add_flag("--after-the-fact", options.after_the_fact,
                      "the goods have left: it is recorded with its "
                      "violations");
  assurance->require_option(1);
}

absl::StatusOr<v1::Shipment> MakeShipment(const ShipmentOptions& options) {
  v1::Shipment shipment = options.shipment;
  ASSIGN_OR_RETURN(const std::string country, ParseCountry(options.to));
  shipment.set_destination_country(country);
  RETURN_IF_ERROR(AddItems(options, shipment));
  if (options.license.empty() && options.authorization.empty() &&
      options.item_licenses.empty()) {
    return shipment;
  }
  v1::Authorization& authorization = *shipment.mutable_authorization();
  authorization.set_kind(v1::AUTHORIZATION_KIND_LICENSE);
  if (!options.authorization.empty()) {
    ASSIGN_OR_RETURN(const auto kind,
                     import::ParseAuthorizationKind(options.authorization));
    authorization.set_kind(kind);
  }
  authorization.set_license_id(options.license);
  authorization.set_code(options.authorization_code);
  return shipment;
}

v1::Assurance AssuranceOf(const ShipmentOptions& options) {
  return options.after_the_fact ? v1::ASSURANCE_AFTER_THE_FACT
                                : v1::ASSURANCE_BEFORE_EXPORT;
}

}  // namespace chipledger::cli
