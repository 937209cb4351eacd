#include "client/cli/total_options.h"

#include "ledger/base/status_macros.h"

namespace chipledger::cli {

void AddTotalOptions(CLI::App& app, TotalOptions& options) {
  app.add_option("--policy", options.policy_id, "the policy")->required();
  app.add_option("--rule", options.rule_id, "the rule")->required();
  v1::GroupKey& group = options.group;
  app.add_option("--country", options.country,
                 "which total, for a rule by destination");
  app.add_option("--headquarters", options.headquarters,
                 "which total, for a rule by headquarters country");
  const auto key = [&](const std::string& name, const std::string& by,
                       std::function<void(const std::string&)> set) {
    AddText(app, name, "which total, for a rule by " + by, std::move(set));
  };
  key("--license", "license",
      [&](const std::string& text) { group.set_license_id(text); });
  app.add_option_function<int32_t>(
         "--line", [&](int32_t line) { group.set_license_line(line); },
         "which total, for a rule by license line")
      ->check(AtLeast(1));
  key("--exporter", "exporter",
      [&](const std::string& text) { group.set_exporter(text); });
  key("--consignee", "consignee",
      [&](const std::string& text) { group.set_consignee(text); });
  key("--end-user", "end user",
      [&](const std::string& text) { group.set_end_user(text); });
  key("--ultimate-parent", "ultimate parent",
      [&](const std::string& text) { group.set_ultimate_parent(text); });
  key("--product", "product",
      [&](const std::string& text) { group.set_product_code(text); });
  key("--country-group", "country group",
      [&](const std::string& text) { group.set_country_group(text); });
}

absl::StatusOr<v1::GroupKey> MakeGroup(const TotalOptions& options) {
  v1::GroupKey group = options.group;
  if (!options.country.empty()) {
    ASSIGN_OR_RETURN(const std::string country, ParseCountry(options.country));
    group.set_destination_country(country);
  }
  if (!options.headquarters.empty()) {
    ASSIGN_OR_RETURN(const std::string country,
                     ParseCountry(options.headquarters));
    group.set_headquarters_country(country);
  }
  return group;
}

}  // namespace chipledger::cli
