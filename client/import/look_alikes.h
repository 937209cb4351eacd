// References that are read as one and counted as two.
#ifndef CHIPLEDGER_CLIENT_IMPORT_LOOK_ALIKES_H_
#define CHIPLEDGER_CLIENT_IMPORT_LOOK_ALIKES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"

namespace chipledger::import {

// LookAlikes finds references of one exporter that differ only in case or in
// characters that look alike (FoldLookAlikes), by 16 bytes a reference in a
// table at most half empty. It knows the first five million of a file.
//
// Thread-safety: thread-compatible.
class LookAlikes {
 public:
  // Notes a reference. Returns the line of the first one before it that looks
  // like it and is another one.
  std::optional<int64_t> Note(absl::string_view exporter,
                              absl::string_view reference, int64_t line);
  // Whether references of the file that look like this one are written in
  // several ways.
  bool HasSeveral(absl::string_view exporter,
                  absl::string_view reference) const;

 private:
  struct First {
    // A hash of the reference as it is written.
    uint32_t written;
    uint32_t line;
  };
  absl::flat_hash_map<uint64_t, First> first_;
  absl::flat_hash_set<uint64_t> several_;
};

// So many names are looked for in the ledger in other spellings.
inline constexpr size_t kMaxSpelled = 10'000;

// Returns the ways in which others may have written the reference: in capitals,
// in small letters, and with the letters that it looks like.
std::vector<std::string> OtherSpellings(const std::string& reference);

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_LOOK_ALIKES_H_
