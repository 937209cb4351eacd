// What a message says that this build does not know.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_UNKNOWN_FIELDS_H_
#define CHIPLEDGER_LEDGER_DOMAIN_UNKNOWN_FIELDS_H_

#include <memory>

#include "absl/status/status.h"
#include "chipledger/v1/command.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace chipledger::domain {

// Checks that every field of a command and of all messages in it is one that
// this build knows, and so is every value of an enumeration. What is not
// understood must not be stored as if it were: a caller newer than the ledger
// may have meant to limit what it asks for. Errors: UNKNOWN_FIELD.
absl::Status CheckNothingUnknown(const v1::Command& command);

// EnvelopeCheck is the same for the rest of a type of requests: everything but
// the commands in it, which are checked when they are decided. A filter that is
// not understood would give an answer to another question.
//
// Thread-safety: immutable.
class EnvelopeCheck {
 public:
  explicit EnvelopeCheck(const google::protobuf::Descriptor& type);
  ~EnvelopeCheck();
  EnvelopeCheck(const EnvelopeCheck&) = delete;
  EnvelopeCheck& operator=(const EnvelopeCheck&) = delete;

  // Requires: a request of the type. Errors: UNKNOWN_FIELD.
  absl::Status operator()(const google::protobuf::Message& request) const;

 private:
  struct Plans;
  const std::unique_ptr<const Plans> plans_;
};

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_UNKNOWN_FIELDS_H_
