// What the subcommands of `chipledger` share.
#ifndef CHIPLEDGER_CLIENT_CLI_CLI_H_
#define CHIPLEDGER_CLIENT_CLI_CLI_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/common.pb.h"
#include "chipledger/v1/evidence.pb.h"
#include "chipledger/v1/license.pb.h"
#include "client/client.h"
#include "google/protobuf/message.h"
#include "google/protobuf/repeated_ptr_field.h"

namespace chipledger::cli {

// Exit codes, as --help says.
enum ExitCode : int {
  kDone = 0,
  // The rules refused the write.
  kRefused = 1,
  // Wrong usage or input: the same call cannot succeed.
  kBadInput = 2,
  // The server cannot be reached, or something failed.
  kFailed = 3,
};

// Cli holds what stands before the subcommand.
//
// Thread-safety: single-threaded.
class Cli {
 public:
  std::string server = "127.0.0.1:7401";
  // Protobuf JSON instead of tables.
  bool json = false;
  // Deadline of a call in seconds.
  double timeout_seconds = 10;
  // What the chosen subcommand does, set while parsing; returns an exit code.
  std::function<int()> action;

  // Connects with the first call.
  client::Client& client();

 private:
  std::unique_ptr<client::Client> client_;
};

// Each adds the subcommands of one group.
void AddShipmentCommands(CLI::App& app, Cli& cli);
void AddImportCommand(CLI::App& shipment, Cli& cli);
void AddLicenseCommands(CLI::App& app, Cli& cli);
void AddLicenseImportCommands(CLI::App& license, Cli& cli);
void AddPolicyCommands(CLI::App& app, Cli& cli);
void AddGroupCommands(CLI::App& policy, Cli& cli);
void AddProductCommands(CLI::App& app, Cli& cli);
void AddPartyCommands(CLI::App& app, Cli& cli);
void AddStockImportCommands(CLI::App& party, Cli& cli);
void AddDealCommands(CLI::App& app, Cli& cli);
void AddHeadroomCommands(CLI::App& app, Cli& cli);
void AddAuditCommands(CLI::App& app, Cli& cli);
void AddWhatIfCommand(CLI::App& policy, Cli& cli);
void AddReportsCommand(CLI::App& policy, Cli& cli);
void AddExplainCommand(CLI::App& policy, Cli& cli);
void AddHolidayCommands(CLI::App& group, Cli& cli);
void AddApplicationCommands(CLI::App& license, Cli& cli);
void AddLicenseChangeCommands(CLI::App& license, Cli& cli);
void AddPartyConditionCommand(CLI::App& party, Cli& cli);
void AddMovementCommands(CLI::App& shipment, Cli& cli);
void AddTraceCommand(CLI::App& shipment, Cli& cli);
void AddMovementImportCommands(CLI::App& shipment, Cli& cli);
void AddReservationCommands(CLI::App& shipment, Cli& cli);
void AddTotalCommands(CLI::App& headroom, Cli& cli);
void AddCompareCommand(CLI::App& headroom, Cli& cli);
void AddNoticesCommand(CLI::App& headroom, Cli& cli);
void AddReplayCommand(CLI::App& audit, Cli& cli);
void AddAdminCommands(CLI::App& app, Cli& cli);
void AddCompletionCommand(CLI::App& app, Cli& cli);

// Adds a subcommand. Its options live in an Options object that `add_options`
// declares and `run` gets; `run` returns an exit code.
template <typename Options>
void AddCommand(CLI::App& group, Cli& cli, const std::string& name,
                const std::string& description,
                const std::function<void(CLI::App&, Options&)>& add_options,
                std::function<int(Cli&, const Options&)> run) {
  CLI::App* app = group.add_subcommand(name, description);
  auto options = std::make_shared<Options>();
  add_options(*app, *options);
  app->callback([&cli, options, run = std::move(run)] {
    cli.action = [&cli, options, run] { return run(cli, *options); };
  });
}

// Options of every write.
struct WriteOptions {
  std::string request_id;
  bool validate_only = false;
};
void AddWriteOptions(CLI::App& app, WriteOptions& options);
template <typename Request>
void SetWriteOptions(const WriteOptions& options, Request& request) {
  request.set_request_id(options.request_id);
  request.set_validate_only(options.validate_only);
}

// Accept whole numbers from `min` on, and more than 0 seconds; of others they
// say so.
CLI::Validator AtLeast(uint64_t min);
CLI::Validator Seconds();

// Adds an option whose text goes to `set`.
CLI::Option* AddText(CLI::App& app, const std::string& name,
                     const std::string& description,
                     std::function<void(const std::string&)> set);

// Adds the options of a read that say at which moment it looks. With a prefix
// such as "before-" instead of "at-" they say it of another moment, and the
// date is "--before-through-date".
void AddReadOptions(CLI::App& app, v1::ReadPoint& read_point,
                    const std::string& prefix = "");

// Rules that presume denial and are to be passed over.
struct OverrideOptions {
  std::vector<std::string> rules;
  std::string reason;
  std::string citation;
};
void AddOverrideOptions(CLI::App& app, OverrideOptions& options);
// Errors: INVALID_ARGUMENT.
absl::Status SetOverrides(
    const OverrideOptions& options,
    google::protobuf::RepeatedPtrField<v1::Override>& overrides);

// Adds --expected-revision.
void AddRevisionOption(CLI::App& app, std::function<void(uint64_t)> set);
inline void AddRevisionOption(CLI::App& app,
                              std::optional<uint64_t>& revision) {
  AddRevisionOption(app, [&](uint64_t value) { revision = value; });
}
template <typename Command>
requires requires(Command command) { command.set_expected_revision(0); }
void AddRevisionOption(CLI::App& app, Command& command) {
  AddRevisionOption(
      app, [&](uint64_t value) { command.set_expected_revision(value); });
}

// Reads the lines of a license or application from --line, "PRODUCT=QUANTITY"
// or, as it must be for several destinations, "PRODUCT=QUANTITY@COUNTRY", and
// --value, one for each line or none. Errors: INVALID_ARGUMENT.
absl::StatusOr<google::protobuf::RepeatedPtrField<v1::LicenseLine>>
ParseLicenseLines(
    const std::vector<std::string>& lines, const std::vector<int64_t>& values,
    const google::protobuf::RepeatedPtrField<std::string>& destinations);

// Reads "NAME=QUANTITY"; a name may hold "=". For the error: which option it is
// of, and what that takes, such as "PRODUCT=QUANTITY".
// Errors: INVALID_ARGUMENT.
absl::StatusOr<std::pair<std::string, int64_t>> ParseQuantity(
    absl::string_view option, absl::string_view form, absl::string_view text);
// The same with a whole number as the name.
absl::StatusOr<std::pair<int32_t, int64_t>> ParseNumberedQuantity(
    absl::string_view option, absl::string_view form, absl::string_view text);
// Splits "WHAT@DATE"; the date is empty when there is none.
std::pair<std::string, std::string> SplitDate(absl::string_view text);
// Returns the alpha-2 code of a country's code or name.
// Errors: INVALID_ARGUMENT.
absl::StatusOr<std::string> ParseCountry(absl::string_view text);

// Reads a .textproto file as scenarios::ReadTextFile does.
absl::Status ReadTextProto(const std::string& path,
                           google::protobuf::Message& message);

// Prints a message as one line of protobuf JSON.
void PrintJson(const google::protobuf::Message& message);

// Prints an error with its details, for a name that is not there those that are
// like it, and what to do next on standard error (as JSON with --json) and
// returns the exit code for it.
int Fail(Cli& cli, const absl::Status& status);

// --keep-reservations, of what ends a license.
void AddKeepOption(CLI::App& app, bool& keep_reservations);

// Fails with the error of a StatusOr, or prints its message as JSON or by
// `print`.
template <typename Response, typename Print>
int Finish(Cli& cli, const absl::StatusOr<Response>& response,
           const Print& print) {
  if (!response.ok()) return Fail(cli, response.status());
  if (cli.json) {
    PrintJson(*response);
  } else {
    print(*response);
  }
  return kDone;
}

// Calls `read` for page after page and `take` with each page, until the last or
// until `take` returns false.
template <typename Request, typename Read, typename Take>
absl::Status ForEachPage(Request request, const Read& read, const Take& take) {
  while (true) {
    const auto page = read(request);
    if (!page.ok()) return page.status();
    if (!take(*page) || page->next_page_token().empty()) {
      return absl::OkStatus();
    }
    request.set_page_token(page->next_page_token());
  }
}

}  // namespace chipledger::cli

#endif  // CHIPLEDGER_CLIENT_CLI_CLI_H_
