#include "tests/e2e/crash_log.h"

#include "absl/strings/str_cat.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/decide.h"

namespace chipledger::testing {
namespace {

bool Same(const v1::Command& a, const v1::Command& b) {
  return a.SerializeAsString() == b.SerializeAsString();
}

}  // namespace

std::string CrashLog::Take(const std::string& stored) {
  v1::Entry entry;
  if (!entry.ParseFromString(stored)) {
    return absl::StrCat("entry ", size(), " is not an Entry");
  }
  const std::string where =
      absl::StrCat("entry ", size(), " (request ", entry.request_id(), "): ");
  if (entry.index() != size()) {
    return absl::StrCat(where, "says it is entry ", entry.index());
  }
  if (entry.request_part() == 0) {
    if (missing_parts_ > 0) {
      return absl::StrCat(where, "starts while request ", last_request_id_,
                          " misses ", missing_parts_, " parts");
    }
    if (!first_index_.emplace(entry.request_id(), size()).second) {
      return absl::StrCat(where, "is there a second time, first as entry ",
                          first_index_[entry.request_id()]);
    }
    missing_parts_ = entry.request_parts();
    last_request_id_ = entry.request_id();
  } else if (entry.request_id() != last_request_id_ ||
             entry.request_part() != entry.request_parts() - missing_parts_) {
    return absl::StrCat(where, "part ", entry.request_part(),
                        " stands where it must not");
  }
  --missing_parts_;
  std::string wrong;
  if (entry.event().has_ledger_opened()) {
    if (size() > 0) wrong = "the ledger was opened anew";
  } else if (const SentRequest* sent = find_request_(entry.request_id())) {
    wrong = CheckPart(entry, *sent);
  } else {
    wrong = "nobody sent it";
  }
  if (!wrong.empty()) return absl::StrCat(where, wrong);
  stored_.push_back({stored, entry.event().has_refused()});
  return "";
}

std::string CrashLog::CheckPart(const v1::Entry& entry,
                                const SentRequest& sent) const {
  const std::vector<v1::Command> commands = domain::CommandsOf(entry.event());
  const bool refused = entry.event().has_refused();
  const size_t parts = refused ? 1 : sent.commands.size();
  if (entry.request_parts() != parts) {
    return absl::StrCat("has ", entry.request_parts(), " parts, expected ",
                        parts);
  }
  const size_t count = refused ? sent.commands.size() : 1;
  if (commands.size() != count) {
    return absl::StrCat("holds ", commands.size(), " commands, expected ",
                        count);
  }
  for (size_t i = 0; i < count; ++i) {
    if (!Same(commands[i], sent.commands[entry.request_part() + i])) {
      return absl::StrCat("holds ", commands[i].ShortDebugString(),
                          ", which is not what was sent");
    }
  }
  return "";
}

std::optional<uint64_t> CrashLog::Find(const std::string& request_id) const {
  const auto found = first_index_.find(request_id);
  if (found == first_index_.end()) return std::nullopt;
  return found->second;
}

absl::Status CrashLog::Replay(domain::Replayer& replayer) const {
  for (const Stored& stored : stored_) {
    RETURN_IF_ERROR(replayer.Feed(stored.bytes));
  }
  return absl::OkStatus();
}

}  // namespace chipledger::testing
