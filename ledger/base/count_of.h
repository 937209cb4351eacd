// Numbers of things, in words.
#ifndef CHIPLEDGER_LEDGER_BASE_COUNT_OF_H_
#define CHIPLEDGER_LEDGER_BASE_COUNT_OF_H_

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "ledger/base/decimal.h"

namespace chipledger {

// "1 GPU", "2 GPUs", "-1 GPU", "1,234 GPUs". Requires: the plural of `one` is
// made with an "s".
inline std::string CountOf(int64_t count, absl::string_view one) {
  return absl::StrCat(FormatDecimalForPeople(count, 0), " ", one,
                      count == 1 || count == -1 ? "" : "s");
}

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_BASE_COUNT_OF_H_
