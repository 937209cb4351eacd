#include "client/import/look_alikes.h"

#include <set>

#include "absl/hash/hash.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/import/fold.h"

namespace chipledger::import {
namespace {

constexpr size_t kMaxReferences = 5'000'000;

uint64_t HashOfLooks(absl::string_view exporter, absl::string_view reference) {
  return absl::HashOf(exporter, FoldLookAlikes(reference));
}

}  // namespace

std::optional<int64_t> LookAlikes::Note(absl::string_view exporter,
                                        absl::string_view reference,
                                        int64_t line) {
  const uint64_t looks = HashOfLooks(exporter, reference);
  const auto written = static_cast<uint32_t>(absl::HashOf(reference));
  auto found = first_.find(looks);
  if (found == first_.end()) {
    if (first_.size() < kMaxReferences) {
      first_.emplace(looks, First{written, static_cast<uint32_t>(line)});
    }
    return std::nullopt;
  }
  if (found->second.written == written) return std::nullopt;
  several_.insert(looks);
  return found->second.line;
}

bool LookAlikes::HasSeveral(absl::string_view exporter,
                            absl::string_view reference) const {
  return several_.contains(HashOfLooks(exporter, reference));
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
