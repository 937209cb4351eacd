// Goal: the program starts, stops and fails as an operator expects. Method: the
// real binary.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/server_fixture.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_dir.h"

namespace chipledger::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

constexpr absl::Duration kTimeout = absl::Seconds(30);

class ChipledgerdTest : public ::testing::Test {
 protected:
  std::unique_ptr<Subprocess> Run(const std::vector<std::string>& arguments) {
    std::vector<std::string> argv{CHIPLEDGERD_PATH};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return std::make_unique<Subprocess>(argv);
  }

  // Starts on the directory and any port, and waits until it is ready.
  std::unique_ptr<Subprocess> Start(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"--data", data_, "--listen",
                                       "127.0.0.1:0"};
    if (!std::filesystem::exists(data_)) arguments.push_back("--create");
    arguments.insert(arguments.end(), more.begin(), more.end());
    auto server = Run(arguments);
    const auto line = server->WaitForLine("chipledgerd ready", kTimeout);
    EXPECT_TRUE(line) << server->standard_error();
    ready_ = line.value_or("");
    return server;
  }

  // The HOST:PORT of the last server's ready line.
  std::string ListenOfReady() {
    const std::vector<std::string> words = absl::StrSplit(ready_, ' ');
    return words.size() > 2 ? words[2].substr(words[2].find('=') + 1) : "";
  }

  // The program ends with exit code 3 and one line that says this.
  static void ExpectFailure(Subprocess& program, const std::string& says) {
    EXPECT_EQ(program.Wait(kTimeout), 3) << program.standard_error();
    EXPECT_EQ(program.standard_output(), "");
    const std::string error = program.standard_error();
    EXPECT_THAT(error, HasSubstr(says));
    EXPECT_THAT(error, ::testing::StartsWith("chipledgerd: "));
    EXPECT_EQ(std::count(error.begin(), error.end(), '\n'), 1) << error;
  }

  TempDir dir_;
  const std::string data_ = dir_.File("data");
  std::string ready_;
};

TEST_F(ChipledgerdTest, SaysWhenItIsReadyAndWhere) {
  auto server = Start();
  EXPECT_THAT(ready_,
              MatchesRegex("chipledgerd ready listen=127\\.0\\.0\\.1:[0-9]+ "
                           "ledger=[0-9a-f-]+ size=1"));
  EXPECT_NE(ListenOfReady(), "127.0.0.1:0");
}

TEST_F(ChipledgerdTest, SignalsToStopDrainAndExitWithZero) {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    auto server = Start();
    server->Signal(signal);
    EXPECT_EQ(server->Wait(kTimeout), 0) << server->standard_error();
    EXPECT_THAT(server->standard_error(), HasSubstr("msg=stopped"));
  }
}

TEST_F(ChipledgerdTest, DrainsWhenNobodyReadsItsLogAnyMore) {
  // The reader of standard error leaves after the first line.
  auto server = std::make_unique<Subprocess>(std::vector<std::string>{
      "/bin/bash", "-c", "exec \"$@\" 2> >(head -n 1 >/dev/null)", "bash",
      CHIPLEDGERD_PATH, "--data", data_, "--create", "--listen",
      "127.0.0.1:0"});
  ASSERT_TRUE(server->WaitForLine("chipledgerd ready", kTimeout));
  server->Signal(SIGTERM);
  EXPECT_EQ(server->Wait(kTimeout), 0);
  Start();
}

TEST_F(ChipledgerdTest, AFileThatMayNotGrowMakesItReadOnly) {
  Start();
  // 2 MiB a file, as a shell's limit.
  Subprocess server({"/bin/bash", "-c", "ulimit -f 2048; exec \"$@\"", "bash",
                     CHIPLEDGERD_PATH, "--data", data_, "--listen",
                     "127.0.0.1:0"});
  const auto line = server.WaitForLine("chipledgerd ready", kTimeout);
  ASSERT_TRUE(line) << server.standard_error();
  ready_ = *line;
  const auto channel =
      grpc::CreateChannel(ListenOfReady(), grpc::InsecureChannelCredentials());
  const auto policies = v1::PolicyService::NewStub(channel);
  const auto health = [&](const std::string& service) {
    // A HealthCheckRequest of the service.
    return CallRaw(
               channel, "/grpc.health.v1.Health/Check",
               absl::StrCat("\x0a", std::string(1, service.size()), service))
        .bytes;
  };
  const std::string serving = "\x08\x01";
  const std::string not_serving = "\x08\x02";
  for (const char* name : {"ShipmentService", "LicenseService", "PolicyService",
                           "HeadroomService", "AuditService", "AdminService"}) {
    EXPECT_EQ(health(absl::StrCat("chipledger.v1.", name)), serving) << name;
  }
  std::string reason = "OK";
  for (int i = 0; i < 100 && reason == "OK"; ++i) {
    v1::SubmitPolicyCommandsRequest request;
    request.set_request_id(NewRequestId());
    for (int j = 0; j < 20; ++j) {
      v1::Party& party =
          *request.add_commands()->mutable_register_party()->mutable_party();
      party.set_party_id(absl::StrCat("p", i, ".", j));
      party.set_name("P");
      party.set_source(std::string(2'000, 's'));
    }
    Context context;
    v1::SubmitPolicyCommandsResponse response;
    reason =
        ReasonOf(policies->SubmitPolicyCommands(&context, request, &response));
  }
  EXPECT_EQ(reason, "READ_ONLY");
  EXPECT_EQ(health(""), not_serving);
  EXPECT_EQ(health("chipledger.v1.ShipmentService"), not_serving);
  EXPECT_EQ(health("chipledger.v1.HeadroomService"), serving);
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(kTimeout), 0) << server.standard_error();
  // Without the limit it goes on.
  Start();
}

// TCP connections that say nothing.
class IdleConnections {
 public:
  IdleConnections(int port, int count) {
    // This process needs as many descriptors.
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < count; ++i) {
      const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (fd < 0) continue;
      fds_.push_back(fd);
      EXPECT_EQ(
          ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)),
          0)
          << i << ": " << std::strerror(errno);
    }
  }
  ~IdleConnections() {
    for (const int fd : fds_) ::close(fd);
  }
  size_t size() const { return fds_.size(); }

 private:
  std::vector<int> fds_;
};

TEST_F(ChipledgerdTest, TooManyConnectionsAreTurnedAwayAndTheOthersServed) {
  Start();
  Subprocess server({"/bin/bash", "-c", "ulimit -n 1024; exec \"$@\"", "bash",
                     CHIPLEDGERD_PATH, "--data", data_, "--listen",
                     "127.0.0.1:0"});
  const auto line = server.WaitForLine("chipledgerd ready", kTimeout);
  ASSERT_TRUE(line) << server.standard_error();
  ready_ = *line;
  int port = 0;
  ASSERT_TRUE(absl::SimpleAtoi(
      ListenOfReady().substr(ListenOfReady().rfind(':') + 1), &port));
  const auto write = [&](const std::shared_ptr<grpc::Channel>& channel,
                         const std::string& party) {
    auto request = Proto<v1::RegisterPartyRequest>(absl::StrCat(
        "command { party { party_id: '", party, "' name: 'P' } }"));
    request.set_request_id(NewRequestId());
    Context context;
    context.set_wait_for_ready(true);
    v1::RegisterPartyResponse response;
    return v1::PolicyService::NewStub(channel)->RegisterParty(&context, request,
                                                              &response);
  };
  const auto before =
      grpc::CreateChannel(ListenOfReady(), grpc::InsecureChannelCredentials());
  ASSERT_TRUE(write(before, "before").ok());
  const auto turned_away = [&] {
    Context context;
    v1::GetLedgerResponse ledger;
    EXPECT_TRUE(v1::AdminService::NewStub(before)
                    ->GetLedger(&context, {}, &ledger)
                    .ok());
    return ledger.connections_turned_away();
  };
  {
    const IdleConnections idle(port, 1'100);
    ASSERT_EQ(idle.size(), 1'100);
    // Who was there before is served, and the storage has its descriptors.
    while (turned_away() == 0) absl::SleepFor(absl::Milliseconds(10));
    EXPECT_TRUE(write(before, "during").ok());
  }
  // A new caller finds room again by itself.
  const grpc::Status after = write(OwnChannel(ListenOfReady()), "after");
  EXPECT_TRUE(after.ok()) << after.error_message();
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(kTimeout), 0);
  EXPECT_THAT(server.standard_error(), HasSubstr("too many connections"));
}

TEST_F(ChipledgerdTest, LogsLinesOfJsonWhenAsked) {
  auto server = Start({"--log-format", "json"});
  server->Signal(SIGTERM);
  EXPECT_EQ(server->Wait(kTimeout), 0);
  for (absl::string_view line :
       absl::StrSplit(server->standard_error(), '\n', absl::SkipEmpty())) {
    EXPECT_THAT(std::string(line),
                MatchesRegex("\\{\"time\":\".*\",\"level\":\".*\","
                             "\"msg\":\".*\".*\\}"));
  }
  EXPECT_THAT(server->standard_error(),
              HasSubstr("\"principal\":\"development\""));
}

TEST_F(ChipledgerdTest, ATakenPortIsAClearFailure) {
  auto server = Start();
  auto second = Run(
      {"--data", dir_.File("other"), "--create", "--listen", ListenOfReady()});
  ExpectFailure(*second, "the port is taken");
  EXPECT_FALSE(std::filesystem::exists(dir_.File("other")));
}

TEST_F(ChipledgerdTest, ATakenDirectoryIsAClearFailure) {
  auto server = Start();
  auto second = Run({"--data", data_, "--listen", "127.0.0.1:0"});
  ExpectFailure(*second, data_);
}

TEST_F(ChipledgerdTest, ForeignDataIsAClearFailureAndLeftAlone) {
  std::filesystem::create_directory(data_);
  std::ofstream(data_ + "/thesis.txt") << "precious";
  auto program = Run({"--data", data_, "--listen", "127.0.0.1:0"});
  ExpectFailure(*program, data_);
  EXPECT_TRUE(std::filesystem::exists(data_ + "/thesis.txt"));
}

TEST_F(ChipledgerdTest, NewerDataIsAClearFailure) {
  std::filesystem::create_directory(data_);
  std::ofstream(data_ + "/CHIPLEDGER")
      << "chipledger data directory\nformat_version: 1000\n";
  auto program = Run({"--data", data_, "--listen", "127.0.0.1:0"});
  ExpectFailure(*program, "use a newer chipledger");
}

TEST_F(ChipledgerdTest, ANewLedgerIsMadeOnlyWhenAskedFor) {
  auto absent = Run({"--data", data_, "--listen", "127.0.0.1:0"});
  ExpectFailure(*absent, "there is no ledger in " + data_);
  EXPECT_FALSE(std::filesystem::exists(data_));
  std::filesystem::create_directory(data_);
  auto empty = Run({"--data", data_, "--listen", "127.0.0.1:0"});
  ExpectFailure(*empty, "make a new ledger there with --create");
  EXPECT_TRUE(std::filesystem::is_empty(data_));
  Start({"--create"});
  EXPECT_THAT(ready_, HasSubstr("size=1"));
}

TEST_F(ChipledgerdTest, AnExistingLedgerIsNotMadeAgain) {
  Start();
  const std::string ready = ready_.substr(ready_.find("ledger="));
  auto again = Run({"--data", data_, "--create", "--listen", "127.0.0.1:0"});
  ExpectFailure(*again, "leave out --create");
  Start();
  EXPECT_EQ(ready_.substr(ready_.find("ledger=")), ready);
}

TEST_F(ChipledgerdTest, ARemovedDirectoryStopsWritesLoudly) {
  auto server = Start();
  std::filesystem::remove_all(data_);
  const auto policies = v1::PolicyService::NewStub(
      grpc::CreateChannel(ListenOfReady(), grpc::InsecureChannelCredentials()));
  auto request = Proto<v1::RegisterPartyRequest>(
      R"pb(command { party { party_id: "acme" name: "Acme" } })pb");
  request.set_request_id(NewRequestId());
  Context context;
  v1::RegisterPartyResponse response;
  const grpc::Status status =
      policies->RegisterParty(&context, request, &response);
  EXPECT_EQ(ReasonOf(status), "READ_ONLY") << status.error_message();
  server->Signal(SIGTERM);
  EXPECT_EQ(server->Wait(kTimeout), 0) << server->standard_error();
  EXPECT_THAT(server->standard_error(),
              HasSubstr("was removed, moved or replaced"));
  auto next = Run({"--data", data_, "--listen", "127.0.0.1:0"});
  ExpectFailure(*next, "there is no ledger in " + data_);
}

TEST_F(ChipledgerdTest, ASecondSignalEndsItAtOnce) {
  auto server = Start();
  const auto channel =
      grpc::CreateChannel(ListenOfReady(), grpc::InsecureChannelCredentials());
  const auto policies = v1::PolicyService::NewStub(channel);
  for (int i = 0; i < 100; ++i) {
    v1::SubmitPolicyCommandsRequest request;
    request.set_request_id(NewRequestId());
    for (int j = 0; j < 20; ++j) {
      v1::Party& party =
          *request.add_commands()->mutable_register_party()->mutable_party();
      party.set_party_id(absl::StrCat("p", i, ".", j));
      party.set_name("P");
      party.set_source(std::string(2'000, 's'));
    }
    Context context;
    v1::SubmitPolicyCommandsResponse response;
    const grpc::Status status =
        policies->SubmitPolicyCommands(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
  // A reader that stops reading holds up the drain.
  const auto audit = v1::AuditService::NewStub(NarrowChannel(ListenOfReady()));
  Context context;
  auto reader = audit->ReadEntries(&context, {});
  v1::ReadEntriesResponse chunk;
  ASSERT_TRUE(reader->Read(&chunk));
  server->Signal(SIGTERM);
  EXPECT_FALSE(server->Wait(absl::Milliseconds(300)));
  server->Signal(SIGTERM);
  EXPECT_EQ(server->Wait(absl::Seconds(5)), 128 + SIGTERM);
  context.TryCancel();
}

TEST_F(ChipledgerdTest, ADirectoryThatCannotBeMadeIsAClearFailure) {
  std::ofstream(dir_.File("file")) << "not a directory";
  auto program = Run({"--data", dir_.File("file") + "/data", "--create",
                      "--listen", "127.0.0.1:0"});
  ExpectFailure(*program, dir_.File("file"));
}

TEST_F(ChipledgerdTest, AWrongAddressIsAClearFailure) {
  auto not_mine =
      Run({"--data", data_, "--create", "--listen", "192.0.2.1:7401"});
  ExpectFailure(*not_mine, "does not have that address");
  auto unknown =
      Run({"--data", data_, "--create", "--listen", "no-such-host.invalid:1"});
  ExpectFailure(*unknown, "no-such-host.invalid");
  EXPECT_FALSE(std::filesystem::exists(data_)) << "made for nothing";
}

TEST_F(ChipledgerdTest, AnOperatorSetsTheLongestHold) {
  auto help = Run({"--help"});
  EXPECT_EQ(help->Wait(kTimeout), 0);
  EXPECT_THAT(help->standard_output(),
              HasSubstr("--max-hold-seconds SECONDS:INT in "
                        "[1 - 31536000]=31536000"));

  auto server = Start({"--max-hold-seconds", "3600"});
  const auto shipments =
      v1::ShipmentService::NewStub(OwnChannel(ListenOfReady()));
  const auto reserve_for = [&](int64_t seconds) {
    v1::ReserveShipmentRequest request;
    request.set_request_id(NewRequestId());
    *request.mutable_command()->mutable_shipment() =
        ShipmentOf("H100", 1, "MY", "planned").command().shipment();
    request.mutable_command()->set_hold_seconds(seconds);
    Context context;
    v1::ReserveShipmentResponse response;
    return shipments->ReserveShipment(&context, request, &response);
  };
  const grpc::Status refused = reserve_for(3'601);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ReasonOf(refused), "INVALID_FIELD");
  const auto fields = DetailOf<google::rpc::BadRequest>(refused);
  ASSERT_TRUE(fields.has_value());
  ASSERT_EQ(fields->field_violations_size(), 1);
  EXPECT_EQ(fields->field_violations(0).field(), "hold_seconds");
  EXPECT_THAT(fields->field_violations(0).description(),
              HasSubstr("3601 is more than 3600"));
  // An hour is none too many: the next that is missed is another thing.
  EXPECT_EQ(ReasonOf(reserve_for(3'600)), "PARTY_NOT_FOUND");
}

TEST_F(ChipledgerdTest, WrongFlagsAreAUsageError) {
  auto unknown = Run({"--no-such-flag"});
  EXPECT_EQ(unknown->Wait(kTimeout), 2);
  auto level = Run({"--log-level", "loud"});
  EXPECT_EQ(level->Wait(kTimeout), 2);
  for (const char* seconds : {"0", "31536001", "1h"}) {
    auto program = Run({"--data", data_, "--max-hold-seconds", seconds});
    EXPECT_EQ(program->Wait(kTimeout), 2) << seconds;
    EXPECT_THAT(program->standard_error(), HasSubstr("--max-hold-seconds"));
  }
  for (const char* listen : {"nonsense", "127.0.0.1", "127.0.0.1:65536"}) {
    auto program = Run({"--data", data_, "--listen", listen});
    EXPECT_EQ(program->Wait(kTimeout), 2) << listen;
    EXPECT_THAT(program->standard_error(), HasSubstr("HOST:PORT"));
  }
  EXPECT_FALSE(std::filesystem::exists(data_));
}

TEST_F(ChipledgerdTest, SaysItsVersion) {
  auto program = Run({"--version"});
  EXPECT_EQ(program->Wait(kTimeout), 0);
  EXPECT_THAT(program->standard_output(),
              MatchesRegex("chipledgerd [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

}  // namespace
}  // namespace chipledger::testing
