// Goal: an event that is split is put together again as it was, however little
// room its entries have.
#include "ledger/domain/whole_event.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/arena.h"
#include "gtest/gtest.h"

namespace chipledger::testing {
namespace {

using domain::EntriesOf;
using domain::SplitEvent;

// A correction with more evidence than its entries will hold.
v1::Event Correction() {
  v1::Event event;
  v1::ShipmentCorrected& corrected = *event.mutable_shipment_corrected();
  corrected.mutable_command()->set_reason("r");
  for (v1::Evidence* evidence :
       {corrected.mutable_reversal(), corrected.mutable_evidence()}) {
    for (int i = 0; i < 40; ++i) {
      evidence->add_totals()->add_policies(static_cast<uint64_t>(i));
      evidence->add_figures()->set_classification(std::string(i % 7, 'c'));
      evidence->add_draws()->set_license_id(absl::StrCat("L", i));
    }
    evidence->set_chosen_license_id("L1");
  }
  return event;
}

TEST(WholeEventTest, IsSplitAndReadWhole) {
  for (size_t max_bytes = 64; max_bytes < 400; ++max_bytes) {
    google::protobuf::Arena arena;
    v1::Event whole = Correction();
    const size_t entries = SplitEvent(whole, 7, max_bytes, &arena).size();
    ASSERT_GT(entries, 1u);
    // The same when the event says how many they are.
    whole.set_continued_by(static_cast<uint32_t>(entries - 1));
    const std::vector<v1::Event*> split =
        SplitEvent(whole, 7, max_bytes, &arena);
    ASSERT_EQ(split.size(), entries) << max_bytes;
    EXPECT_EQ(EntriesOf(*split.front()), entries);
    for (const v1::Event* event : split) {
      EXPECT_LE(event->ByteSizeLong(), max_bytes);
    }
    v1::Entry read;
    ASSERT_TRUE(domain::ReadWholeEntry(
                    [&](uint64_t index, v1::Entry& entry) {
                      *entry.mutable_event() = *split.at(index - 7);
                      return absl::OkStatus();
                    },
                    7, read)
                    .ok());
    ASSERT_EQ(read.event().SerializeAsString(), whole.SerializeAsString());
  }
}

TEST(WholeEventTest, WhatContinuesAnotherIsDamage) {
  google::protobuf::Arena arena;
  v1::Event whole = Correction();
  const std::vector<v1::Event*> split = SplitEvent(whole, 7, 200, &arena);
  v1::Entry read;
  const absl::Status status = domain::ReadWholeEntry(
      [&](uint64_t index, v1::Entry& entry) {
        *entry.mutable_event() = *split.at(index - 8);
        return absl::OkStatus();
      },
      8, read);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace chipledger::testing
