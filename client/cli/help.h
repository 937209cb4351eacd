// --help as wide as the terminal.
#ifndef CHIPLEDGER_CLIENT_CLI_HELP_H_
#define CHIPLEDGER_CLIENT_CLI_HELP_H_

#include <CLI/CLI.hpp>
#include <cstddef>
#include <string>

namespace chipledger::cli {

// Columns that standard output shows: COLUMNS where it is set, the terminal's
// width, or 80 where there is no terminal.
size_t OutputWidth();

// HelpFormatter breaks descriptions between words at a width, and indents what
// goes on in the next line.
//
// Thread-safety: thread-compatible.
class HelpFormatter : public CLI::Formatter {
 public:
  explicit HelpFormatter(size_t width);

  std::string make_description(const CLI::App* app) const override;
  std::string make_option(const CLI::Option* option,
                          bool is_positional) const override;
  // Without what it needs and excludes, which its description says.
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_subcommand(const CLI::App* sub) const override;

 private:
  std::string Row(const std::string& name,
                  const std::string& description) const;

  const size_t width_;
};

}  // namespace chipledger::cli

#endif  // CHIPLEDGER_CLIENT_CLI_HELP_H_
