#include "server/rpc_status.h"

#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "chipledger/v1/evidence.pb.h"
#include "google/rpc/error_details.pb.h"
#include "ledger/base/error.h"
#include "server/logging.h"

namespace chipledger {
namespace {

constexpr char kDomain[] = "chipledger";
constexpr char kRefused[] = "REFUSED_BY_RULES";
// About the time in which a full queue is decided.
constexpr int kQueueFullRetryNs = 100'000'000;
constexpr size_t kMaxMessageTextBytes = 1'000;
constexpr size_t kMaxMetadataValueBytes = 256;

template <typename Detail>
void AddDetail(google::rpc::Status& status, const Detail& detail) {
  status.add_details()->PackFrom(detail);
}

ErrorCause CauseOf(const absl::Status& status) {
  if (auto cause = GetErrorCause(status)) return *std::move(cause);
  return ErrorCause{.reason = "INTERNAL_ERROR"};
}

void LogDefect(const absl::Status& status, const ErrorCause& cause) {
  if (cause.reason == "INTERNAL_ERROR" || cause.reason == "DATA_DAMAGED") {
    LogEvent(spdlog::level::err, status.message(), {{"reason", cause.reason}});
  }
}

google::rpc::BadRequest ToBadRequest(
    const std::vector<FieldViolation>& violations) {
  google::rpc::BadRequest bad_request;
  for (const FieldViolation& violation : violations) {
    auto* field = bad_request.add_field_violations();
    field->set_field(violation.field);
    field->set_description(violation.description);
  }
  return bad_request;
}

google::rpc::Status Convert(const absl::Status& status,
                            const ErrorCause& cause) {
  google::rpc::Status rpc_status;
  rpc_status.set_code(static_cast<int>(status.code()));
  if (cause.reason == "INTERNAL_ERROR") {
    rpc_status.set_code(static_cast<int>(absl::StatusCode::kInternal));
  }
  const absl::string_view message = status.message();
  rpc_status.set_message(message.data(), message.size());
  google::rpc::ErrorInfo info;
  info.set_reason(cause.reason);
  info.set_domain(kDomain);
  for (const auto& [key, value] : cause.metadata) {
    (*info.mutable_metadata())[key] = value;
  }
  AddDetail(rpc_status, info);
  if (const auto violations = GetFieldViolations(status); !violations.empty()) {
    AddDetail(rpc_status, ToBadRequest(violations));
  }
  if (cause.reason == "QUEUE_FULL") {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_nanos(kQueueFullRetryNs);
    AddDetail(rpc_status, retry);
  }
  return rpc_status;
}

v1::Refusal ToRefusal(const WriteAnswer& answer) {
  v1::Refusal refusal;
  *refusal.mutable_violations() = answer.violations;
  if (answer.index) refusal.set_index(*answer.index);
  refusal.set_size(answer.size);
  return refusal;
}

// Cuts a text to at most `max_bytes`, between characters.
void CutText(std::string& text, size_t max_bytes) {
  if (text.size() <= max_bytes) return;
  size_t end = max_bytes - 3;
  while (end > 0 && (text[end] & 0xC0) == 0x80) --end;
  text.resize(end);
  text += "...";
}

// Bytes of the grpc-message trailer, which is percent-encoded.
size_t PercentEncodedSize(const std::string& text) {
  size_t size = 0;
  for (const char c : text) {
    size += c >= ' ' && c <= '~' && c != '%' ? 1 : 3;
  }
  return size;
}

size_t TrailerBytes(const google::rpc::Status& status) {
  return PercentEncodedSize(status.message()) + status.ByteSizeLong();
}

// Removes elements from the end of a list until `excess` bytes are gone.
// Returns how many it removed.
template <typename List>
int CutList(List& list, size_t excess) {
  int removed = 0;
  for (size_t bytes = 0; bytes < excess && !list.empty(); ++removed) {
    bytes += list.rbegin()->ByteSizeLong();
    list.RemoveLast();
  }
  return removed;
}

// Cuts the list in the detail. Returns how many elements it removed.
int CutDetail(google::protobuf::Any& any, size_t excess) {
  int removed = 0;
  if (v1::Refusal refusal; any.UnpackTo(&refusal)) {
    removed = CutList(*refusal.mutable_violations(), excess);
    any.PackFrom(refusal);
  } else if (google::rpc::BadRequest bad; any.UnpackTo(&bad)) {
    removed = CutList(*bad.mutable_field_violations(), excess);
    any.PackFrom(bad);
  }
  return removed;
}

void FitTrailer(google::rpc::Status& status) {
  CutText(*status.mutable_message(), kMaxMessageTextBytes);
  google::rpc::ErrorInfo info;
  if (status.details_size() == 0 || !status.details(0).UnpackTo(&info)) return;
  for (auto& [key, value] : *info.mutable_metadata()) {
    CutText(value, kMaxMetadataValueBytes);
  }
  status.mutable_details(0)->PackFrom(info);
  int omitted = 0;
  for (google::protobuf::Any& any : *status.mutable_details()) {
    const size_t bytes = TrailerBytes(status);
    if (bytes <= kMaxErrorTrailerBytes) break;
    omitted += CutDetail(any, bytes - kMaxErrorTrailerBytes);
  }
  if (omitted == 0) return;
  std::string& total = (*info.mutable_metadata())["omitted"];
  int before = 0;
  if (absl::SimpleAtoi(total, &before)) omitted += before;
  total = absl::StrCat(omitted);
  status.mutable_details(0)->PackFrom(info);
}

}  // namespace

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  const ErrorCause cause = CauseOf(status);
  LogDefect(status, cause);
  return Convert(status, cause);
}

google::rpc::Status ToRpcStatus(const WriteAnswer& answer) {
  ErrorCause cause = CauseOf(answer.status);
  LogDefect(answer.status, cause);
  if (cause.reason != kRefused) return Convert(answer.status, cause);
  if (answer.index) cause.metadata["index"] = absl::StrCat(*answer.index);
  google::rpc::Status status = Convert(answer.status, cause);
  AddDetail(status, ToRefusal(answer));
  return status;
}

grpc::Status ToGrpcStatus(google::rpc::Status status) {
  if (TrailerBytes(status) > kMaxErrorTrailerBytes) FitTrailer(status);
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                      status.message(), status.SerializeAsString());
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  return ToGrpcStatus(ToRpcStatus(status));
}

grpc::Status ToGrpcStatus(const WriteAnswer& answer) {
  return ToGrpcStatus(ToRpcStatus(answer));
}

absl::Status ShuttingDown() {
  return MakeError(absl::StatusCode::kUnavailable, "SHUTTING_DOWN",
                   "the server is shutting down; try again later");
}

absl::Status MissingField(absl::string_view field) {
  return InvalidFields({{std::string(field), "is required"}});
}

}  // namespace chipledger
