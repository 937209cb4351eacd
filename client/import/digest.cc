#include "client/import/digest.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "ledger/base/sha256.h"

namespace chipledger::import {
namespace {

void AppendDeterministically(const google::protobuf::Message& message,
                             std::string& bytes) {
  google::protobuf::io::StringOutputStream output(&bytes);
  google::protobuf::io::CodedOutputStream coded(&output);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
}

}  // namespace

std::string Sha256Hex(absl::string_view bytes) {
  return absl::BytesToHexString(Sha256(bytes));
}

const google::protobuf::Message& ContentOf(const v1::Command& command) {
  const google::protobuf::Reflection& reflection = *command.GetReflection();
  return reflection.GetMessage(
      command, reflection.GetOneofFieldDescriptor(
                   command, command.GetDescriptor()->oneof_decl(0)));
}

Uuid RequestIdFor(const google::protobuf::Message& command,
                  absl::string_view attempt) {
  std::string content =
      absl::StrCat("chipledger import\n", command.GetDescriptor()->full_name(),
                   "\n", attempt.size(), ":", attempt);
  AppendDeterministically(command, content);
  const std::string hash = Sha256(content);
  Uuid uuid;
  std::copy_n(hash.begin(), uuid.bytes.size(), uuid.bytes.begin());
  // RFC 9562: version 8 (custom), variant 10.
  uuid.bytes[6] = static_cast<uint8_t>(0x80 | (uuid.bytes[6] & 0x0F));
  uuid.bytes[8] = static_cast<uint8_t>(0x80 | (uuid.bytes[8] & 0x3F));
  return uuid;
}

}  // namespace chipledger::import
