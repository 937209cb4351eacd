// Goal: watches send the state, then what changes, say when they caught up,
// give signs of life, and never hold up the ledger.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tests/support/server_fixture.h"

namespace chipledger::testing {
namespace {

class WatchTest : public ServerTest {
 protected:
  WatchTest() {
    StartServer([](ServerOptions& options) {
      options.heartbeat = absl::Milliseconds(200);
    });
    RecordCatalog();
  }

  uint64_t Record(const std::string& reference, int64_t quantity,
                  const std::string& country) {
    Context context;
    v1::RecordShipmentResponse response;
    const grpc::Status status = shipments_->RecordShipment(
        &context, ShipmentOf("H100", quantity, country, reference), &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.result().size();
  }
};

// Reads until everything up to the size has come. Returns the rows' latest
// states by country.
std::map<std::string, int64_t> ReadUntil(
    grpc::ClientReader<v1::WatchHeadroomResponse>& reader, uint64_t size) {
  std::map<std::string, int64_t> used;
  v1::WatchHeadroomResponse message;
  do {
    if (!reader.Read(&message)) {
      ADD_FAILURE() << reader.Finish().error_message();
      return used;
    }
    for (const v1::HeadroomRow& row : message.rows()) {
      used[row.group().destination_country()] = row.used();
    }
  } while (message.size() < size || !message.caught_up());
  return used;
}

TEST_F(WatchTest, HeadroomComesWholeFirstAndThenTheRowsThatChanged) {
  Record("S1", 10, "MY");
  const uint64_t first = Record("S2", 20, "AE");
  Context context;
  v1::WatchHeadroomRequest request;
  request.mutable_filter()->set_policy_id("caps");
  auto reader = headroom_->WatchHeadroom(&context, request);
  using Rows = std::map<std::string, int64_t>;
  EXPECT_EQ(ReadUntil(*reader, first), (Rows{{"AE", 20}, {"MY", 10}}));
  EXPECT_EQ(ReadUntil(*reader, Record("S3", 5, "MY")), (Rows{{"MY", 15}}));
  EXPECT_EQ(ReadUntil(*reader, Record("S4", 1, "BR")), (Rows{{"BR", 1}}));
}

TEST_F(WatchTest, ManyChangesOfARowComeInFewMessages) {
  Context context;
  v1::WatchHeadroomRequest request;
  request.mutable_filter()->set_destination_country("MY");
  auto reader = headroom_->WatchHeadroom(&context, request);
  v1::WatchHeadroomResponse message;
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_TRUE(message.caught_up());
  constexpr int kShipments = 200;
  const absl::Time start = absl::Now();
  uint64_t size = 0;
  for (int i = 0; i < kShipments; ++i) {
    size = Record(absl::StrCat("S", i), 1, "MY");
  }
  int messages = 0;
  int64_t used = 0;
  while (message.size() < size) {
    ASSERT_TRUE(reader->Read(&message));
    ++messages;
    if (message.rows_size() > 0) used = message.rows(0).used();
  }
  const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
  EXPECT_EQ(used, kShipments);
  EXPECT_LE(messages, 20 * seconds + 3);
}

TEST_F(WatchTest, AnIdleHeadroomWatchGivesSignsOfLife) {
  Context context;
  auto reader = headroom_->WatchHeadroom(&context, {});
  v1::WatchHeadroomResponse message;
  ASSERT_TRUE(reader->Read(&message));
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(reader->Read(&message));
    EXPECT_EQ(message.rows_size(), 0);
    EXPECT_TRUE(message.caught_up());
    EXPECT_EQ(message.size(), server().ledger().Latest()->size);
  }
}

TEST_F(WatchTest, AWrongFilterIsAnError) {
  Context context;
  v1::WatchHeadroomRequest request;
  request.mutable_filter()->set_policy_id("p404");
  auto reader = headroom_->WatchHeadroom(&context, request);
  v1::WatchHeadroomResponse message;
  EXPECT_FALSE(reader->Read(&message));
  EXPECT_EQ(ReasonOf(reader->Finish()), "POLICY_NOT_FOUND");
}

TEST_F(WatchTest, EntriesComeFromAnyIndexAndGoOnWithNewOnes) {
  Record("S1", 1, "MY");
  uint64_t size = server().ledger().Latest()->size;
  Context context;
  v1::WatchEntriesRequest request;
  request.set_start_index(2);
  auto reader = audit_->WatchEntries(&context, request);
  uint64_t next = 2;
  bool empty_when_caught_up = false;
  const auto read_to = [&](uint64_t end) {
    v1::WatchEntriesResponse message;
    while (next < end || !message.caught_up()) {
      ASSERT_TRUE(reader->Read(&message));
      EXPECT_EQ(message.first_index(), next);
      empty_when_caught_up |= message.entries().empty() && message.caught_up();
      for (const std::string& bytes : message.entries()) {
        v1::Entry entry;
        ASSERT_TRUE(entry.ParseFromString(bytes));
        EXPECT_EQ(entry.index(), next++);
      }
    }
  };
  read_to(size);
  for (int i = 0; i < 5; ++i) {
    size = Record(absl::StrCat("late", i), 1, "MY");
    read_to(size);
  }
  EXPECT_TRUE(empty_when_caught_up);
}

TEST_F(WatchTest, AnIdleEntryWatchGivesSignsOfLife) {
  const uint64_t size = server().ledger().Latest()->size;
  Context context;
  v1::WatchEntriesRequest request;
  request.set_start_index(size);
  auto reader = audit_->WatchEntries(&context, request);
  v1::WatchEntriesResponse message;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(reader->Read(&message));
    EXPECT_EQ(message.first_index(), size);
    EXPECT_EQ(message.entries_size(), 0);
    EXPECT_TRUE(message.caught_up());
  }
}

TEST_F(WatchTest, ReadersThatDoNotReadHoldUpNobodyAndMissNothing) {
  constexpr int kReaders = 8;
  std::vector<std::unique_ptr<Context>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::WatchEntriesResponse>>>
      readers;
  for (int i = 0; i < kReaders; ++i) {
    contexts.push_back(std::make_unique<Context>());
    readers.push_back(audit_->WatchEntries(contexts.back().get(), {}));
  }
  // More bytes than a stream takes without being read.
  const std::string source(2'000, 's');
  uint64_t size = 0;
  for (int i = 0; i < 400; ++i) {
    v1::RecordShipmentRequest request =
        ShipmentOf("H100", 1, "MY", absl::StrCat("S", i));
    request.mutable_command()->mutable_shipment()->set_source(source);
    Context context;
    v1::RecordShipmentResponse response;
    ASSERT_TRUE(shipments_->RecordShipment(&context, request, &response).ok());
    size = response.result().size();
  }
  for (auto& reader : readers) {
    v1::WatchEntriesResponse message;
    uint64_t next = 0;
    while (next < size) {
      ASSERT_TRUE(reader->Read(&message));
      ASSERT_EQ(message.first_index(), next);
      next += message.entries_size();
    }
  }
}

TEST_F(WatchTest, WatchersThatLeaveAreForgotten) {
  for (int i = 0; i < 50; ++i) {
    Context context;
    auto headroom = headroom_->WatchHeadroom(&context, {});
    if (i % 2 == 0) {
      v1::WatchHeadroomResponse message;
      EXPECT_TRUE(headroom->Read(&message));
    }
    context.TryCancel();
    EXPECT_EQ(headroom->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  Record("S1", 1, "MY");
  // A watch that were still known would hold up the end for the whole timeout.
  const absl::Time start = absl::Now();
  server().Shutdown();
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
}

}  // namespace
}  // namespace chipledger::testing
