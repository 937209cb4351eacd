#include "client/errors.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "grpcpp/support/status.h"

namespace chipledger::client {
namespace {

constexpr absl::string_view kDetailsPayload =
    "type.googleapis.com/google.rpc.Status";
constexpr absl::string_view kOutcomeUnknownPayload =
    "chipledger/outcome_unknown";
constexpr absl::string_view kNoConnectionPayload = "chipledger/no_connection";

absl::Duration ToDuration(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) +
         absl::Nanoseconds(duration.nanos());
}

void AddDetail(const google::protobuf::Any& any, ErrorDetails& details) {
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad_request;
  google::rpc::RetryInfo retry;
  v1::Refusal refusal;
  if (any.UnpackTo(&info)) {
    v1::ErrorReason_Parse(info.reason(), &details.reason);
    details.metadata.insert(info.metadata().begin(), info.metadata().end());
  } else if (any.UnpackTo(&bad_request)) {
    for (const auto& field : bad_request.field_violations()) {
      details.fields.push_back({field.field(), field.description()});
    }
  } else if (any.UnpackTo(&retry)) {
    details.retry_delay = ToDuration(retry.retry_delay());
  } else if (any.UnpackTo(&refusal)) {
    details.refusal = std::move(refusal);
  }
}

}  // namespace

ErrorDetails GetErrorDetails(const absl::Status& status) {
  ErrorDetails details;
  if (const auto payload = status.GetPayload(kDetailsPayload)) {
    google::rpc::Status rpc;
    if (rpc.ParseFromString(std::string(*payload))) {
      for (const auto& any : rpc.details()) AddDetail(any, details);
    }
  }
  if (const auto payload = status.GetPayload(kOutcomeUnknownPayload)) {
    details.outcome_unknown_request_id = std::string(*payload);
  }
  details.no_connection = status.GetPayload(kNoConnectionPayload).has_value();
  return details;
}

absl::Status FromRpcStatus(const google::rpc::Status& rpc) {
  absl::Status status(static_cast<absl::StatusCode>(rpc.code()), rpc.message());
  if (!status.ok()) {
    status.SetPayload(kDetailsPayload, absl::Cord(rpc.SerializeAsString()));
  }
  return status;
}

absl::Status FromGrpcStatus(const grpc::Status& grpc) {
  if (grpc.error_code() == grpc::StatusCode::CANCELLED &&
      grpc.error_details().empty()) {
    // Not by this client, which does not ask for the status of a call that it
    // ended, and not by a ledger, which says why. gRPC does so to calls that
    // reach a server between its last call and its end.
    return absl::UnavailableError(
        "the call was cut off: the server is shutting down, or something in "
        "between has closed the connection");
  }
  absl::Status status(static_cast<absl::StatusCode>(grpc.error_code()),
                      grpc.error_message());
  if (!status.ok() && !grpc.error_details().empty()) {
    status.SetPayload(kDetailsPayload, absl::Cord(grpc.error_details()));
  }
  return status;
}

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  google::rpc::Status rpc;
  if (const auto payload = status.GetPayload(kDetailsPayload)) {
    rpc.ParseFromString(std::string(*payload));
  }
  rpc.set_code(static_cast<int>(status.code()));
  rpc.set_message(std::string(status.message()));
  return rpc;
}

absl::Status NoConnection(absl::string_view message) {
  absl::Status status = absl::UnavailableError(message);
  status.SetPayload(kNoConnectionPayload, absl::Cord());
  return status;
}

absl::Status OutcomeUnknown(const absl::Status& cause, const absl::Status& last,
                            absl::string_view request_id) {
  absl::Status status(
      cause.code(),
      absl::StrCat("the outcome is unknown: the write may or may not have been "
                   "recorded (",
                   cause.message(),
                   last == cause ? "" : "; the last try ended with: ",
                   last == cause ? "" : last.message(),
                   "); sending it again with the same content and request_id ",
                   request_id, " is safe, it is recorded once"));
  status.SetPayload(kOutcomeUnknownPayload, absl::Cord(request_id));
  return status;
}

bool IsTransient(const absl::Status& status) {
  const ErrorDetails details = GetErrorDetails(status);
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      // An operator must act on a read-only ledger.
      return details.reason != v1::READ_ONLY;
    case absl::StatusCode::kResourceExhausted:
      // Without the hint it is a limit, such as that of a message.
      return details.retry_delay.has_value();
    default:
      return false;
  }
}

bool LeavesOutcomeOpen(const absl::Status& status) {
  const ErrorDetails details = GetErrorDetails(status);
  switch (details.reason) {
    case v1::ERROR_REASON_UNSPECIFIED:
      break;
    case v1::READ_ONLY:
      return details.metadata.contains("may_be_recorded");
    case v1::INTERNAL_ERROR:
    case v1::DATA_DAMAGED:
      // What a defect has done before it was found is not known.
      return true;
    default:
      return false;
  }
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
      return true;
    default:
      return false;
  }
}

bool SettlesEarlierTries(const absl::Status& status) {
  switch (GetErrorDetails(status).reason) {
    case v1::ERROR_REASON_UNSPECIFIED:
    case v1::QUEUE_FULL:
    case v1::SHUTTING_DOWN:
    case v1::READ_ONLY:
    case v1::RESOURCE_SHORTAGE:
    case v1::INTERNAL_ERROR:
    case v1::DATA_DAMAGED:
      return false;
    default:
      return true;
  }
}

}  // namespace chipledger::client
