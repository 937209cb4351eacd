// Reads .textproto files.
#ifndef CHIPLEDGER_TESTS_SUPPORT_TEXT_FILE_H_
#define CHIPLEDGER_TESTS_SUPPORT_TEXT_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace chipledger::testing {

// Reads a .textproto file into `message`.
// Errors: NOT_FOUND; INVALID_ARGUMENT with file, line and column.
absl::Status ReadTextFile(const std::string& path,
                          google::protobuf::Message& message);

}  // namespace chipledger::testing

#endif  // CHIPLEDGER_TESTS_SUPPORT_TEXT_FILE_H_
