// Structured logs on standard error.
#ifndef CHIPLEDGER_SERVER_LOGGING_H_
#define CHIPLEDGER_SERVER_LOGGING_H_

#include <initializer_list>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "spdlog/spdlog.h"

namespace chipledger {

// How a line of the log looks.
enum class LogFormat {
  // time=... level=... msg="..." key=value
  kText,
  // {"time":"...","level":"...","msg":"...","key":"value"}
  kJson,
};

// Sets up the log of the process: spdlog's default logger, and gRPC's own
// messages. Call once, before other threads start.
void SetUpLogging(spdlog::level::level_enum level, LogFormat format);

// Logs an event with its values.
using LogFields =
    std::initializer_list<std::pair<absl::string_view, std::string>>;
void LogEvent(spdlog::level::level_enum level, absl::string_view message,
              LogFields fields = {});

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_LOGGING_H_
