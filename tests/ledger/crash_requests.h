// The requests that the crash test's writer sends and the test looks for.
#ifndef CHIPLEDGER_TESTS_LEDGER_CRASH_REQUESTS_H_
#define CHIPLEDGER_TESTS_LEDGER_CRASH_REQUESTS_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/ledger/ledger_fixture.h"

namespace chipledger::testing {

// Small, so that crashes hit every step of moving ids to the disk.
inline constexpr size_t kCrashIdGeneration = 256;

// Request number n ships twice.
inline TestRequest CrashRequest(uint64_t number) {
  return {
      {Ship(absl::StrCat("S-", number, "-a")),
       Ship(absl::StrCat("S-", number, "-b"))},
      *Uuid::Parse(absl::StrFormat("00000000-0000-4000-8000-%012x", number)),
      false};
}

}  // namespace chipledger::testing

#endif  // CHIPLEDGER_TESTS_LEDGER_CRASH_REQUESTS_H_
