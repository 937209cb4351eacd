// chipledgerd: serves a ledger over gRPC until SIGTERM, SIGINT or SIGHUP.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "ledger/base/limits.h"
#include "ledger/base/mutex_checks.h"
#include "server/descriptors.h"
#include "server/listen_address.h"
#include "server/logging.h"
#include "server/server.h"

namespace chipledger {
namespace {

constexpr int kExitUsage = 2;
constexpr int kExitFailed = 3;

// StopSignal waits for SIGTERM, SIGINT and SIGHUP (of a terminal that is
// closed) on a thread of its own: the first asks to drain, the second ends the
// process at once.
class StopSignal {
 public:
  // Call before other threads start, so that they inherit the blocked signals.
  StopSignal() {
    sigset_t signals;
    ::sigemptyset(&signals);
    ::sigaddset(&signals, SIGTERM);
    ::sigaddset(&signals, SIGINT);
    ::sigaddset(&signals, SIGHUP);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    // Never joined: it waits for a second signal until the process ends.
    std::thread([this, signals] {
      int signal = 0;
      ::sigwait(&signals, &signal);
      asked_.Notify();
      ::sigwait(&signals, &signal);
      ::_exit(128 + signal);
    }).detach();
  }
  void Wait() { asked_.WaitForNotification(); }

 private:
  absl::Notification asked_;
};

struct Flags {
  ServerOptions server;
  spdlog::level::level_enum log_level = spdlog::level::info;
  LogFormat log_format = LogFormat::kText;
};

// Adds a flag that takes one of several names.
template <typename Value>
void AddChoice(CLI::App& app, const char* name, const char* description,
               const char* standard,
               const std::map<std::string, Value>& choices, Value& value) {
  std::vector<std::string> names;
  for (const auto& [choice, unused] : choices) names.push_back(choice);
  app.add_option_function<std::string>(
         name,
         [&value, choices](const std::string& choice) {
           value = choices.at(choice);
         },
         description)
      ->check(CLI::IsMember(names))
      ->type_name("NAME")
      ->default_str(standard);
}

void AddFlags(CLI::App& app, Flags& flags) {
  flags.server.ledger.data_dir = "./chipledger-data";
  flags.server.ledger.built_ns = kBuildTimeNs;
  flags.server.ledger.made_by = absl::StrCat("chipledgerd ", kServerVersion);
  app.set_version_flag("--version",
                       absl::StrCat("chipledgerd ", kServerVersion));
  app.add_option("--data", flags.server.ledger.data_dir, "The data directory")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_flag_callback(
      "--create", [&flags] { flags.server.ledger.mode = OpenMode::kNew; },
      "Make a new ledger in the data directory, which must be absent or "
      "empty; without it there must be a ledger");
  app.add_flag("--trust-clock", flags.server.ledger.trust_clock,
               "Start even if the machine's clock is far from the last entry's "
               "time or before the day of this build");
  app.add_option("--listen", flags.server.listen,
                 "Where to serve gRPC; port 0 takes any free one")
      ->type_name("HOST:PORT")
      ->check([](const std::string& text) {
        return std::string(ParseListenAddress(text).status().message());
      })
      ->capture_default_str();
  app.add_option("--max-queued-commands",
                 flags.server.ledger.max_queued_commands,
                 "Commands of single writes that may wait to be decided "
                 "before more are answered with QUEUE_FULL")
      ->check(CLI::Range(limits::kMaxCommandsPerRequest,
                         limits::kMaxQueuedCommands * 100))
      ->capture_default_str();
  app.add_option("--max-hold-seconds", flags.server.ledger.max_hold_seconds,
                 "The longest that a new reservation may hold its room")
      ->check(CLI::Range(int64_t{1}, limits::kMaxHoldSeconds))
      ->type_name("SECONDS")
      ->capture_default_str();
  AddChoice(app, "--log-level", "The least of what is logged", "info",
            std::map<std::string, spdlog::level::level_enum>{
                {"debug", spdlog::level::debug},
                {"info", spdlog::level::info},
                {"warn", spdlog::level::warn},
                {"error", spdlog::level::err}},
            flags.log_level);
  AddChoice(app, "--log-format", "How the log looks", "text",
            std::map<std::string, LogFormat>{{"text", LogFormat::kText},
                                             {"json", LogFormat::kJson}},
            flags.log_format);
}

int Run(const Flags& flags, StopSignal& stop) {
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(flags.server);
  if (!server.ok()) {
    std::fprintf(stderr, "chipledgerd: %s\n",
                 std::string(server.status().message()).c_str());
    return kExitFailed;
  }
  const std::string ledger_id = (*server)->ledger().GetStatus().ledger_id;
  const std::string size = absl::StrCat((*server)->ledger().Latest()->size);
  LogEvent(spdlog::level::info, "ready",
           {{"version", kServerVersion},
            {"listen", (*server)->address()},
            {"data", flags.server.ledger.data_dir},
            {"ledger", ledger_id},
            {"size", size}});
  std::printf("chipledgerd ready listen=%s ledger=%s size=%s\n",
              (*server)->address().c_str(), ledger_id.c_str(), size.c_str());
  std::fflush(stdout);
  stop.Wait();
  (*server)->Shutdown();
  LogEvent(spdlog::level::info, "stopped");
  return 0;
}

int Main(int argc, char** argv) {
  TurnOffDeadlockChecks();
  CLI::App app("Serves a ledger of AI-chip shipments over gRPC.",
               "chipledgerd");
  Flags flags;
  AddFlags(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  RaiseDescriptorLimit();
  // A log that nobody reads any more, or a file that may not grow, is an error
  // of the write, not the end of the process.
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  // Lives for ever, like its thread.
  auto& stop = *new StopSignal;
  SetUpLogging(flags.log_level, flags.log_format);
  return Run(flags, stop);
}

}  // namespace
}  // namespace chipledger

int main(int argc, char** argv) { return chipledger::Main(argc, argv); }
