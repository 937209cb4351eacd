// The names that a ledger has, to say what a mistyped one may have meant.
#ifndef CHIPLEDGER_CLIENT_CLI_KNOWN_NAMES_H_
#define CHIPLEDGER_CLIENT_CLI_KNOWN_NAMES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "client/client.h"
#include "client/errors.h"

namespace chipledger::cli {

// The names of one kind, the first 10,000 in the ledger's order. They serve a
// hint: what a failed read would have listed is left out.
std::vector<std::string> ProductCodes(client::Client& client);
std::vector<std::string> PartyIds(client::Client& client);
std::vector<std::string> LicenseIds(client::Client& client);
std::vector<std::string> PolicyIds(client::Client& client);
std::vector<std::string> CountryGroupIds(client::Client& client);
// The rules of a policy, or with an empty policy_id of all policies.
std::vector<std::string> RuleIds(client::Client& client,
                                 absl::string_view policy_id);

// Returns the names that are most like the one that an error says is not there;
// none for other errors.
std::vector<std::string> NamesLikeTheMissing(
    client::Client& client, const client::ErrorDetails& details);

}  // namespace chipledger::cli

#endif  // CHIPLEDGER_CLIENT_CLI_KNOWN_NAMES_H_
