#include "ledger/base/near.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace chipledger {
namespace {

constexpr size_t kMaxMatches = 3;
// A part of a name must have as many letters to speak for it.
constexpr size_t kMinPartLetters = 3;

// How many letters must be put in, left out, changed or swapped with the next
// to turn one word into the other (optimal string alignment).
size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> before_last(b.size() + 1);
  std::vector<size_t> last(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  std::iota(last.begin(), last.end(), 0);
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1,
                         last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

// In small letters, with one sign for digits and letters that look alike.
std::string Folded(absl::string_view word) {
  return absl::StrReplaceAll(absl::AsciiStrToLower(word),
                             {{"0", "o"}, {"1", "l"}, {"i", "l"}});
}

}  // namespace

std::vector<std::string> NearMatches(
    absl::string_view word, const std::vector<std::string>& candidates) {
  const std::string wanted = Folded(word);
  std::vector<std::pair<size_t, std::string>> near;
  for (const std::string& candidate : candidates) {
    const std::string name = Folded(candidate);
    const size_t distance = EditDistance(wanted, name);
    const size_t shorter = std::min(wanted.size(), name.size());
    const bool is_part =
        shorter >= kMinPartLetters &&
        (absl::StrContains(name, wanted) || absl::StrContains(wanted, name));
    if (distance <= std::max<size_t>(1, wanted.size() / 3) || is_part) {
      near.emplace_back(distance, candidate);
    }
  }
  std::sort(near.begin(), near.end());
  std::vector<std::string> matches;
  for (size_t i = 0; i < std::min(near.size(), kMaxMatches); ++i) {
    matches.push_back(std::move(near[i].second));
  }
  return matches;
}

std::string AskForOneOf(const std::vector<std::string>& matches) {
  if (matches.empty()) return "";
  return absl::StrCat("did you mean \"", absl::StrJoin(matches, "\" or \""),
                      "\"?");
}

std::string DidYouMean(absl::string_view word,
                       const std::vector<std::string>& candidates) {
  const std::string question = AskForOneOf(NearMatches(word, candidates));
  return question.empty() ? "" : absl::StrCat(", ", question);
}

}  // namespace chipledger
