// Countries as people write them.
#ifndef CHIPLEDGER_CLIENT_IMPORT_COUNTRY_NAMES_H_
#define CHIPLEDGER_CLIENT_IMPORT_COUNTRY_NAMES_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace chipledger::import {

// Returns the alpha-2 code of a country given by its code or one of its names:
// those of iso-codes and of country_names.csv, in any case, with or without
// accents and punctuation, in any order of words. Codes win over names.
// Errors: INVALID_ARGUMENT with the value and, for a code or a name that is
// known and not used, what it was or may be.
absl::StatusOr<std::string> ParseCountryName(absl::string_view text);

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_COUNTRY_NAMES_H_
