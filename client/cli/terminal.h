// Text from outside on a terminal. A name may hold what moves the cursor, turns
// text around or begins a new line, and so make a row say something else than
// what is recorded.
#ifndef CHIPLEDGER_CLIENT_CLI_TERMINAL_H_
#define CHIPLEDGER_CLIENT_CLI_TERMINAL_H_

#include <ostream>
#include <streambuf>
#include <string>

#include "absl/strings/string_view.h"

namespace chipledger::cli {

// Returns text from outside as part of one line: control characters, line feeds
// included, and characters that change the direction of text are escaped, as
// "\n" or "\u001b".
std::string OneLine(absl::string_view text);

// TerminalGuard escapes all that is written to a stream while it lives, as
// OneLine does, but for line feeds, which end our own lines. It holds what no
// caller of OneLine has thought of.
//
// Thread-safety: as the stream's.
class TerminalGuard : public std::streambuf {
 public:
  explicit TerminalGuard(std::ostream& stream);
  ~TerminalGuard() override;
  TerminalGuard(const TerminalGuard&) = delete;
  TerminalGuard& operator=(const TerminalGuard&) = delete;

 protected:
  int_type overflow(int_type c) override;
  std::streamsize xsputn(const char* data, std::streamsize size) override;
  int sync() override;

 private:
  std::ostream& stream_;
  std::streambuf* const target_;
  // The first bytes of a character whose others are still to come.
  std::string begun_;
};

}  // namespace chipledger::cli

#endif  // CHIPLEDGER_CLIENT_CLI_TERMINAL_H_
