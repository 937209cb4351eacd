// A full disk stops writes and nothing else. The disk is a real one: a small
// file system in memory, which only root can mount.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/ledger/ledger_fixture.h"

namespace chipledger::testing {
namespace {

using ::testing::HasSubstr;

// A disk of a size in MiB, mounted while it lives.
class SmallDisk {
 public:
  SmallDisk(std::string path, int mib) : path_(std::move(path)) {
    std::filesystem::create_directory(path_);
    if (::mount("tmpfs", path_.c_str(), "tmpfs", 0, Size(mib).c_str()) != 0) {
      error_ = std::strerror(errno);
    }
  }
  ~SmallDisk() {
    if (mounted()) ::umount2(path_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return error_.empty(); }
  // Why it is not mounted.
  const std::string& error() const { return error_; }

  void Resize(int mib) {
    ASSERT_EQ(
        ::mount("tmpfs", path_.c_str(), "tmpfs", MS_REMOUNT, Size(mib).c_str()),
        0)
        << std::strerror(errno);
  }

 private:
  static std::string Size(int mib) { return absl::StrCat("size=", mib, "m"); }

  const std::string path_;
  std::string error_;
};

class FullDiskTest : public LedgerTest {
 protected:
  FullDiskTest() : LedgerTest(1'000'000'000) {}
  void SetUp() override {
    disk_ = std::make_unique<SmallDisk>(temp_.File("data"), 16);
    if (!disk_->mounted()) {
      GTEST_SKIP() << "A FULL DISK IS NOT TESTED: only root can mount a small "
                      "disk here: "
                   << disk_->error();
    }
    LedgerTest::SetUp();
  }
  void TearDown() override { Close(); }

  // A batch of requests to ship, with about 2 KiB each.
  std::unique_ptr<WriteBatch> LargeBatch(int number) {
    std::vector<TestRequest> requests;
    for (int i = 0; i < 200; ++i) {
      v1::Command ship = Ship(absl::StrCat("L-", number, "-", i));
      // Differs, so that it is not compressed away.
      std::string source;
      while (source.size() < 1'900) {
        absl::StrAppend(&source, Uuid::Random().ToString());
      }
      ship.mutable_record_shipment()->mutable_shipment()->set_source(source);
      requests.push_back({{std::move(ship)}});
    }
    return MakeBatch(requests);
  }

  std::unique_ptr<SmallDisk> disk_;
};

TEST_F(FullDiskTest, WritesStopReadsGoOnAndRoomBringsBackWhatWasAnswered) {
  std::vector<std::string> acknowledged;
  std::string reason;
  for (int i = 0; i < 200 && reason.empty(); ++i) {
    const auto batch = Write(LargeBatch(i));
    for (size_t place = 0; place < batch->answers.size(); ++place) {
      const WriteAnswer& answer = batch->answers[place];
      if (answer.status.ok()) {
        acknowledged.push_back(absl::StrCat("L-", i, "-", place));
      } else {
        reason = ReasonOf(answer.status);
      }
    }
  }
  ASSERT_EQ(reason, "READ_ONLY");
  ASSERT_FALSE(acknowledged.empty());
  EXPECT_THAT(ledger_->GetStatus().read_only_reason,
              HasSubstr("no space is left on the disk"));
  const uint64_t size_when_full = size();
  // RocksDB looks for room on a thread of its own, every few seconds.
  const absl::Time end = absl::Now() + absl::Seconds(8);
  while (absl::Now() < end) {
    ASSERT_TRUE(GetShipment("acme", acknowledged.back()).ok());
    absl::SleepFor(absl::Milliseconds(50));
  }
  EXPECT_EQ(StoredEntries().size(), size_when_full);

  Close();
  disk_->Resize(256);
  Reopen();
  EXPECT_EQ(size(), size_when_full);
  for (const std::string& reference : acknowledged) {
    EXPECT_TRUE(GetShipment("acme", reference).ok()) << reference;
  }
  EXPECT_EQ(Write(Ship("S-1")).status, absl::OkStatus());
  ExpectTotalsEqualReplay();
}

}  // namespace
}  // namespace chipledger::testing
