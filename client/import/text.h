// Small readings of text that importers and the command line share.
#ifndef CHIPLEDGER_CLIENT_IMPORT_TEXT_H_
#define CHIPLEDGER_CLIENT_IMPORT_TEXT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/command.pb.h"
#include "chipledger/v1/common.pb.h"

namespace chipledger::import {

// Returns the text on one line: control characters become blanks, and there are
// none at its ends.
std::string OneLine(absl::string_view text);

// Returns a plain decimal ("30000.000000000004") times 10^scale, rounded half
// up on its digits, never through a float. Nothing when it is no such decimal,
// is negative or does not fit.
std::optional<int64_t> RoundHalfUp(absl::string_view decimal, int scale);

// Reads a count of whole units as spreadsheets write it: "1000", "1,000",
// "1000.0". With `comma_is_decimal`, as in files whose fields end in
// semicolons, "," and "." may each be either. Errors: INVALID_ARGUMENT with the
// value and why it is no such count, also when it could be two ("1.000").
absl::StatusOr<int64_t> ParseUnits(absl::string_view text,
                                   bool comma_is_decimal);

// Reads an amount of whole US dollars, as above.
absl::StatusOr<int64_t> ParseDollars(absl::string_view text,
                                     bool comma_is_decimal);

// Returns what was read of a column or an option; an error names it.
template <typename T>
absl::StatusOr<T> InColumn(absl::string_view name, absl::StatusOr<T> read) {
  if (read.ok()) return read;
  return absl::InvalidArgumentError(
      absl::StrCat(name, " ", read.status().message()));
}

// Reads "license", "nveu", "none-required" and so on: the name of the enum
// value after its prefix, in any case, with "-" or "_". Errors:
// INVALID_ARGUMENT with every known word.
absl::StatusOr<v1::AuthorizationKind> ParseAuthorizationKind(
    absl::string_view text);
// Reads "before-export" and "after-the-fact", as above.
absl::StatusOr<v1::Assurance> ParseAssurance(absl::string_view text);
// Reads "loss", "damage", "scrap" and "theft", as above.
absl::StatusOr<v1::RetireUnits::Cause> ParseRetirementCause(
    absl::string_view text);

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_TEXT_H_
