// Tables for people.
#ifndef CHIPLEDGER_CLIENT_CLI_TABLE_H_
#define CHIPLEDGER_CLIENT_CLI_TABLE_H_

#include <string>
#include <vector>

namespace chipledger::cli {

// Table aligns columns. A title that ends in ">" puts its column to the right,
// as numbers want it; the ">" is not printed.
//
// Thread-safety: thread-compatible.
class Table {
 public:
  explicit Table(std::vector<std::string> titles);

  // Each cell is shown as one line (client/cli/terminal.h). Requires: as many
  // cells as titles.
  void AddRow(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }

  // The table, each line indented by so many blanks and ended by a line feed.
  std::string ToString(int indent = 0) const;

 private:
  std::vector<std::string> titles_;
  std::vector<bool> to_the_right_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace chipledger::cli

#endif  // CHIPLEDGER_CLIENT_CLI_TABLE_H_
