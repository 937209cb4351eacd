#include "server/logging.h"

#include <atomic>
#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "grpc/support/log.h"
#include "spdlog/pattern_formatter.h"
#include "spdlog/sinks/stdout_sinks.h"

namespace chipledger {
namespace {

std::atomic<LogFormat> log_format = LogFormat::kText;

std::string JsonString(absl::string_view text) {
  google::protobuf::Value value;
  value.set_string_value(std::string(text));
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(value, &json).ok()) {
    return "\"\"";
  }
  return json;
}

std::string TextValue(absl::string_view text) {
  const bool plain =
      !text.empty() && text.find_first_of(" \"=\n\t") == text.npos;
  return plain ? std::string(text)
               : absl::StrCat("\"", absl::Utf8SafeCEscape(text), "\"");
}

void AddField(absl::string_view key, absl::string_view value,
              std::string& line) {
  if (log_format == LogFormat::kJson) {
    absl::StrAppend(&line, line.empty() ? "" : ",", JsonString(key), ":",
                    JsonString(value));
  } else {
    absl::StrAppend(&line, line.empty() ? "" : " ", key, "=", TextValue(value));
  }
}

// gRPC's errors say little to an operator; what matters the server says itself.
void OnGrpcLog(gpr_log_func_args* args) {
  LogEvent(spdlog::level::debug, args->message, {{"by", "grpc"}});
}

}  // namespace

void SetUpLogging(spdlog::level::level_enum level, LogFormat format) {
  log_format = format;
  auto logger = std::make_shared<spdlog::logger>(
      "chipledger", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_formatter(std::make_unique<spdlog::pattern_formatter>(
      format == LogFormat::kJson
          ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
          : "time=%Y-%m-%dT%H:%M:%S.%eZ level=%l %v",
      spdlog::pattern_time_type::utc));
  logger->set_level(level);
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
  gpr_set_log_function(&OnGrpcLog);
}

void LogEvent(spdlog::level::level_enum level, absl::string_view message,
              LogFields fields) {
  if (!spdlog::should_log(level)) return;
  std::string line;
  AddField("msg", message, line);
  for (const auto& [key, value] : fields) AddField(key, value, line);
  spdlog::log(level, "{}", line);
}

}  // namespace chipledger
