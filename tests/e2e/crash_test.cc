// Goal: nothing that was acknowledged is ever lost, doubled or half-written by
// a crash, and what time brings about is recorded once all the same. Method:
// the real server under load of several clients, killed with SIGKILL at random
// moments, over many rounds on one data directory; after each, the log is
// compared with what the clients sent and were told.
//
// CHIPLEDGER_CRASH_ROUNDS sets the rounds (default 200), CHIPLEDGER_CRASH_SEED
// the seed; the seed is printed.
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "chipledger/v1/audit_service.grpc.pb.h"
#include "chipledger/v1/headroom_service.grpc.pb.h"
#include "chipledger/v1/license_service.grpc.pb.h"
#include "chipledger/v1/policy_service.grpc.pb.h"
#include "google/protobuf/text_format.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "ledger/base/clock.h"
#include "ledger/domain/headroom.h"
#include "ledger/domain/replay.h"
#include "tests/e2e/crash_load.h"
#include "tests/e2e/crash_log.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_dir.h"

namespace chipledger::testing {
namespace {

constexpr char kSetupRequest[] = "ffffffff-0000-4000-8000-000000000000";
constexpr char kLicenseRequest[] = "ffffffff-0000-4000-8000-000000000001";
constexpr int kReplayEveryRounds = 20;
constexpr int kKillWhileStartingEveryRounds = 4;
constexpr int kAwaitExpiriesEveryRounds = 5;
constexpr int64_t kMilliTppPerChip = 15'832'000;

// Caps that the load hits, so that refusals are part of it.
constexpr char kSetup[] = R"pb(
  commands {
    register_product {
      product {
        product_code: "H100"
        gpus_per_unit: 1
        milli_tpp_per_gpu: 15832000
        classification: "3A090.a"
        source: "test"
      }
    }
  }
  commands { register_party { party { party_id: "acme" name: "Acme" } } }
  commands {
    adopt_policy {
      policy {
        policy_id: "caps"
        title: "Caps for the crash test"
        effective_from: "2025-01-01"
        provenance {
          citation: "test"
          legal_status: LEGAL_STATUS_PROPOSED
          enforcement_status: ENFORCEMENT_STATUS_NOT_ENFORCED
        }
        rules {
          rule_id: "exported"
          title: "GPUs to a country in a year"
          measure: MEASURE_GPUS
          accrual: ACCRUAL_EXPORTED
          scope {
            group_by: GROUP_BY_DESTINATION_COUNTRY
            where { destination_countries: "SG" destination_countries: "BR" }
          }
          window { calendar_year {} }
          limit { constant: "100000" }
          enforcement { mode: MODE_REFUSE }
        }
        rules {
          rule_id: "counted"
          title: "TPP to a country"
          measure: MEASURE_TPP
          accrual: ACCRUAL_EXPORTED
          scope { group_by: GROUP_BY_DESTINATION_COUNTRY }
          window { open {} }
          limit { none {} }
          enforcement { mode: MODE_REPORT_ONLY }
        }
      }
    }
  }
)pb";
constexpr char kLicense[] = R"pb(
  command {
    license {
      license_id: "D100001"
      exporter: "acme"
      destination_countries: "MY"
      grant_date: "2025-01-01"
      expiry_date: "2029-01-01"
      lines { line_number: 1 product_code: "H100" quantity: 500000000 }
    }
  }
)pb";

int64_t NumberFromEnvironment(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoll(text);
}

class CrashTest : public ::testing::Test {
 protected:
  CrashTest() : log_([this](const std::string& id) { return FindSent(id); }) {
    seed_ =
        NumberFromEnvironment("CHIPLEDGER_CRASH_SEED", std::random_device()());
    random_.seed(seed_);
    using Style = CrashClient::Style;
    int number = 0;
    for (Style style : {Style::kStream, Style::kStream, Style::kUnary}) {
      clients_.push_back(std::make_unique<CrashClient>(number++, style, seed_));
    }
  }

  // Starts the server on the directory it had before.
  void LaunchServer() {
    std::vector<std::string> command{CHIPLEDGERD, "--data", dir_.File("ledger"),
                                     "--listen", "127.0.0.1:0"};
    if (server_ == nullptr) command.push_back("--create");
    server_ = std::make_unique<Subprocess>(command);
  }

  // The same, and waits until it serves.
  void StartServer() {
    const absl::Time launch = absl::Now();
    LaunchServer();
    const auto ready =
        server_->WaitForLine("chipledgerd ready", absl::Seconds(30));
    ASSERT_TRUE(ready.has_value()) << server_->standard_error();
    start_took_ = absl::Now() - launch;
    for (absl::string_view word : absl::StrSplit(*ready, ' ')) {
      if (absl::ConsumePrefix(&word, "listen=")) address_ = std::string(word);
    }
    channel_ =
        grpc::CreateChannel(address_, grpc::InsecureChannelCredentials());
  }

  void Kill() {
    server_->Signal(SIGKILL);
    ASSERT_TRUE(server_->Wait(absl::Seconds(30)).has_value());
  }

  // Starts the server and kills it at any moment until about when it serves:
  // while it opens the ledger and records what has run out meanwhile.
  void KillWhileStarting() {
    LaunchServer();
    absl::SleepFor(start_took_ * (random_() % 120) / 100);
    Kill();
  }

  void RecordSetup() {
    v1::SubmitPolicyCommandsRequest catalog;
    ASSERT_TRUE(
        google::protobuf::TextFormat::ParseFromString(kSetup, &catalog));
    catalog.set_request_id(kSetupRequest);
    setup_[kSetupRequest].commands.assign(catalog.commands().begin(),
                                          catalog.commands().end());
    grpc::ClientContext catalog_context;
    v1::SubmitPolicyCommandsResponse catalog_response;
    grpc::Status status =
        v1::PolicyService::NewStub(channel_)->SubmitPolicyCommands(
            &catalog_context, catalog, &catalog_response);
    ASSERT_TRUE(status.ok()) << status.error_message();

    v1::GrantLicenseRequest license;
    ASSERT_TRUE(
        google::protobuf::TextFormat::ParseFromString(kLicense, &license));
    license.set_request_id(kLicenseRequest);
    *setup_[kLicenseRequest].commands.emplace_back().mutable_grant_license() =
        license.command();
    grpc::ClientContext license_context;
    v1::GrantLicenseResponse license_response;
    status = v1::LicenseService::NewStub(channel_)->GrantLicense(
        &license_context, license, &license_response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  // Runs all clients until the server dies at a moment of the seed's choice.
  void LoadAndKill() {
    std::atomic<bool> stop = false;
    std::vector<std::thread> threads;
    for (auto& client : clients_) {
      threads.emplace_back([&] { client->Run(address_, stop); });
    }
    absl::SleepFor(absl::Microseconds(5'000 + random_() % 145'000));
    Kill();
    for (std::thread& thread : threads) thread.join();
    CheckClients();
  }

  // Lets all clients ask again for what they were never told.
  void SettleClients() {
    const std::atomic<bool> stop = true;
    for (auto& client : clients_) {
      client->Run(address_, stop);
      EXPECT_EQ(client->unanswered(), 0u);
    }
    CheckClients();
  }

  void CheckClients() {
    for (auto& client : clients_) {
      for (const std::string& problem : client->TakeProblems()) {
        ADD_FAILURE() << problem;
      }
      for (std::string& id : client->TakeNewlyAnswered()) {
        const SentRequest& sent = client->requests().at(id);
        answered_.push_back({std::move(id), *sent.index, sent.refused});
      }
    }
  }

  // Reads what the log has more than at the last look, and checks that every
  // acknowledged request is where its client was told.
  void CheckLog() {
    v1::ReadEntriesRequest request;
    request.set_start_index(log_.size());
    grpc::ClientContext context;
    const auto reader =
        v1::AuditService::NewStub(channel_)->ReadEntries(&context, request);
    v1::ReadEntriesResponse response;
    while (reader->Read(&response)) {
      for (const std::string& stored : response.entries()) {
        const std::string wrong = log_.Take(stored);
        ASSERT_EQ(wrong, "");
      }
    }
    const grpc::Status status = reader->Finish();
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_TRUE(log_.AtEndOfRequest()) << "the last request is not whole";
    for (const Answered& told : answered_) {
      const auto index = log_.Find(told.request_id);
      ASSERT_TRUE(index.has_value())
          << "request " << told.request_id << " was acknowledged as entry "
          << told.index << " and is not there";
      ASSERT_EQ(*index, told.index) << "request " << told.request_id;
      ASSERT_EQ(log_.IsRefused(*index), told.refused);
    }
    acknowledged_ += answered_.size();
    answered_.clear();
  }

  // Waits until what had run out by now is recorded, however busy the machine
  // is. The time is that of the server's clock.
  void AwaitExpiries(int64_t now_ns) {
    const absl::Time deadline = absl::Now() + absl::Seconds(60);
    while (log_.HasOverdue(now_ns)) {
      ASSERT_LT(absl::Now(), deadline) << "a reservation does not run out";
      absl::SleepFor(absl::Milliseconds(2));
      ASSERT_NO_FATAL_FAILURE(CheckLog());
    }
  }

  // Exactly the reservations that have not ended are there, with what they
  // still hold. The server may let others run out meanwhile, so it is asked
  // for the time of the last look at the log.
  void CheckReservations() {
    v1::ListReservationsRequest request;
    request.set_page_size(1'000);
    request.mutable_read_point()->set_at_size(log_.size());
    auto open = log_.open_reservations().begin();
    const auto end = log_.open_reservations().end();
    const auto stub = v1::ShipmentService::NewStub(channel_);
    do {
      grpc::ClientContext context;
      v1::ListReservationsResponse response;
      const grpc::Status status =
          stub->ListReservations(&context, request, &response);
      ASSERT_TRUE(status.ok()) << status.error_message();
      for (const v1::ReservationView& view : response.reservations()) {
        ASSERT_NE(open, end) << "reservation " << view.index() << " has ended";
        ASSERT_EQ(view.index(), open->first);
        ASSERT_EQ(view.shipment().items_size(), 1);
        ASSERT_EQ(view.shipment().items(0).quantity(), open->second.left);
        ++open;
      }
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    ASSERT_EQ(open, end) << "reservation " << open->first << " is lost";
  }

  // What is reserved is what the open reservations hold.
  void CheckReserved(const v1::ListHeadroomResponse& headroom) {
    std::map<std::string, int64_t> held;
    for (const auto& [index, open] : log_.open_reservations()) {
      held[open.planned.destination_country()] += open.left * kMilliTppPerChip;
    }
    for (const v1::HeadroomRow& row : headroom.rows()) {
      if (row.rule_id() != "counted") continue;
      EXPECT_EQ(row.reserved(), held[row.group().destination_country()])
          << row.ShortDebugString();
    }
  }

  // A request that came too late left nothing, and was told so because a
  // reservation that it names had run out.
  void CheckTooLate() {
    for (const auto& client : clients_) {
      for (const auto& [id, sent] : client->requests()) {
        if (!sent.too_late) continue;
        ++too_late_;
        EXPECT_FALSE(log_.Find(id).has_value()) << "request " << id;
        EXPECT_TRUE(std::any_of(sent.commands.begin(), sent.commands.end(),
                                [this](const v1::Command& command) {
                                  const auto index = ReservationOf(command);
                                  return index && log_.RanOut(*index);
                                }))
            << "request " << id;
      }
    }
  }

  // Replays the whole log and compares what the server answered at the last
  // look at it.
  void CheckTotals() {
    domain::Replayer replayer(
        [this](uint64_t index) -> absl::StatusOr<std::string> {
          return log_.StoredBytes(index);
        });
    const absl::Status replayed = log_.Replay(replayer);
    ASSERT_TRUE(replayed.ok()) << replayed;
    ASSERT_EQ(replayer.state().size(), log_.size());
    v1::ListHeadroomRequest request;
    request.mutable_filter()->set_policy_id("caps");
    request.set_page_size(10'000);
    request.mutable_read_point()->set_at_size(log_.size());
    grpc::ClientContext context;
    v1::ListHeadroomResponse response;
    const grpc::Status status =
        v1::HeadroomService::NewStub(channel_)->ListHeadroom(&context, request,
                                                             &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    const domain::Snapshot snapshot = replayer.state().ToSnapshot();
    const auto expected = domain::ListHeadroom(
        {.snapshot = snapshot, .today = *Date::Parse("2025-06-30")},
        request.filter(), std::nullopt, 10'000);
    ASSERT_EQ(static_cast<size_t>(response.rows_size()), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(response.rows(i).ShortDebugString(),
                expected[i].row.ShortDebugString());
    }
    CheckReserved(response);
    CheckLicense(replayer.state());
  }

  void CheckLicense(const domain::State& state) {
    v1::GetLicenseRequest request;
    request.set_license_id("D100001");
    request.mutable_read_point()->set_at_size(log_.size());
    grpc::ClientContext context;
    v1::GetLicenseResponse response;
    const grpc::Status status =
        v1::LicenseService::NewStub(channel_)->GetLicense(&context, request,
                                                          &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(response.license().ShortDebugString(),
              state.FindLicense("D100001")->ToView().ShortDebugString());
  }

  // Reads the log again from the start: no byte may have changed.
  void CheckNoByteChanged() {
    grpc::ClientContext context;
    const auto reader = v1::AuditService::NewStub(channel_)->ReadEntries(
        &context, v1::ReadEntriesRequest());
    v1::ReadEntriesResponse response;
    uint64_t index = 0;
    while (reader->Read(&response)) {
      for (const std::string& stored : response.entries()) {
        ASSERT_LT(index, log_.size());
        ASSERT_EQ(stored, log_.StoredBytes(index)) << "entry " << index;
        ++index;
      }
    }
    const grpc::Status status = reader->Finish();
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_EQ(index, log_.size());
  }

  const SentRequest* FindSent(const std::string& request_id) {
    for (const auto& client : clients_) {
      const auto found = client->requests().find(request_id);
      if (found != client->requests().end()) return &found->second;
    }
    const auto found = setup_.find(request_id);
    return found == setup_.end() ? nullptr : &found->second;
  }

  struct Answered {
    std::string request_id;
    uint64_t index;
    bool refused;
  };

  TempDir dir_;
  uint64_t seed_ = 0;
  std::mt19937_64 random_;
  std::unique_ptr<Subprocess> server_;
  // How long the last start took until the server served.
  absl::Duration start_took_;
  std::string address_;
  std::shared_ptr<grpc::Channel> channel_;
  std::vector<std::unique_ptr<CrashClient>> clients_;
  absl::flat_hash_map<std::string, SentRequest> setup_;
  CrashLog log_;
  // Answered and not yet looked for in the log.
  std::vector<Answered> answered_;
  size_t acknowledged_ = 0;
  size_t too_late_ = 0;
};

TEST_F(CrashTest, EveryAcknowledgedWriteIsThereOnceAfterKillsAtRandomMoments) {
  const int64_t rounds = NumberFromEnvironment("CHIPLEDGER_CRASH_ROUNDS", 200);
  SCOPED_TRACE(absl::StrCat("CHIPLEDGER_CRASH_SEED=", seed_));
  std::cout << "CHIPLEDGER_CRASH_SEED=" << seed_ << " rounds=" << rounds
            << std::endl;
  ASSERT_NO_FATAL_FAILURE(StartServer());
  ASSERT_NO_FATAL_FAILURE(RecordSetup());
  for (int64_t round = 1; round <= rounds; ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    ASSERT_NO_FATAL_FAILURE(LoadAndKill());
    if (round % kKillWhileStartingEveryRounds == 0) {
      ASSERT_NO_FATAL_FAILURE(KillWhileStarting());
    }
    ASSERT_NO_FATAL_FAILURE(StartServer());
    const int64_t start_ns = SystemClock()->NowNs();
    ASSERT_NO_FATAL_FAILURE(CheckLog());
    ASSERT_NO_FATAL_FAILURE(CheckReservations());
    if (round % kAwaitExpiriesEveryRounds == 0) {
      ASSERT_NO_FATAL_FAILURE(AwaitExpiries(start_ns));
    }
    if (round % kReplayEveryRounds == 0) {
      ASSERT_NO_FATAL_FAILURE(CheckTotals());
    }
    ASSERT_FALSE(HasFailure());
  }
  SettleClients();
  ASSERT_NO_FATAL_FAILURE(CheckLog());
  // All of them, so that the log is at its end.
  ASSERT_NO_FATAL_FAILURE(AwaitExpiries(std::numeric_limits<int64_t>::max()));
  ASSERT_NO_FATAL_FAILURE(CheckReservations());
  ASSERT_NO_FATAL_FAILURE(CheckTotals());
  CheckTooLate();
  ASSERT_NO_FATAL_FAILURE(CheckNoByteChanged());
  size_t sent = 0;
  for (const auto& client : clients_) sent += client->requests().size();
  EXPECT_EQ(acknowledged_ + too_late_, sent);
  std::cout << sent << " requests, " << too_late_ << " of them too late, "
            << log_.size() << " entries, " << log_.ran_out()
            << " reservations ran out" << std::endl;
}

}  // namespace
}  // namespace chipledger::testing
