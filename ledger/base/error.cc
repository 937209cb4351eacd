#include "ledger/base/error.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace chipledger {
namespace {

constexpr absl::string_view kCausePayload = "chipledger/cause";
constexpr absl::string_view kFieldsPayload = "chipledger/fields";

// Payloads are lists of strings, each written as its length, a colon and its
// bytes.
void AppendString(std::string& out, absl::string_view value) {
  absl::StrAppend(&out, value.size(), ":", value);
}

std::vector<std::string> SplitStrings(const absl::Cord& payload) {
  const std::string flat(payload);
  absl::string_view rest = flat;
  std::vector<std::string> strings;
  while (!rest.empty()) {
    const size_t colon = rest.find(':');
    uint64_t size = 0;
    if (colon == absl::string_view::npos ||
        !absl::SimpleAtoi(rest.substr(0, colon), &size) ||
        size > rest.size() - colon - 1) {
      break;
    }
    strings.emplace_back(rest.substr(colon + 1, size));
    rest.remove_prefix(colon + 1 + size);
  }
  return strings;
}

}  // namespace

absl::Status MakeError(absl::StatusCode code, absl::string_view reason,
                       absl::string_view message,
                       std::map<std::string, std::string> metadata) {
  std::string payload;
  AppendString(payload, reason);
  for (const auto& [key, value] : metadata) {
    AppendString(payload, key);
    AppendString(payload, value);
  }
  absl::Status status(code, message);
  status.SetPayload(kCausePayload, absl::Cord(payload));
  return status;
}

absl::Status InvalidFields(const std::vector<FieldViolation>& violations) {
  std::string message;
  std::string payload;
  for (const FieldViolation& violation : violations) {
    absl::StrAppend(&message, message.empty() ? "" : "; ", violation.field,
                    ": ", violation.description);
    AppendString(payload, violation.field);
    AppendString(payload, violation.description);
  }
  absl::Status status =
      MakeError(absl::StatusCode::kInvalidArgument, "INVALID_FIELD", message,
                {{"field", violations.front().field}});
  status.SetPayload(kFieldsPayload, absl::Cord(payload));
  return status;
}

std::optional<ErrorCause> GetErrorCause(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kCausePayload);
  if (!payload) return std::nullopt;
  const std::vector<std::string> strings = SplitStrings(*payload);
  if (strings.empty()) return std::nullopt;
  ErrorCause cause{.reason = strings[0], .metadata = {}};
  for (size_t i = 1; i + 1 < strings.size(); i += 2) {
    cause.metadata[strings[i]] = strings[i + 1];
  }
  return cause;
}

std::vector<FieldViolation> GetFieldViolations(const absl::Status& status) {
  std::vector<FieldViolation> violations;
  if (const auto payload = status.GetPayload(kFieldsPayload)) {
    const std::vector<std::string> strings = SplitStrings(*payload);
    for (size_t i = 0; i + 1 < strings.size(); i += 2) {
      violations.push_back({strings[i], strings[i + 1]});
    }
  }
  return violations;
}

}  // namespace chipledger
