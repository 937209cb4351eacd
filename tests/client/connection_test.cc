// Goal: a call reaches its server however far, busy or late it is, and
// otherwise says for how long it was tried and what went wrong. Method: a real
// server behind a link that the test makes slow.
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/bulk_writer.h"
#include "client/client.h"
#include "client/errors.h"
#include "client/proxy.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/server_fixture.h"
#include "tests/support/slow_link.h"

namespace chipledger::client {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ServerTest;
using testing::ShipmentOf;
using testing::SlowLink;

class ConnectionTest : public ServerTest {
 protected:
  void SetUp() override { RecordCatalog(); }

  // Stops the server and starts it again on its port after a while.
  void RestartServer(absl::Duration pause = absl::ZeroDuration()) {
    const std::string server = address();
    StopServer();
    absl::SleepFor(pause);
    StartServer([&](ServerOptions& options) { options.listen = server; });
  }
};

TEST_F(ConnectionTest, AServerHalfASecondAwayIsReached) {
  SlowLink link(server().port(), absl::Milliseconds(500));
  Client client({.server = link.address(), .deadline = absl::Seconds(30)});
  const auto recorded =
      client.RecordShipment(ShipmentOf("H100", 1, "FR", "S-1"));
  ASSERT_TRUE(recorded.ok()) << recorded.status();
  const auto ledger = client.GetLedger({});
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  EXPECT_GT(ledger->size(), recorded->result().index());
  EXPECT_EQ(link.accepted(), 1) << "one attempt is long enough";
}

TEST_F(ConnectionTest, AServerThatStartsLateIsWaitedForUntilTheDeadline) {
  const std::string server = address();
  StopServer();
  Client client({.server = server, .deadline = absl::Seconds(30)});
  absl::Status status = absl::UnknownError("not called");
  std::thread caller([&] {
    status = client.RecordShipment(ShipmentOf("H100", 1, "FR", "S-1")).status();
  });
  // Longer than all waits between five tries.
  absl::SleepFor(absl::Seconds(2));
  StartServer([&](ServerOptions& options) { options.listen = server; });
  caller.join();
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(ConnectionTest, WithoutAConnectionItSaysHowLongItTriedAndWhy) {
  const std::string server = address();
  StopServer();
  Client client({.server = server, .deadline = absl::Seconds(2)});
  const absl::Time begin = absl::Now();
  const absl::Status status =
      client.RecordShipment(ShipmentOf("H100", 1, "FR", "S-1")).status();
  EXPECT_GE(absl::Now() - begin, absl::Seconds(2));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr(absl::StrCat("no connection to ", server)),
                    HasSubstr(" in 2"), HasSubstr("Connection refused"),
                    HasSubstr("is chipledgerd running there?")));
}

// Sets an environment variable while it lives.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    ::setenv(name_, value.c_str(), 1);
  }
  ~Environment() { ::unsetenv(name_); }

 private:
  const char* const name_;
};

TEST_F(ConnectionTest, ThisMachineIsReachedWithoutAProxy) {
  const Environment proxy("http_proxy", "http://127.0.0.1:1");
  for (const char* host : {"127.0.0.1", "localhost", "ipv4:127.0.0.1"}) {
    Client client({.server = absl::StrCat(host, ":", server().port())});
    const absl::Status status = client.GetLedger({}).status();
    EXPECT_TRUE(status.ok()) << host << ": " << status;
  }
}

TEST(ProxyTest, AProxyThatDoesNotConnectIsNamedWithoutItsPassword) {
  const Environment proxy("http_proxy", "http://me:secret@127.0.0.1:1");
  // An address that is set aside for documentation.
  Client client(
      {.server = "192.0.2.1:7401", .deadline = absl::Milliseconds(500)});
  const absl::Status status = client.GetLedger({}).status();
  EXPECT_TRUE(GetErrorDetails(status).no_connection);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("through the proxy 127.0.0.1:1 (http_proxy)"),
                    HasSubstr("no_proxy"), Not(HasSubstr("secret"))));
}

TEST(ProxyTest, AProxyIsFoundAsGrpcFindsIt) {
  EXPECT_EQ(ProxyFor("ledger.example:7401"), "");
  const Environment http("http_proxy", "http://one:1");
  EXPECT_EQ(ProxyFor("ledger.example:7401"), "http://one:1 (http_proxy)");
  const Environment grpc("grpc_proxy", "http://two:2");
  EXPECT_EQ(ProxyFor("ledger.example:7401"), "http://two:2 (grpc_proxy)");
  const Environment exempt("no_proxy", "other, .example");
  EXPECT_EQ(ProxyFor("dns:///ledger.example:7401"), "");
  EXPECT_NE(ProxyFor("ledger.example.com:7401"), "");
  EXPECT_TRUE(IsLoopback("[::1]:7401"));
  EXPECT_TRUE(IsLoopback("::1"));
  EXPECT_TRUE(IsLoopback("dns:///localhost"));
  EXPECT_FALSE(IsLoopback("localhost.example:7401"));
  EXPECT_FALSE(IsLoopback("12.7.0.1:7401"));
}

TEST_F(ConnectionTest, WatchesGoOnWithAServerThatIsStartedAgain) {
  Client client({.server = address(), .max_backoff = absl::Milliseconds(50)});
  constexpr int kRestarts = 5;
  absl::Mutex mutex;
  int seen = 0;
  uint64_t size = 0;
  std::thread entries([&] {
    const absl::Status watched =
        client.WatchEntries({}, [&](const v1::WatchEntriesResponse& response) {
          absl::MutexLock lock(&mutex);
          seen += response.entries_size();
          return seen < 1 + kRestarts;
        });
    EXPECT_TRUE(watched.ok()) << watched;
  });
  std::thread headroom([&] {
    const absl::Status watched = client.WatchHeadroom(
        {}, [&](const v1::WatchHeadroomResponse& response) {
          absl::MutexLock lock(&mutex);
          size = std::max(size, response.size());
          return size < 1 + kRestarts;
        });
    EXPECT_TRUE(watched.ok()) << watched;
  });
  for (int i = 0; i < kRestarts; ++i) {
    RestartServer();
    const auto recorded = client.RecordShipment(
        ShipmentOf("H100", 1, "FR", absl::StrCat("S-", i)));
    EXPECT_TRUE(recorded.ok()) << recorded.status();
    const auto both_know = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
      return seen >= 2 + i && size >= static_cast<uint64_t>(2 + i);
    };
    absl::MutexLock lock(&mutex);
    EXPECT_TRUE(
        mutex.AwaitWithTimeout(absl::Condition(&both_know), absl::Seconds(30)));
  }
  entries.join();
  headroom.join();
}

TEST_F(ConnectionTest, AConnectionThatDiedWithoutAWordIsNoticedAndMadeAnew) {
  const std::string listen = address();
  StartServer([&](ServerOptions& options) {
    options.listen = listen;
    options.heartbeat = absl::Milliseconds(200);
  });
  SlowLink link(server().port(), absl::ZeroDuration());
  Client client({.server = link.address(),
                 .keepalive = absl::Seconds(1),
                 .keepalive_timeout = absl::Seconds(1),
                 .max_silence = absl::InfiniteDuration()});
  absl::Notification caught_up;
  std::thread watcher([&] {
    const absl::Status watched =
        client.WatchEntries({}, [&](const v1::WatchEntriesResponse& response) {
          if (response.caught_up() && !caught_up.HasBeenNotified()) {
            caught_up.Notify();
          }
          return response.entries().empty() ||
                 !absl::StrContains(*response.entries().rbegin(), "NEWS");
        });
    EXPECT_TRUE(watched.ok()) << watched;
  });
  caught_up.WaitForNotification();
  link.SwallowConnections();
  Client writer({.server = address()});
  EXPECT_TRUE(writer.RecordShipment(ShipmentOf("H100", 1, "FR", "NEWS")).ok());
  watcher.join();
  EXPECT_EQ(link.accepted(), 2);
}

TEST_F(ConnectionTest, ACallerThatVanishedWithoutAWordIsClosedByTheServer) {
  const std::string listen = address();
  StartServer([&](ServerOptions& options) {
    options.listen = listen;
    options.keepalive = absl::Seconds(1);
    options.keepalive_timeout = absl::Seconds(1);
  });
  SlowLink link(server().port(), absl::ZeroDuration());
  Client client({.server = link.address(),
                 .keepalive = absl::Hours(1),
                 .max_silence = absl::InfiniteDuration()});
  absl::Notification caught_up;
  std::thread watcher([&] {
    const absl::Status watched =
        client.WatchEntries({}, [&](const v1::WatchEntriesResponse& response) {
          if (!response.caught_up()) return true;
          if (!caught_up.HasBeenNotified()) caught_up.Notify();
          return link.accepted() == 1;
        });
    EXPECT_TRUE(watched.ok()) << watched;
  });
  caught_up.WaitForNotification();
  link.SwallowConnections();
  EXPECT_TRUE(link.AwaitServerCloses(absl::Seconds(30)));
  // Lets the caller go: it comes back over a new connection.
  link.CutConnections();
  watcher.join();
}

// Watches over a link until it has caught up, is then led to other data, and
// returns how the watch ends.
class OtherHistoryTest : public ConnectionTest {
 protected:
  // Begins to watch the server; returns when everything has come.
  void WatchAll() {
    link_ = std::make_unique<SlowLink>(server().port(), absl::ZeroDuration());
    client_ = std::make_unique<Client>(ClientOptions{
        .server = link_->address(), .max_backoff = absl::Milliseconds(50)});
    watchers_.emplace_back([this] {
      entries_ended_ = client_->WatchEntries(
          {}, [this](const v1::WatchEntriesResponse& response) {
            if (response.caught_up() && !has_entries_.HasBeenNotified()) {
              has_entries_.Notify();
            }
            return true;
          });
    });
    watchers_.emplace_back([this] {
      headroom_ended_ = client_->WatchHeadroom(
          {}, [this](const v1::WatchHeadroomResponse& response) {
            if (response.caught_up() && !has_headroom_.HasBeenNotified()) {
              has_headroom_.Notify();
            }
            return true;
          });
    });
    has_entries_.WaitForNotification();
    has_headroom_.WaitForNotification();
  }

  void Record(const std::string& reference) {
    Client client({.server = address()});
    const auto recorded =
        client.RecordShipment(ShipmentOf("H100", 1, "FR", reference));
    EXPECT_TRUE(recorded.ok()) << recorded.status();
  }

  // Leads the watches to the server as it is now and says how they end.
  void ExpectOtherHistory(const std::string& what) {
    link_->LeadTo(server().port());
    link_->CutConnections();
    for (std::thread& watcher : watchers_) watcher.join();
    for (const absl::Status& ended : {entries_ended_, headroom_ended_}) {
      EXPECT_EQ(GetErrorDetails(ended).reason, v1::OTHER_HISTORY) << ended;
      EXPECT_THAT(std::string(ended.message()), HasSubstr(what));
    }
  }

  void CopyData(const std::string& from, const std::string& to) {
    std::filesystem::copy(dir_.File(from), dir_.File(to),
                          std::filesystem::copy_options::recursive);
  }
  void StartOn(const std::string& data) {
    StartServer([&](ServerOptions& options) {
      options.ledger.data_dir = dir_.File(data);
    });
  }

 private:
  std::unique_ptr<SlowLink> link_;
  std::unique_ptr<Client> client_;
  std::vector<std::thread> watchers_;
  absl::Notification has_entries_, has_headroom_;
  absl::Status entries_ended_, headroom_ended_;
};

TEST_F(OtherHistoryTest, AnotherLedgerIsNotAContinuation) {
  WatchAll();
  StartOn("another");
  RecordCatalog();
  Record("S-1");
  ExpectOtherHistory("and this is ledger");
}

TEST_F(OtherHistoryTest, AnOlderCopyIsNotAContinuation) {
  StopServer();
  CopyData("ledger", "copy");
  StartOn("ledger");
  Record("S-1");
  WatchAll();
  StartOn("copy");
  ExpectOtherHistory("an older copy");
}

TEST_F(OtherHistoryTest, ACopyThatHasGoneItsOwnWayIsNotAContinuation) {
  StopServer();
  CopyData("ledger", "copy");
  StartOn("ledger");
  Record("S-1");
  WatchAll();
  StartOn("copy");
  Record("S-2");
  Record("S-3");
  ExpectOtherHistory("gone its own way");
}

TEST_F(ConnectionTest, WritesUnderWayDuringRestartsAreRecordedOnceAndAnswered) {
  Client client({.server = address(),
                 .deadline = absl::Seconds(30),
                 .max_backoff = absl::Milliseconds(50)});
  absl::Notification stop;
  std::vector<std::thread> writers;
  std::atomic<int> written = 0;
  for (const char* country : {"FR", "DE", "JP"}) {
    writers.emplace_back([&, country] {
      for (int i = 0; !stop.HasBeenNotified(); ++i) {
        const auto recorded = client.RecordShipment(
            ShipmentOf("H100", 1, country, absl::StrCat("S-", country, i)));
        if (recorded.ok()) {
          ++written;
        } else {
          EXPECT_EQ(GetErrorDetails(recorded.status()).reason,
                    v1::REFUSED_BY_RULES)
              << recorded.status();
        }
      }
    });
  }
  for (int i = 0; i < 5; ++i) {
    absl::SleepFor(absl::Milliseconds(50));
    RestartServer(absl::Milliseconds(100));
  }
  stop.Notify();
  for (std::thread& writer : writers) writer.join();
  // A fast machine writes more than a page holds.
  int listed = 0;
  v1::ListShipmentsRequest request;
  do {
    const auto page = client.ListShipments(request);
    ASSERT_TRUE(page.ok()) << page.status();
    listed += page->shipments_size();
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(listed, written);
}

}  // namespace
}  // namespace chipledger::client
