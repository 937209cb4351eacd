// Files that say what must stay as it is.
#ifndef CHIPLEDGER_TESTS_GOLDEN_GOLDEN_FILE_H_
#define CHIPLEDGER_TESTS_GOLDEN_GOLDEN_FILE_H_

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "gtest/gtest.h"

namespace chipledger::testing {

inline std::string GoldenPath(const std::string& name) {
  return std::string(CHIPLEDGER_GOLDEN_DIR "/") + name;
}

inline std::string ReadGolden(const std::string& name) {
  std::ifstream file(GoldenPath(name), std::ios::binary);
  EXPECT_TRUE(file) << "there is no " << GoldenPath(name);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Expects what a golden file holds. With CHIPLEDGER_UPDATE_GOLDEN set the file
// is written instead; what changed is then to be looked at before it is
// committed.
inline void ExpectGolden(const std::string& name, const std::string& actual) {
  if (std::getenv("CHIPLEDGER_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(GoldenPath(name), std::ios::binary) << actual;
    return;
  }
  EXPECT_TRUE(ReadGolden(name) == actual)
      << name << " is not what it was; run the test with "
      << "CHIPLEDGER_UPDATE_GOLDEN=1 if that is meant";
}

}  // namespace chipledger::testing

#endif  // CHIPLEDGER_TESTS_GOLDEN_GOLDEN_FILE_H_
