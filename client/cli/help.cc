#include "client/cli/help.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace chipledger::cli {
namespace {

constexpr size_t kUsualWidth = 80;
// Words do not fit into less.
constexpr size_t kMinWidth = 40;
constexpr size_t kUsualNameWidth = 30;
constexpr size_t kNarrowNameWidth = 8;

// Breaks a text into lines of this width; a word that is wider has its own.
std::vector<std::string> Wrap(const std::string& text, size_t width) {
  std::vector<std::string> lines;
  for (const absl::string_view paragraph : absl::StrSplit(text, '\n')) {
    std::string line;
    for (const absl::string_view word :
         absl::StrSplit(paragraph, ' ', absl::SkipEmpty())) {
      if (!line.empty() && line.size() + 1 + word.size() > width) {
        lines.push_back(std::move(line));
        line.clear();
      }
      if (!line.empty()) line += ' ';
      line.append(word.data(), word.size());
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace

size_t OutputWidth() {
  size_t columns = 0;
  const char* text = std::getenv("COLUMNS");
  if (text != nullptr && absl::SimpleAtoi(text, &columns) && columns > 0) {
    return std::max(columns, kMinWidth);
  }
  winsize size = {};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    return std::max<size_t>(size.ws_col, kMinWidth);
  }
  return kUsualWidth;
}

HelpFormatter::HelpFormatter(size_t width) : width_(width) {
  column_width(width < kUsualWidth ? kNarrowNameWidth : kUsualNameWidth);
}

std::string HelpFormatter::make_description(const CLI::App* app) const {
  std::string text;
  for (const std::string& line :
       Wrap(CLI::Formatter::make_description(app), width_)) {
    if (!line.empty()) text += line + "\n";
  }
  return text;
}

std::string HelpFormatter::make_option(const CLI::Option* option,
                                       bool is_positional) const {
  return Row(make_option_name(option, is_positional) + make_option_opts(option),
             make_option_desc(option));
}

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
  std::string text;
  if (option->get_type_size() != 0) {
    if (!option->get_type_name().empty()) {
      text += " " + option->get_type_name();
    }
    if (!option->get_default_str().empty()) {
      text += " [" + option->get_default_str() + "]";
    }
    if (option->get_expected_max() == CLI::detail::expected_max_vector_size) {
      text += " ...";
    }
    if (option->get_required()) text += " REQUIRED";
  }
  if (!option->get_envname().empty()) {
    text += " (env: " + option->get_envname() + ")";
  }
  return text;
}

std::string HelpFormatter::make_subcommand(const CLI::App* sub) const {
  return Row(sub->get_display_name(true), sub->get_description());
}

std::string HelpFormatter::Row(const std::string& name,
                               const std::string& description) const {
  const size_t indent = get_column_width();
  std::string row;
  // Names that are too long go on as descriptions do.
  for (const std::string& line : Wrap(name, width_ - 4)) {
    row += (row.empty() ? "  " : "\n    ") + line;
  }
  const size_t last_line = row.size() - (row.rfind('\n') + 1);
  bool fits = last_line + 2 <= indent;
  if (fits) row.append(indent - last_line, ' ');
  for (const std::string& line : Wrap(description, width_ - indent)) {
    if (!fits) row += "\n" + std::string(indent, ' ');
    row += line;
    fits = false;
  }
  return row + "\n";
}

}  // namespace chipledger::cli
