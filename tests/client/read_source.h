// Reads sources in tests.
#ifndef CHIPLEDGER_TESTS_CLIENT_READ_SOURCE_H_
#define CHIPLEDGER_TESTS_CLIENT_READ_SOURCE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/import/command_source.h"
#include "client/import/shipment_source.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace chipledger::testing {

// Returns all that an opened source says; it must be open and be read to its
// end.
inline std::vector<import::SourceCommand> ReadToTheEnd(
    absl::StatusOr<std::unique_ptr<import::CommandSource>> source) {
  std::vector<import::SourceCommand> commands;
  EXPECT_TRUE(source.ok()) << source.status();
  while (source.ok()) {
    auto command = (*source)->Next();
    EXPECT_TRUE(command.ok()) << command.status();
    if (!command.ok() || !*command) break;
    commands.push_back(**std::move(command));
  }
  return commands;
}

// The same of a file of shipments.
inline std::vector<import::SourceCommand> ReadSource(
    const std::string& path, const std::string& format,
    const import::ImportDefaults& defaults = {}) {
  return ReadToTheEnd(import::OpenShipmentSource(path, format, defaults));
}

// Expects the message that the text says, and no problem.
template <typename Message>
void ExpectSays(const import::SourceCommand& command, const Message& message,
                const std::string& text) {
  Message wanted;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &wanted));
  EXPECT_EQ(command.problem, "");
  EXPECT_EQ(message.DebugString(), wanted.DebugString());
}

}  // namespace chipledger::testing

#endif  // CHIPLEDGER_TESTS_CLIENT_READ_SOURCE_H_
