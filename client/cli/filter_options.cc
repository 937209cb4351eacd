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
  app.add_option("--headquarters", options.headquarters,
                 "only totals of this headquarters country");
  AddText(app, "--license", "only totals of this license",
          [&](const std::string& text) { filter.set_license_id(text); });
  app.add_option_function<int32_t>(
         "--line", [&](int32_t line) { filter.set_license_line(line); },
         "only totals of license lines with this number")
      ->check(AtLeast(1));
  AddText(app, "--exporter", "only totals of this exporter",
          [&](const std::string& text) { filter.set_exporter(text); });
  AddText(app, "--consignee", "only totals of this consignee",
          [&](const std::string& text) { filter.set_consignee(text); });
  AddText(app, "--end-user", "only totals of this end user",
          [&](const std::string& text) { filter.set_end_user(text); });
  AddText(app, "--ultimate-parent", "only totals of this ultimate parent",
          [&](const std::string& text) { filter.set_ultimate_parent(text); });
  AddText(app, "--product", "only totals of this product",
          [&](const std::string& text) { filter.set_product_code(text); });
  AddText(app, "--country-group", "only totals of this country group",
          [&](const std::string& text) { filter.set_country_group(text); });
  AddText(app, "--on-date", "only the window and the policies of this date",
          [&](const std::string& text) { filter.set_on_date(text); });
}

absl::StatusOr<v1::HeadroomFilter> MakeFilter(const FilterOptions& options) {
  v1::HeadroomFilter filter = options.filter;
  if (!options.country.empty()) {
    ASSIGN_OR_RETURN(const std::string country, ParseCountry(options.country));
    filter.set_destination_country(country);
  }
  if (!options.headquarters.empty()) {
    ASSIGN_OR_RETURN(const std::string country,
                     ParseCountry(options.headquarters));
    filter.set_headquarters_country(country);
  }
  return filter;
}

}  // namespace chipledger::cli
