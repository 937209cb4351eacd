// Countries of ISO 3166-1, from Debian's iso-codes, and Kosovo as XK.
#ifndef CHIPLEDGER_LEDGER_BASE_COUNTRIES_H_
#define CHIPLEDGER_LEDGER_BASE_COUNTRIES_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace chipledger {

// Whether it is an assigned alpha-2 code, or XK, in upper case. Fast: it is
// asked for every shipment.
bool IsCountryCode(absl::string_view alpha2);

// Returns the alpha-2 code of the country with this alpha-2 or alpha-3 code, or
// with exactly this name, official name or common name in iso-codes. ASCII
// letters may be in any case. The codes win over names, and among countries the
// first by alpha-2 code.
std::optional<std::string> FindCountry(absl::string_view code_or_name);

// Returns the name for people (the common name where there is one), or the
// argument when it is no country. Lives for ever, or as long as the argument.
absl::string_view CountryName(absl::string_view alpha2);

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_BASE_COUNTRIES_H_
