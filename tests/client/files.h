// Files for import tests.
#ifndef CHIPLEDGER_TESTS_CLIENT_FILES_H_
#define CHIPLEDGER_TESTS_CLIENT_FILES_H_

#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/string_view.h"
#include "tests/support/temp_dir.h"

namespace chipledger::testing {

// Writes a file of the directory and returns its path.
inline std::string WriteFile(const TempDir& dir, absl::string_view name,
                             absl::string_view content) {
  const std::string path = dir.File(name);
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

// Returns a file's content; empty when it cannot be read.
inline std::string ReadFile(const std::string& path) {
  std::ostringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  return content.str();
}

}  // namespace chipledger::testing

#endif  // CHIPLEDGER_TESTS_CLIENT_FILES_H_
