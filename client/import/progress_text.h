// How far an import is, in words.
#ifndef CHIPLEDGER_CLIENT_IMPORT_PROGRESS_TEXT_H_
#define CHIPLEDGER_CLIENT_IMPORT_PROGRESS_TEXT_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace chipledger::import {

// Returns one line, such as
//   [==========          ]  50 %  1,000 answered, 250/s, 4s left
// The bar and the time left need `total_bytes`, 0 where it is not known; the
// rate and the time left are said once `elapsed` is long enough to tell, the
// latter while something is left to read.
std::string DescribeProgress(int64_t answered, uint64_t bytes_read,
                             uint64_t total_bytes, absl::Duration elapsed);

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_PROGRESS_TEXT_H_
