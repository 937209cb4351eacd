#include "client/import/look_alikes.h"

#include <set>

#include "absl/hash/hash.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/import/fold.h"

namespace chipledger::import {
namespace {

constexpr size_t kMaxReferences = 5'000'000;

}  // namespace

std::optional<int64_t> LookAlikes::Note(absl::string_view exporter,
                                        absl::string_view reference,
                                        int64_t line) {
  const uint64_t looks = absl::HashOf(exporter, FoldLookAlikes(reference));
  const auto written = static_cast<uint32_t>(absl::HashOf(reference));
  auto found = first_.find(looks);
  if (found == first_.end()) {
    if (first_.size() < kMaxReferences) {
      first_.emplace(looks, First{written, static_cast<uint32_t>(line)});
    }
    return std::nullopt;
  }
  if (found->second.written == written) return std::nullopt;
  return found->second.line;
}

std::vector<std::string> OtherSpellings(const std::string& reference) {
  const std::string folded = FoldLookAlikes(reference);
  std::set<std::string> spellings = {absl::AsciiStrToUpper(reference),
                                     absl::AsciiStrToLower(reference),
                                     absl::AsciiStrToUpper(folded), folded};
  spellings.erase(reference);
  return {spellings.begin(), spellings.end()};
}

}  // namespace chipledger::import
