#include "client/cli/known_names.h"

#include "client/cli/cli.h"
#include "ledger/base/near.h"

namespace chipledger::cli {
namespace {

constexpr int kPageSize = 1'000;
constexpr size_t kMaxNames = 10'000;

// Takes the names of page after page.
template <typename Request, typename Read, typename Take>
std::vector<std::string> ListNames(Request request, const Read& read,
                                   const Take& take) {
  std::vector<std::string> names;
  request.set_page_size(kPageSize);
  (void)ForEachPage(request, read, [&](const auto& page) {
    take(page, names);
    return names.size() < kMaxNames;
  });
  return names;
}

}  // namespace

std::vector<std::string> ProductCodes(client::Client& client) {
  return ListNames(
      v1::ListProductsRequest(),
      [&](const auto& page) { return client.ListProducts(page); },
      [](const auto& page, auto& names) {
        for (const v1::Product& product : page.products()) {
          names.push_back(product.product_code());
        }
      });
}

std::vector<std::string> PartyIds(client::Client& client) {
  return ListNames(
      v1::ListPartiesRequest(),
      [&](const auto& page) { return client.ListParties(page); },
      [](const auto& page, auto& names) {
        for (const v1::Party& party : page.parties()) {
          names.push_back(party.party_id());
        }
      });
}

std::vector<std::string> LicenseIds(client::Client& client) {
  return ListNames(
      v1::ListLicensesRequest(),
      [&](const auto& page) { return client.ListLicenses(page); },
      [](const auto& page, auto& names) {
        for (const v1::LicenseView& license : page.licenses()) {
          names.push_back(license.license().license_id());
        }
      });
}

std::vector<std::string> PolicyIds(client::Client& client) {
  return ListNames(
      v1::ListPoliciesRequest(),
      [&](const auto& page) { return client.ListPolicies(page); },
      [](const auto& page, auto& names) {
        for (const v1::AdoptedPolicy& adopted : page.policies()) {
          names.push_back(adopted.policy().policy_id());
        }
      });
}

std::vector<std::string> CountryGroupIds(client::Client& client) {
  return ListNames(
      v1::ListCountryGroupsRequest(),
      [&](const auto& page) { return client.ListCountryGroups(page); },
      [](const auto& page, auto& names) {
        for (const v1::CountryGroup& group : page.groups()) {
          names.push_back(group.group_id());
        }
      });
}

std::vector<std::string> RuleIds(client::Client& client,
                                 absl::string_view policy_id) {
  return ListNames(
      v1::ListPoliciesRequest(),
      [&](const auto& page) { return client.ListPolicies(page); },
      [&](const auto& page, auto& names) {
        for (const v1::AdoptedPolicy& adopted : page.policies()) {
          if (!policy_id.empty() && adopted.policy().policy_id() != policy_id) {
            continue;
          }
          for (const v1::Rule& rule : adopted.policy().rules()) {
            names.push_back(rule.rule_id());
          }
        }
      });
}

std::vector<std::string> NamesLikeTheMissing(
    client::Client& client, const client::ErrorDetails& details) {
  const auto value = [&](const std::string& key) {
    const auto it = details.metadata.find(key);
    return it == details.metadata.end() ? std::string() : it->second;
  };
  switch (details.reason) {
    case v1::PRODUCT_NOT_FOUND:
      return NearMatches(value("product_code"), ProductCodes(client));
    case v1::PARTY_NOT_FOUND:
      return NearMatches(value("party_id"), PartyIds(client));
    case v1::LICENSE_NOT_FOUND:
      return NearMatches(value("license_id"), LicenseIds(client));
    case v1::POLICY_NOT_FOUND:
      return NearMatches(value("policy_id"), PolicyIds(client));
    case v1::RULE_NOT_FOUND:
      return NearMatches(value("rule_id"), RuleIds(client, value("policy_id")));
    case v1::COUNTRY_GROUP_NOT_FOUND:
      return NearMatches(value("group_id"), CountryGroupIds(client));
    default:
      return {};
  }
}

}  // namespace chipledger::cli
