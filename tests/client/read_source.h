// Reads shipment sources in tests.
#ifndef CHIPLEDGER_TESTS_CLIENT_READ_SOURCE_H_
#define CHIPLEDGER_TESTS_CLIENT_READ_SOURCE_H_

#include <string>
#include <vector>

#include "client/import/shipment_source.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace chipledger::testing {

// Returns all that a file of the format says; the file must open and be read to
// its end.
inline std::vector<import::SourceShipment> ReadSource(
    const std::string& path, const std::string& format,
    const import::ImportDefaults& defaults = {}) {
  std::vector<import::SourceShipment> shipments;
  auto source = import::OpenShipmentSource(path, format, defaults);
  EXPECT_TRUE(source.ok()) << source.status();
  while (source.ok()) {
    auto shipment = (*source)->Next();
    EXPECT_TRUE(shipment.ok()) << shipment.status();
    if (!shipment.ok() || !*shipment) break;
    shipments.push_back(**std::move(shipment));
  }
  return shipments;
}

// Expects the message that the text says, and no problem.
template <typename Message>
void ExpectSays(const import::SourceShipment& shipment, const Message& message,
                const std::string& text) {
  Message wanted;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &wanted));
  EXPECT_EQ(shipment.problem, "");
  EXPECT_EQ(message.DebugString(), wanted.DebugString());
}

}  // namespace chipledger::testing

#endif  // CHIPLEDGER_TESTS_CLIENT_READ_SOURCE_H_
