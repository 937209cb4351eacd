#include "client/cli/filter_options.h"

#include "ledger/base/status_macros.h"

namespace chipledger::cli {

void AddFilterOptions(CLI::App& app, FilterOptions& options) {
  v1::HeadroomFilter& filter = options.filter;
  AddText(app, "--policy", "only this policy's rules",
          [&](const std::string& text) { filter.set_policy_id(text); });
  AddText(app, "--rule", "only rules with this id",
          [&](const std::string& text) { filter.set_rule_id(text); });
  app.add_option("--country", options.country,
                 "only totals that this destination's facts go into");
  AddText(app, "--license", "only totals of this license",
          [&](const std::string& text) { filter.set_license_id(text); });
  AddText(app, "--exporter", "only totals of this exporter",
          [&](const std::string& text) { filter.set_exporter(text); });
  AddText(app, "--consignee", "only totals of this consignee",
          [&](const std::string& text) { filter.set_consignee(text); });
  AddText(app, "--ultimate-parent", "only totals of this ultimate parent",
          [&](const std::string& text) { filter.set_ultimate_parent(text); });
  AddText(app, "--on-date", "only the window and the policies of this date",
          [&](const std::string& text) { filter.set_on_date(text); });
}

absl::StatusOr<v1::HeadroomFilter> MakeFilter(const FilterOptions& options) {
  v1::HeadroomFilter filter = options.filter;
  if (!options.country.empty()) {
    ASSIGN_OR_RETURN(const std::string country, ParseCountry(options.country));
    filter.set_destination_country(country);
  }
  return filter;
}

}  // namespace chipledger::cli
