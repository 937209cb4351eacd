// Names that are much like a mistyped one.
#ifndef CHIPLEDGER_LEDGER_BASE_NEAR_H_
#define CHIPLEDGER_LEDGER_BASE_NEAR_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace chipledger {

// Returns the candidates that are most like the word, the nearest first, three
// at most: those that differ in a third of its letters at most, whatever their
// case and their look-alikes such as 0 and O, and those that hold the word or
// that it holds.
std::vector<std::string> NearMatches(
    absl::string_view word, const std::vector<std::string>& candidates);

// Returns "did you mean \"a\" or \"b\"?"; empty for no match.
std::string AskForOneOf(const std::vector<std::string>& matches);

// Returns ", did you mean \"a\" or \"b\"?"; empty for no match.
std::string DidYouMean(absl::string_view word,
                       const std::vector<std::string>& candidates);

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_BASE_NEAR_H_
