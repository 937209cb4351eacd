// A storage error stops writes, loudly, and leaves reads. The error is a real
// one: the process may not let its files grow.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ledger/base/error.h"
#include "tests/ledger/ledger_fixture.h"

namespace chipledger::testing {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

// While it lives, no file can grow beyond a size.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    EXPECT_EQ(getrlimit(RLIMIT_FSIZE, &before_), 0);
    const rlimit limit{bytes, before_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  ~FileSizeLimit() { EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &before_), 0); }

 private:
  rlimit before_;
};

// While it lives, the process can open only so many files more.
class FewDescriptors {
 public:
  explicit FewDescriptors(int free) {
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0);
    const int lowest_free = dup(STDIN_FILENO);
    close(lowest_free);
    const rlimit few{static_cast<rlim_t>(lowest_free + free), before_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  }
  ~FewDescriptors() { EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before_), 0); }

 private:
  rlimit before_;
};

class ReadOnlyTest : public LedgerTest {
 protected:
  std::vector<TestRequest> LargeRequests() {
    std::vector<TestRequest> requests;
    for (int i = 0; i < 2'000; ++i) {
      requests.push_back({{Ship(absl::StrCat("L-", i), 200)}});
    }
    return requests;
  }
};

TEST_F(ReadOnlyTest, FailedGroupIsAnsweredReadOnlyAndReadsGoOn) {
  absl::Mutex mutex;
  std::string logged;
  options_.log = [&](absl::string_view line) {
    absl::MutexLock lock(&mutex);
    absl::StrAppend(&logged, line, "\n");
  };
  Reopen();
  const TestRequest kept{{Ship("S-1", 5)}};
  ASSERT_EQ(Write(kept).status, absl::OkStatus());
  {
    const FileSizeLimit limit(64 * 1024);
    const auto batch = Write(MakeBatch(LargeRequests()));
    for (const WriteAnswer& answer : batch->answers) {
      ASSERT_EQ(answer.status.code(), absl::StatusCode::kUnavailable);
      ASSERT_EQ(ReasonOf(answer.status), "READ_ONLY");
      // Some of its bytes may be on the disk.
      ASSERT_EQ(GetErrorCause(answer.status)->metadata["may_be_recorded"],
                "true");
      ASSERT_EQ(answer.index, std::nullopt);
      ASSERT_TRUE(answer.events.empty());
    }
  }
  EXPECT_EQ(size(), kFirstSize + 1);
  EXPECT_TRUE(GetShipment("acme", "S-1").ok());
  EXPECT_EQ(ReasonOf(GetShipment("acme", "L-1").status()),
            "SHIPMENT_NOT_FOUND");
  EXPECT_EQ(StoredEntries().size(), kFirstSize + 1);
  const absl::Status later =
      ledger_->Submit(MakeBatch({{{Ship("S-2")}}}), WhenFull::kWait,
                      [](std::unique_ptr<WriteBatch>) { ADD_FAILURE(); });
  EXPECT_EQ(ReasonOf(later), "READ_ONLY");
  EXPECT_TRUE(GetErrorCause(later)->metadata.empty());
  EXPECT_THAT(ledger_->GetStatus().read_only_reason,
              AllOf(HasSubstr("read-only after a storage error"),
                    HasSubstr("ulimit -f"), Not(HasSubstr("disk"))));
  absl::MutexLock lock(&mutex);
  EXPECT_THAT(logged, HasSubstr("cannot store entries 5 to "));
}

TEST_F(ReadOnlyTest, ReopeningWritesAgainAndKeepsWhatWasAnswered) {
  const TestRequest kept{{Ship("S-1", 5)}};
  ASSERT_EQ(Write(kept).status, absl::OkStatus());
  {
    const FileSizeLimit limit(64 * 1024);
    Write(MakeBatch(LargeRequests()));
    Close();
  }
  Reopen();
  EXPECT_TRUE(Write(kept).repeated_answer);
  EXPECT_EQ(Write(Ship("S-2", 5)).status, absl::OkStatus());
  ExpectTotalsEqualReplay();
}

// A process that is short of descriptors has nothing wrong with its disk.
class ShortageTest : public LedgerTest {
 protected:
  ShortageTest() : LedgerTest(1'000'000) {}
  void SetUp() override {
    // So that ids go to a file of their own after a few entries.
    options_.id_generation_entries = 16;
    options_.log = [this](absl::string_view line) {
      absl::MutexLock lock(&mutex_);
      absl::StrAppend(&logged_, line, "\n");
    };
    LedgerTest::SetUp();
  }
  void TearDown() override { Close(); }

  void WriteSome(absl::string_view name) {
    for (int i = 0; i < 40; ++i) {
      ASSERT_EQ(Write(Ship(absl::StrCat(name, "-", i))).status,
                absl::OkStatus());
    }
  }
  void WaitForLog(absl::string_view text) {
    const auto said = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return absl::StrContains(logged_, text);
    };
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&said));
  }

  absl::Mutex mutex_;
  std::string logged_ ABSL_GUARDED_BY(mutex_);
};

TEST_F(ShortageTest, WritesGoOnWhenDescriptorsAreFreeAgain) {
  {
    const FewDescriptors none(0);
    WriteSome("during");
    WaitForLog("the storage waits: the process has as many files open");
  }
  WaitForLog("the storage waits no longer");
  WriteSome("after");
  EXPECT_EQ(ledger_->GetStatus().read_only_reason, "");
  Reopen();
  EXPECT_TRUE(GetShipment("acme", "during-0").ok());
  EXPECT_TRUE(GetShipment("acme", "after-39").ok());
}

TEST_F(ShortageTest, ClosingDoesNotWaitForDescriptors) {
  {
    const FewDescriptors none(0);
    WriteSome("during");
    WaitForLog("the storage waits");
    Close();
  }
  Reopen();
  EXPECT_TRUE(GetShipment("acme", "during-39").ok());
}

TEST_F(ShortageTest, ReadsSayWhatIsShortAndComeBack) {
  // A start opens few of the files.
  options_.max_open_files = 20;
  int written = 0;
  const auto read = [&] {
    for (int i = 0; i < written; ++i) {
      const absl::Status status =
          GetShipment("acme", absl::StrCat("S-", i)).status();
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  };
  // Whether a file must be opened depends on how many RocksDB has made one of
  // meanwhile.
  absl::Status status;
  for (int attempt = 0; status.ok() && attempt < 20; ++attempt) {
    for (int i = 0; i < 12; ++i) {
      ASSERT_EQ(Write(Ship(absl::StrCat("S-", written++))).status,
                absl::OkStatus());
      Reopen();
    }
    const std::string reference = absl::StrCat("during-", attempt);
    absl::Status write;
    {
      const FewDescriptors none(0);
      status = read();
      write = Write(Ship(reference)).status;
    }
    EXPECT_THAT(ReasonOf(write), AnyOf("", "RESOURCE_SHORTAGE"));
    EXPECT_EQ(read(), absl::OkStatus());
    EXPECT_EQ(ledger_->GetStatus().read_only_reason, "");
    // What was answered is what holds.
    EXPECT_EQ(ReasonOf(Write(Ship(reference)).status),
              write.ok() ? "SHIPMENT_REFERENCE_REUSED" : "");
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(status), "RESOURCE_SHORTAGE");
  EXPECT_THAT(std::string(status.message()), HasSubstr("ulimit -n"));
}

TEST_F(ShortageTest, OpeningFailsAndSaysWhatIsShort) {
  absl::Status status;
  int free = 0;
  do {
    Close();
    const FewDescriptors few(free++);
    auto ledger = Ledger::Open(options_);
    status = ledger.status();
    if (status.ok()) continue;
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
    EXPECT_THAT(std::string(status.message()),
                AnyOf(HasSubstr("Too many open files"), HasSubstr("ulimit -n")))
        << status;
  } while (!status.ok());
  EXPECT_GT(free, 5);
  Reopen();
  EXPECT_EQ(Write(Ship("S-1")).status, absl::OkStatus());
}

// Whoever removes the files of an open ledger takes away what is written next,
// because the files go on for as long as they are open.
class RemovedFilesTest : public LedgerTest,
                         public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    options_.tick = absl::Milliseconds(10);
    LedgerTest::SetUp();
  }
  void TearDown() override { Close(); }

  void Remove() {
    namespace fs = std::filesystem;
    const std::string how = GetParam();
    const std::string data = options_.data_dir;
    if (how == "directory") {
      fs::remove_all(data);
    } else if (how == "database") {
      fs::remove_all(data + "/db");
    } else if (how == "files") {
      for (const auto& file : fs::directory_iterator(data + "/db")) {
        fs::remove(file);
      }
    } else if (how == "moved") {
      fs::rename(data, data + "-away");
    } else {
      fs::rename(data, data + "-away");
      fs::copy(data + "-away", data, fs::copy_options::recursive);
    }
  }
};

TEST_P(RemovedFilesTest, NoWriteIsAcknowledgedAfterwards) {
  ASSERT_EQ(Write(Ship("S-1")).status, absl::OkStatus());
  Remove();
  auto batch = MakeBatch({{{Ship("S-2")}}});
  absl::Notification done;
  absl::Status status = ledger_->Submit(std::move(batch), WhenFull::kWait,
                                        [&](std::unique_ptr<WriteBatch> back) {
                                          status = back->answers.at(0).status;
                                          done.Notify();
                                        });
  if (status.ok()) done.WaitForNotification();
  EXPECT_EQ(ReasonOf(status), "READ_ONLY");
  EXPECT_EQ(size(), kFirstSize + 1);
}

TEST_P(RemovedFilesTest, AnIdleLedgerNotices) {
  Remove();
  while (ledger_->GetStatus().read_only_reason.empty()) {
    absl::SleepFor(absl::Milliseconds(1));
  }
  EXPECT_THAT(ledger_->GetStatus().read_only_reason,
              HasSubstr(options_.data_dir));
}

TEST_P(RemovedFilesTest, ClosingLeavesAloneWhatStandsThereNow) {
  ASSERT_EQ(Write(Ship("S-1")).status, absl::OkStatus());
  Remove();
  const auto list = [&] {
    std::map<std::string, uintmax_t> files;
    std::error_code error;
    for (const auto& file : std::filesystem::recursive_directory_iterator(
             options_.data_dir, error)) {
      files[file.path()] = file.is_regular_file() ? file.file_size() : 0;
    }
    return files;
  };
  const auto before = list();
  Close();
  EXPECT_EQ(list(), before);
}

INSTANTIATE_TEST_SUITE_P(Ways, RemovedFilesTest,
                         ::testing::Values("directory", "database", "files",
                                           "moved", "replaced"),
                         [](const auto& way) { return way.param; });

}  // namespace
}  // namespace chipledger::testing
