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
#include "ledger/base/countries.h"
#include "tests/support/server_fixture.h"
#include "tests/support/test_clock.h"

namespace chipledger::testing {
namespace {

// What names a row, for people.
template <typename Row>
std::string NameOf(const Row& row) {
  return absl::StrCat(row.policy_id(), "/", row.rule_id(), " ",
                      row.window_start(), " ",
                      row.group().destination_country());
}

class WatchTest : public ServerTest {
 protected:
  WatchTest() {
    StartServer([](ServerOptions& options) {
      options.heartbeat = absl::Milliseconds(200);
    });
    RecordCatalog();
  }

  // Starts it again with a clock, which must be ahead of the machine's.
  void StartServerWith(const TestClock& clock) {
    StartServer([&](ServerOptions& options) {
      options.heartbeat = absl::Milliseconds(200);
      options.ledger.clock = &clock;
      options.ledger.trust_clock = true;
    });
  }

  // What the list says now, by name.
  std::map<std::string, std::string> ListedRows(
      const v1::HeadroomFilter& filter) {
    std::map<std::string, std::string> rows;
    v1::ListHeadroomRequest request;
    *request.mutable_filter() = filter;
    Context context;
    v1::ListHeadroomResponse response;
    EXPECT_TRUE(headroom_->ListHeadroom(&context, request, &response).ok());
    for (const v1::HeadroomRow& row : response.rows()) {
      rows[NameOf(row)] = row.SerializeAsString();
    }
    return rows;
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

// The rows that a watcher holds.
class HeldRows {
 public:
  explicit HeldRows(grpc::ClientReader<v1::WatchHeadroomResponse>& reader)
      : reader_(reader) {}

  // Takes messages until the rows are those of a size not below `size`.
  void ReadTo(uint64_t size) {
    v1::WatchHeadroomResponse message;
    do {
      ASSERT_TRUE(reader_.Read(&message));
      for (const v1::HeadroomRow& row : message.rows()) {
        rows_[NameOf(row)] = row.SerializeAsString();
      }
      for (const auto& row : message.removed_rows()) {
        EXPECT_EQ(rows_.erase(NameOf(row)), 1) << NameOf(row);
      }
      if (message.size() == 0) ++parts_;
    } while (message.size() < size);
  }

  const std::map<std::string, std::string>& rows() const { return rows_; }
  // Messages after which the rows were of no size.
  int parts() const { return parts_; }

 private:
  grpc::ClientReader<v1::WatchHeadroomResponse>& reader_;
  std::map<std::string, std::string> rows_;
  int parts_ = 0;
};

TEST_F(WatchTest, AWatcherLearnsOfMidnightThoughNothingIsRecorded) {
  TestClock clock("2099-12-31T23:59:59Z");
  StartServerWith(clock);
  v1::RecordShipmentRequest shipment = ShipmentOf("H100", 10, "MY", "S1");
  shipment.mutable_command()->mutable_shipment()->set_export_date("2099-12-31");
  Context record_context;
  v1::RecordShipmentResponse recorded;
  const grpc::Status status =
      shipments_->RecordShipment(&record_context, shipment, &recorded);
  ASSERT_TRUE(status.ok()) << status.error_message();
  Context context;
  v1::WatchHeadroomRequest request;
  request.mutable_filter()->set_destination_country("MY");
  const auto reader = headroom_->WatchHeadroom(&context, request);
  HeldRows held(*reader);
  held.ReadTo(recorded.result().size());
  const std::map<std::string, std::string> before = held.rows();
  EXPECT_EQ(before, ListedRows(request.filter()));

  clock.Set("2100-01-01T00:00:00Z");
  const auto after = ListedRows(request.filter());
  ASSERT_NE(after, before);
  while (held.rows() == before) {
    ASSERT_NO_FATAL_FAILURE(held.ReadTo(recorded.result().size()));
  }
  EXPECT_EQ(held.rows(), after);
  StopServer();
}

TEST_F(WatchTest, AWatcherSeesAReservationComeAndRunOut) {
  TestClock clock("2100-06-01T00:00:00Z");
  StartServerWith(clock);
  Context context;
  v1::WatchHeadroomRequest request;
  request.mutable_filter()->set_policy_id("caps");
  const auto reader = headroom_->WatchHeadroom(&context, request);
  // The next row of the watch, which is the only one there is.
  const auto next_row = [&] {
    v1::WatchHeadroomResponse message;
    while (message.rows().empty() && reader->Read(&message)) {
    }
    EXPECT_EQ(message.rows_size(), 1);
    return message.rows_size() == 1 ? message.rows(0) : v1::HeadroomRow();
  };

  Context reserve_context;
  v1::ReserveShipmentRequest reserve;
  reserve.set_request_id(NewRequestId());
  *reserve.mutable_command()->mutable_shipment() =
      ShipmentOf("H100", 70, "MY", "planned").command().shipment();
  reserve.mutable_command()->set_hold_seconds(3'600);
  v1::ReserveShipmentResponse reserved;
  const grpc::Status status =
      shipments_->ReserveShipment(&reserve_context, reserve, &reserved);
  EXPECT_TRUE(status.ok()) << status.error_message();
  const v1::HeadroomRow held = next_row();
  EXPECT_EQ(held.group().destination_country(), "MY");
  EXPECT_EQ(held.reserved(), 70);
  EXPECT_EQ(held.used(), 0);
  EXPECT_EQ(held.headroom(), 930);

  // Nobody asks for the rest: it is the ledger that lets it run out.
  clock.Advance(absl::Hours(1));
  const v1::HeadroomRow given_back = next_row();
  EXPECT_EQ(given_back.group().destination_country(), "MY");
  EXPECT_EQ(given_back.reserved(), 0);
  EXPECT_EQ(given_back.used(), 0);
  EXPECT_EQ(given_back.headroom(), 1'000);
  StopServer();
}

TEST_F(WatchTest, AtEachSizeAWatcherHoldsTheRowsOfTheList) {
  Context context;
  v1::WatchHeadroomRequest request;
  request.mutable_filter()->set_destination_country("MY");
  const auto reader = headroom_->WatchHeadroom(&context, request);
  HeldRows held(*reader);
  held.ReadTo(server().ledger().Latest()->size);
  EXPECT_EQ(held.rows(), ListedRows(request.filter()));
  EXPECT_EQ(held.rows().size(), 1);

  // Nothing was counted yet, so the rescission leaves no row.
  v1::RescindPolicyRequest rescind;
  rescind.set_request_id(NewRequestId());
  rescind.mutable_command()->set_policy_id("caps");
  rescind.mutable_command()->set_effective_date("2020-01-02");
  rescind.mutable_command()->set_reason("r");
  Context rescind_context;
  v1::RescindPolicyResponse rescinded;
  const grpc::Status status =
      policies_->RescindPolicy(&rescind_context, rescind, &rescinded);
  ASSERT_TRUE(status.ok()) << status.error_message();
  held.ReadTo(rescinded.result().size());
  EXPECT_EQ(held.rows(), ListedRows(request.filter()));
  EXPECT_TRUE(held.rows().empty());
}

TEST_F(WatchTest, AStateOfManyMessagesHasASizeWhenItIsWhole) {
  // More than a message holds: every country in each of these years.
  constexpr int kRows = 1'200;
  constexpr int kYears = 6;
  uint64_t size = 0;
  v1::SubmitShipmentCommandsRequest request;
  std::vector<std::string> countries;
  for (char first = 'A'; first <= 'Z'; ++first) {
    for (char second = 'A'; second <= 'Z'; ++second) {
      const std::string code{first, second};
      if (IsCountryCode(code)) countries.push_back(code);
    }
  }
  for (int i = 0; i < kRows; ++i) {
    v1::RecordShipment& record =
        *request.add_commands()->mutable_record_shipment();
    record = ShipmentOf("H100", 1, countries[i / kYears], absl::StrCat("S", i))
                 .command();
    record.set_assurance(v1::ASSURANCE_AFTER_THE_FACT);
    record.mutable_shipment()->set_export_date(
        absl::StrCat(2020 + i % kYears, "-06-01"));
    if (request.commands_size() < 50) continue;
    request.set_request_id(NewRequestId());
    Context context;
    v1::SubmitShipmentCommandsResponse response;
    const grpc::Status status =
        shipments_->SubmitShipmentCommands(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    size = response.result().size();
    request.clear_commands();
  }
  Context context;
  const auto reader = headroom_->WatchHeadroom(&context, {});
  HeldRows held(*reader);
  held.ReadTo(size);
  EXPECT_EQ(held.rows().size(), kRows);
  EXPECT_EQ(held.parts(), 1);
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
  const auto audit = v1::AuditService::NewStub(NarrowChannel(address()));
  std::vector<std::unique_ptr<Context>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::WatchEntriesResponse>>>
      readers;
  for (int i = 0; i < kReaders; ++i) {
    contexts.push_back(std::make_unique<Context>());
    readers.push_back(audit->WatchEntries(contexts.back().get(), {}));
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
