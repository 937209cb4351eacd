// Commands for tests, written in protobuf text.
#ifndef CHIPLEDGER_TESTS_SUPPORT_COMMANDS_H_
#define CHIPLEDGER_TESTS_SUPPORT_COMMANDS_H_

#include <string>

#include "chipledger/v1/command.pb.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace chipledger::testing {

// Parses any message from text; a typo fails the test.
template <typename M>
M FromText(const std::string& text) {
  M message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message))
      << text;
  return message;
}

inline v1::Command Cmd(const std::string& text) {
  return FromText<v1::Command>(text);
}

// A record_shipment that cites a license.
inline v1::Command UnderLicense(v1::Command command,
                                const std::string& license_id) {
  v1::Authorization& authorization = *command.mutable_record_shipment()
                                          ->mutable_shipment()
                                          ->mutable_authorization();
  authorization.set_kind(v1::AUTHORIZATION_KIND_LICENSE);
  authorization.set_license_id(license_id);
  return command;
}

}  // namespace chipledger::testing

#endif  // CHIPLEDGER_TESTS_SUPPORT_COMMANDS_H_
