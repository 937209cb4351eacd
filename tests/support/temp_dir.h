// A directory of a test's own.
#ifndef CHIPLEDGER_TESTS_SUPPORT_TEMP_DIR_H_
#define CHIPLEDGER_TESTS_SUPPORT_TEMP_DIR_H_

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace chipledger::testing {

// TempDir makes an empty directory and removes it with all it holds.
class TempDir {
 public:
  TempDir() : path_(absl::StrCat(::testing::TempDir(), "chipledger.XXXXXX")) {
    if (::mkdtemp(path_.data()) == nullptr) path_.clear();
    EXPECT_FALSE(path_.empty()) << "cannot make a temporary directory";
  }
  ~TempDir() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  // The path of a file or directory in it, which is not made.
  std::string File(absl::string_view name) const {
    return absl::StrCat(path_, "/", name);
  }

 private:
  std::string path_;
};

}  // namespace chipledger::testing

#endif  // CHIPLEDGER_TESTS_SUPPORT_TEMP_DIR_H_
