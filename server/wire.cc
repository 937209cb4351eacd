#include "server/wire.h"

#include <map>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "google/protobuf/stubs/logging.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "grpcpp/support/proto_buffer_reader.h"
#include "grpcpp/support/slice.h"
#include "ledger/base/error.h"
#include "ledger/base/limits.h"
#include "ledger/domain/unknown_fields.h"
#include "server/logging.h"

namespace chipledger {
namespace {

// Where this thread's parse keeps what protobuf logs; null outside of one.
thread_local std::string* parse_log = nullptr;

// The only way in which protobuf tells which field is not UTF-8 is its log.
void OnProtobufLog(google::protobuf::LogLevel level, const char*, int,
                   const std::string& message) {
  if (parse_log != nullptr) {
    if (parse_log->empty()) *parse_log = message;
  } else if (level >= google::protobuf::LOGLEVEL_ERROR) {
    LogEvent(spdlog::level::err, message, {{"by", "protobuf"}});
  }
}

class ParseLog {
 public:
  ParseLog() {
    [[maybe_unused]] static const auto previous =
        google::protobuf::SetLogHandler(&OnProtobufLog);
    parse_log = &text_;
  }
  ~ParseLog() { parse_log = nullptr; }
  ParseLog(const ParseLog&) = delete;
  ParseLog& operator=(const ParseLog&) = delete;
  absl::string_view text() const { return text_; }

 private:
  std::string text_;
};

// Returns "chipledger.v1.Shipment.exporter" of the log's "String field
// 'chipledger.v1.Shipment.exporter' contains invalid UTF-8 data ...".
absl::string_view FieldThatIsNotUtf8(absl::string_view log) {
  if (!absl::StrContains(log, "UTF-8")) return {};
  const size_t begin = log.find('\'');
  if (begin == absl::string_view::npos) return {};
  const size_t end = log.find('\'', begin + 1);
  return log.substr(begin + 1, end - begin - 1);
}

bool Parse(const grpc::ByteBuffer& bytes, google::protobuf::Message& message) {
  grpc::Slice slice;
  if (bytes.TrySingleSlice(&slice).ok()) {
    return message.ParseFromArray(slice.begin(),
                                  static_cast<int>(slice.size()));
  }
  // The reader wants a buffer that is not const; this copies references only.
  grpc::ByteBuffer shared(bytes);
  grpc::ProtoBufferReader reader(&shared);
  return reader.status().ok() && message.ParseFromZeroCopyStream(&reader);
}

// Checks that a request has no unknown fields, commands aside.
absl::Status CheckEnvelope(const google::protobuf::Message& request) {
  static absl::Mutex mutex;
  // Checks stay where they are.
  static auto& checks =
      *new std::map<const google::protobuf::Descriptor*, domain::EnvelopeCheck>;
  const domain::EnvelopeCheck* check;
  {
    const auto* type = request.GetDescriptor();
    absl::MutexLock lock(&mutex);
    check = &checks.try_emplace(type, *type).first->second;
  }
  return (*check)(request);
}

}  // namespace

absl::Status ParseMessage(const grpc::ByteBuffer& bytes,
                          google::protobuf::Message& message) {
  if (bytes.Length() > limits::kMaxMessageBytes) {
    return MakeError(
        absl::StatusCode::kResourceExhausted, "MESSAGE_TOO_LARGE",
        absl::StrCat("the message has ", bytes.Length(), " bytes; at most ",
                     limits::kMaxMessageBytes, " are taken, split it"),
        {{"bytes", absl::StrCat(bytes.Length())},
         {"max_bytes", absl::StrCat(limits::kMaxMessageBytes)}});
  }
  ParseLog log;
  if (Parse(bytes, message)) return CheckEnvelope(message);
  const absl::string_view field = FieldThatIsNotUtf8(log.text());
  const std::string detail =
      field.empty()
          ? absl::StrCat("the bytes are not a ", message.GetTypeName())
          : absl::StrCat("the string field ", field, " is not UTF-8");
  return MakeError(absl::StatusCode::kInvalidArgument, "MALFORMED_MESSAGE",
                   absl::StrCat("malformed request: ", detail),
                   {{"detail", detail}});
}

grpc::ByteBuffer SerializeMessage(const google::protobuf::Message& message) {
  grpc::ByteBuffer bytes;
  bool own_buffer = false;
  // Fails only for messages above 2 GiB.
  const grpc::Status status =
      grpc::SerializationTraits<google::protobuf::Message>::Serialize(
          message, &bytes, &own_buffer);
  if (!status.ok()) {
    LogEvent(spdlog::level::err, "cannot serialize an answer",
             {{"error", status.error_message()}});
  }
  return bytes;
}

}  // namespace chipledger
