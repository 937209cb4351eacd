#include "ledger/base/countries.h"

#include <array>
#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "ledger/base/countries_data.h"

namespace chipledger {
namespace {

using internal::CountryRow;
using internal::kCountries;
using internal::kCountryCount;

constexpr int kLetters = 26;

// Returns the place of a two-letter code in a 26 x 26 table, or -1.
int CodePlace(absl::string_view alpha2) {
  if (alpha2.size() != 2) return -1;
  const int first = alpha2[0] - 'A';
  const int second = alpha2[1] - 'A';
  if (first < 0 || first >= kLetters || second < 0 || second >= kLetters) {
    return -1;
  }
  return first * kLetters + second;
}

// Rows by the place of their code; -1 where no code is assigned.
using PlaceTable = std::array<int16_t, kLetters * kLetters>;

const PlaceTable& RowsByPlace() {
  static const PlaceTable table = [] {
    PlaceTable rows;
    rows.fill(-1);
    for (size_t i = 0; i < kCountryCount; ++i) {
      rows[CodePlace(kCountries[i].alpha2)] = static_cast<int16_t>(i);
    }
    return rows;
  }();
  return table;
}

const CountryRow* FindRow(absl::string_view alpha2) {
  const int place = CodePlace(alpha2);
  if (place < 0 || RowsByPlace()[place] < 0) return nullptr;
  return &kCountries[RowsByPlace()[place]];
}

using NameMap = absl::flat_hash_map<std::string, const CountryRow*>;

const NameMap& RowsByName() {
  static const NameMap* const map = [] {
    auto* rows = new NameMap;
    // emplace keeps the first: codes before names, then by alpha-2 code.
    for (const auto field :
         {&CountryRow::alpha2, &CountryRow::alpha3, &CountryRow::name,
          &CountryRow::official_name, &CountryRow::common_name}) {
      for (size_t i = 0; i < kCountryCount; ++i) {
        rows->emplace(absl::AsciiStrToLower(kCountries[i].*field),
                      &kCountries[i]);
      }
    }
    rows->erase("");
    return rows;
  }();
  return *map;
}

}  // namespace

bool IsCountryCode(absl::string_view alpha2) {
  return FindRow(alpha2) != nullptr;
}

std::optional<std::string> FindCountry(absl::string_view code_or_name) {
  const auto it = RowsByName().find(absl::AsciiStrToLower(code_or_name));
  if (it == RowsByName().end()) return std::nullopt;
  return it->second->alpha2;
}

absl::string_view CountryName(absl::string_view alpha2) {
  const CountryRow* row = FindRow(alpha2);
  if (row == nullptr) return alpha2;
  return row->common_name[0] != '\0' ? row->common_name : row->name;
}

}  // namespace chipledger
