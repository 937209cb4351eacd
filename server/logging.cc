#include "server/logging.h"

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

// Fields travel to the formatter behind the message, after this byte, which is
// in no message.
constexpr char kFieldSeparator = '\x1f';

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

// Formats a line's message and fields.
class FieldsFormatter final : public spdlog::custom_flag_formatter {
 public:
  explicit FieldsFormatter(LogFormat format) : format_(format) {}

  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    absl::string_view rest(message.payload.data(), message.payload.size());
    std::string line;
    AddField("msg", Take(rest), line);
    while (!rest.empty()) {
      const absl::string_view key = Take(rest);
      AddField(key, Take(rest), line);
    }
    out.append(line.data(), line.data() + line.size());
  }

  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<FieldsFormatter>(format_);
  }

 private:
  static absl::string_view Take(absl::string_view& rest) {
    const size_t end = rest.find(kFieldSeparator);
    const absl::string_view part = rest.substr(0, end);
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    return part;
  }

  void AddField(absl::string_view key, absl::string_view value,
                std::string& line) const {
    if (format_ == LogFormat::kJson) {
      absl::StrAppend(&line, line.empty() ? "" : ",", JsonString(key), ":",
                      JsonString(value));
    } else {
      absl::StrAppend(&line, line.empty() ? "" : " ", key, "=",
                      TextValue(value));
    }
  }

  const LogFormat format_;
};

// gRPC's errors say little to an operator; what matters the server says itself.
void OnGrpcLog(gpr_log_func_args* args) {
  spdlog::debug("grpc: {}", args->message);
}

}  // namespace

void SetUpLogging(spdlog::level::level_enum level, LogFormat format) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>(
      spdlog::pattern_time_type::utc);
  formatter->add_flag<FieldsFormatter>('*', format);
  formatter->set_pattern(
      format == LogFormat::kJson
          ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%*})"
          : "time=%Y-%m-%dT%H:%M:%S.%eZ level=%l %*");
  auto logger = std::make_shared<spdlog::logger>(
      "chipledger", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_formatter(std::move(formatter));
  logger->set_level(level);
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
  gpr_set_log_function(&OnGrpcLog);
}

void LogEvent(spdlog::level::level_enum level, absl::string_view message,
              LogFields fields) {
  if (!spdlog::should_log(level)) return;
  std::string line(message);
  for (const auto& [key, value] : fields) {
    absl::StrAppend(&line, absl::string_view(&kFieldSeparator, 1), key,
                    absl::string_view(&kFieldSeparator, 1), value);
  }
  spdlog::log(level, "{}", line);
}

}  // namespace chipledger
