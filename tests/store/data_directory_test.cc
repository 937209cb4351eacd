// Only a directory that is ours, of our format and not in use is opened, and
// nothing is written to any other.
#include "ledger/store/data_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/status/status.h"
#include "tests/support/temp_dir.h"

namespace chipledger::store {
namespace {

using ::chipledger::testing::TempDir;
using ::testing::AllOf;
using ::testing::HasSubstr;

// Runs as a user without the right to write everywhere, also when the tests run
// as root.
class AsNobody {
 public:
  AsNobody() : was_(geteuid()) {
    if (was_ == 0) {
      EXPECT_EQ(seteuid(65534), 0);
    }
  }
  ~AsNobody() {
    if (was_ == 0) {
      EXPECT_EQ(seteuid(0), 0);
    }
  }

 private:
  uid_t was_;
};

void WriteFile(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
}

std::string ReadFile(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

absl::Status OpenStatus(const std::string& path) {
  return DataDirectory::Open(path, OpenMode::kExistingOrNew).status();
}

TEST(DataDirectoryTest, AbsentAndEmptyDirectoriesBecomeOurs) {
  const TempDir temp;
  const std::string path = temp.path() + "/deep/new";
  EXPECT_EQ(OpenStatus(path), absl::OkStatus());
  EXPECT_EQ(ReadFile(path + "/CHIPLEDGER"),
            "chipledger data directory\nformat_version: 11\n");
  EXPECT_EQ(OpenStatus(path), absl::OkStatus()) << "opened again";
  const TempDir empty;
  EXPECT_EQ(OpenStatus(empty.path()), absl::OkStatus());
}

TEST(DataDirectoryTest, NothingBecomesALedgerUnasked) {
  const TempDir temp;
  const auto open = [&](const std::string& path) {
    return DataDirectory::Open(path, OpenMode::kExisting).status();
  };
  const absl::Status absent = open(temp.path() + "/absent");
  EXPECT_EQ(absent.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(absent.message()),
              AllOf(HasSubstr("does not exist"), HasSubstr("--create")));
  EXPECT_FALSE(std::filesystem::exists(temp.path() + "/absent"));

  const absl::Status empty = open(temp.path());
  EXPECT_EQ(empty.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(empty.message()), HasSubstr("is empty"));
  EXPECT_TRUE(std::filesystem::is_empty(temp.path()));

  WriteFile(temp.path() + "/CHIPLEDGER",
            "chipledger data directory\nformat_version: 11\n");
  const absl::Status marker_alone = open(temp.path());
  EXPECT_EQ(marker_alone.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(marker_alone.message()),
              HasSubstr("holds no database"));
  EXPECT_FALSE(std::filesystem::exists(temp.path() + "/db"));
}

TEST(DataDirectoryTest, ForeignDirectoryIsRefusedAndLeftAlone) {
  const TempDir temp;
  WriteFile(temp.path() + "/thesis.txt", "mine");
  const absl::Status status = OpenStatus(temp.path());
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("thesis.txt"));
  EXPECT_FALSE(std::filesystem::exists(temp.path() + "/CHIPLEDGER"));
  EXPECT_FALSE(std::filesystem::exists(temp.path() + "/db"));
}

TEST(DataDirectoryTest, ForeignMarkerIsRefused) {
  const TempDir temp;
  WriteFile(temp.path() + "/CHIPLEDGER", "a note about chips");
  EXPECT_EQ(OpenStatus(temp.path()).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReadFile(temp.path() + "/CHIPLEDGER"), "a note about chips");
}

TEST(DataDirectoryTest, FileInsteadOfADirectoryIsRefused) {
  const TempDir temp;
  WriteFile(temp.path() + "/file", "");
  const absl::Status status = OpenStatus(temp.path() + "/file");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("not a directory"));
}

TEST(DataDirectoryTest, NewerFormatIsRefused) {
  const TempDir temp;
  WriteFile(temp.path() + "/CHIPLEDGER",
            "chipledger data directory\nformat_version: 12\n");
  const absl::Status status = OpenStatus(temp.path());
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("has format version 12; this program reads version 11; "
                        "use a newer chipledger"));
}

TEST(DataDirectoryTest, OlderFormatIsRefusedAndLeftAlone) {
  const TempDir temp;
  const std::string marker = "chipledger data directory\nformat_version: 1\n";
  WriteFile(temp.path() + "/CHIPLEDGER", marker);
  const absl::Status status = OpenStatus(temp.path());
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("open it with the chipledger that made it"));
  EXPECT_EQ(ReadFile(temp.path() + "/CHIPLEDGER"), marker);
}

TEST(DataDirectoryTest, CrashWhileTheMarkerWasWrittenIsMended) {
  const TempDir temp;
  WriteFile(temp.path() + "/CHIPLEDGER", "chipledger da");
  EXPECT_EQ(OpenStatus(temp.path()), absl::OkStatus());
  EXPECT_THAT(ReadFile(temp.path() + "/CHIPLEDGER"),
              HasSubstr("format_version: 11"));
}

TEST(DataDirectoryTest, OpenDirectoryIsRefusedUntilItIsClosed) {
  const TempDir temp;
  {
    auto first = DataDirectory::Open(temp.path(), OpenMode::kExistingOrNew);
    ASSERT_TRUE(first.ok()) << first.status();
    const absl::Status second = OpenStatus(temp.path());
    EXPECT_EQ(second.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(second.message()),
                HasSubstr("open in another process"));
  }
  EXPECT_EQ(OpenStatus(temp.path()), absl::OkStatus());
}

TEST(DataDirectoryTest, UnwritableDirectoryIsRefused) {
  const TempDir temp;
  const std::string path = temp.path() + "/data";
  ASSERT_EQ(mkdir(path.c_str(), 0755), 0);
  ASSERT_EQ(chmod(temp.path().c_str(), 0755), 0);
  if (geteuid() != 0) {
    ASSERT_EQ(chmod(path.c_str(), 0555), 0);
  }
  absl::Status existing;
  absl::Status absent;
  {
    const AsNobody nobody;
    existing = OpenStatus(path);
    absent = OpenStatus(path + "/below");
  }
  EXPECT_EQ(existing.code(), absl::StatusCode::kPermissionDenied) << existing;
  EXPECT_EQ(absent.code(), absl::StatusCode::kPermissionDenied) << absent;
  EXPECT_THAT(std::string(existing.message()), HasSubstr(path));
}

}  // namespace
}  // namespace chipledger::store
