// chipledger audit replay: every decision judged again, every total derived
// again, on the auditor's machine.
#include "ledger/domain/replay.h"

#include <iostream>
#include <map>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "client/cli/cli.h"
#include "client/cli/print.h"
#include "google/protobuf/util/message_differencer.h"
#include "ledger/base/clock.h"
#include "ledger/base/date.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/headroom.h"

namespace chipledger::cli {
namespace {

constexpr int kRowsPerPage = 10'000;

struct Options {
  std::optional<uint64_t> at_size;
};

// Policy, rule, window and group.
using RowKey = std::tuple<std::string, std::string, std::string, std::string>;
using Rows = std::map<RowKey, v1::HeadroomRow>;

// Keeps rows of totals that were moved. Others depend on what "today" is.
void Keep(const v1::HeadroomRow& row, Rows& rows) {
  if (row.used() == 0 && row.reserved() == 0) return;
  rows[{row.policy_id(), row.rule_id(), row.window_start(),
        row.group().SerializeAsString()}] = row;
}

// Replay feeds the server's entries to the domain.
class Replay {
 public:
  explicit Replay(client::Client& client)
      : client_(client),
        replayer_([this](uint64_t index) { return ReadEntry(index); }) {}

  // Takes entries up to `size`; 0: all there are. Errors: DATA_LOSS at the
  // first entry that the rules would not have made.
  absl::Status AdvanceTo(uint64_t size) {
    v1::ReadEntriesRequest request;
    request.set_start_index(fed_);
    request.set_end_index(size);
    absl::Status fed;
    RETURN_IF_ERROR(client_.ReadEntries(
        request, [&](const v1::ReadEntriesResponse& response) {
          for (const std::string& entry : response.entries()) {
            fed = replayer_.Feed(entry);
            if (!fed.ok()) return false;
            ++fed_;
          }
          return true;
        }));
    return fed;
  }

  // Entries taken, and how many of them complete requests.
  uint64_t fed() const { return fed_; }
  uint64_t replayed() const { return replayer_.state().size(); }

  Rows DerivedRows() const {
    const domain::Snapshot snapshot = replayer_.state().ToSnapshot();
    const Date today = Date::FromUnixNs(SystemClock()->NowNs());
    Rows rows;
    std::optional<domain::TotalKey> after;
    while (true) {
      const auto page = domain::ListHeadroom(
          {.snapshot = snapshot, .today = today}, {}, after, kRowsPerPage);
      for (const domain::ListedRow& listed : page) Keep(listed.row, rows);
      if (page.size() < kRowsPerPage) return rows;
      after = page.back().key;
    }
  }

 private:
  absl::StatusOr<std::string> ReadEntry(uint64_t index) {
    v1::ReadEntriesRequest request;
    request.set_start_index(index);
    request.set_end_index(index + 1);
    std::string entry;
    RETURN_IF_ERROR(client_.ReadEntries(
        request, [&](const v1::ReadEntriesResponse& response) {
          if (!response.entries().empty()) entry = response.entries(0);
          return true;
        }));
    if (entry.empty()) {
      return absl::DataLossError(
          absl::StrCat("the server does not have entry ", index));
    }
    return entry;
  }

  client::Client& client_;
  domain::Replayer replayer_;
  uint64_t fed_ = 0;
};

// The server's rows at a size.
absl::StatusOr<Rows> ReadServerRows(client::Client& client, uint64_t size) {
  Rows rows;
  v1::ListHeadroomRequest request;
  request.set_page_size(kRowsPerPage);
  request.mutable_read_point()->set_at_size(size);
  RETURN_IF_ERROR(ForEachPage(
      request, [&](const auto& page) { return client.ListHeadroom(page); },
      [&](const v1::ListHeadroomResponse& page) {
        for (const v1::HeadroomRow& row : page.rows()) Keep(row, rows);
        return true;
      }));
  return rows;
}

// Returns the first difference, or OK.
absl::Status Compare(const Rows& derived, const Rows& server, uint64_t size) {
  const auto differ = [&](const v1::HeadroomRow& row, absl::string_view here,
                          absl::string_view there) {
    return absl::DataLossError(absl::StrCat(
        "the total of rule ", row.policy_id(), "/", row.rule_id(), " for ",
        FormatGroup(row.group()), " differs at size ", size,
        ": the entries give ", here, ", the server says ", there));
  };
  for (const auto& [key, row] : derived) {
    const auto it = server.find(key);
    const std::string used = FormatAmount(row.measure(), row.used());
    if (it == server.end()) return differ(row, used, "nothing");
    if (!google::protobuf::util::MessageDifferencer::Equals(row, it->second)) {
      const std::string other =
          FormatAmount(it->second.measure(), it->second.used());
      return used == other ? differ(row, row.ShortDebugString(),
                                    it->second.ShortDebugString())
                           : differ(row, used, other);
    }
  }
  for (const auto& [key, row] : server) {
    if (!derived.contains(key)) {
      return differ(row, "nothing", FormatAmount(row.measure(), row.used()));
    }
  }
  return absl::OkStatus();
}

// Compares the totals that the entries give with the server's at that size.
absl::Status CompareWithServer(client::Client& client, const Replay& replay) {
  ASSIGN_OR_RETURN(const Rows server,
                   ReadServerRows(client, replay.replayed()));
  return Compare(replay.DerivedRows(), server, replay.replayed());
}

void PrintRows(const Cli& cli, const Rows& rows) {
  std::vector<v1::HeadroomRow> list;
  for (const auto& [key, row] : rows) {
    if (cli.json) {
      PrintJson(row);
    } else {
      list.push_back(row);
    }
  }
  if (!cli.json) std::cout << FormatHeadroom(list);
}

int Run(Cli& cli, const Options& options) {
  Replay replay(cli.client());
  if (!options.at_size || *options.at_size > 0) {
    const absl::Status status = replay.AdvanceTo(options.at_size.value_or(0));
    if (!status.ok()) return Fail(cli, status);
  }
  if (options.at_size && replay.fed() < *options.at_size) {
    return Fail(cli, absl::OutOfRangeError(absl::StrCat(
                         "the ledger has ", replay.fed(),
                         " entries, fewer than --at-size ", *options.at_size)));
  }
  absl::Status compared;
  if (replay.replayed() > 0) {
    compared = CompareWithServer(cli.client(), replay);
  }
  PrintRows(cli, replay.DerivedRows());
  if (!compared.ok()) return Fail(cli, compared);
  if (!cli.json) {
    std::cout << FormatCount(static_cast<int64_t>(replay.replayed()))
              << " entries replayed; every decision is what the rules give.\n";
    if (replay.replayed() < replay.fed()) {
      std::cout << "The last " << replay.fed() - replay.replayed()
                << " are part of a request that goes on past this size and "
                   "were not judged.\n";
    }
    std::cout << "Every total of the server is what the entries give.\n";
  }
  return kDone;
}

}  // namespace

void AddReplayCommand(CLI::App& audit, Cli& cli) {
  AddCommand<Options>(
      audit, cli, "replay",
      "read all entries, judge every decision again, derive every total, and "
      "compare them with the server's",
      [](CLI::App& sub, Options& options) {
        sub.add_option("--at-size", options.at_size,
                       "stop at this ledger size, and compare with the "
                       "server's totals then")
            ->check(AtLeast(0));
      },
      Run);
}

}  // namespace chipledger::cli
