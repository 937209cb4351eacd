#include "client/cli/table.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/ascii.h"
#include "client/cli/terminal.h"

namespace chipledger::cli {
namespace {

// Characters of a UTF-8 text: bytes that do not continue a character.
size_t Width(const std::string& text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

Table::Table(std::vector<std::string> titles) : titles_(std::move(titles)) {
  for (std::string& title : titles_) {
    to_the_right_.push_back(!title.empty() && title.back() == '>');
    if (to_the_right_.back()) title.pop_back();
  }
}

void Table::AddRow(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = OneLine(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::ToString(int indent) const {
  std::vector<size_t> widths;
  for (const std::string& title : titles_) widths.push_back(Width(title));
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], Width(row[i]));
    }
  }
  std::string out;
  const auto add_line = [&](const std::vector<std::string>& cells) {
    std::string line(static_cast<size_t>(indent), ' ');
    for (size_t i = 0; i < cells.size(); ++i) {
      const std::string fill(widths[i] - Width(cells[i]), ' ');
      if (i > 0) line += "  ";
      line += to_the_right_[i] ? fill + cells[i] : cells[i] + fill;
    }
    absl::StripTrailingAsciiWhitespace(&line);
    out += line + "\n";
  };
  add_line(titles_);
  for (const auto& row : rows_) add_line(row);
  return out;
}

}  // namespace chipledger::cli
