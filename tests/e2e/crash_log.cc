#include "tests/e2e/crash_log.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "google/protobuf/timestamp.pb.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/decide.h"

namespace chipledger::testing {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;

int64_t ToNs(const google::protobuf::Timestamp& time) {
  return time.seconds() * kNsPerSecond + time.nanos();
}

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
  } else if (entry.event().has_reservation_expired()) {
    // Nobody asks for it.
    if (entry.principal() != domain::kLedgerPrincipal) {
      wrong = absl::StrCat("\"", entry.principal(), "\" let it run out");
    }
  } else if (const SentRequest* sent = find_request_(entry.request_id())) {
    wrong = CheckPart(entry, *sent);
  } else {
    wrong = "nobody sent it";
  }
  if (wrong.empty()) wrong = FollowReservations(entry);
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

std::string CrashLog::FollowReservations(const v1::Entry& entry) {
  const v1::Event& event = entry.event();
  const int64_t time_ns = ToNs(entry.record_time());
  switch (event.kind_case()) {
    case v1::Event::kShipmentReserved:
      return FollowReserved(entry);
    case v1::Event::kReservationReleased:
      return FollowReleased(
          event.reservation_released().command().reservation_index());
    case v1::Event::kReservationExpired:
      return FollowExpired(entry, time_ns);
    case v1::Event::kShipmentRecorded:
      return FollowUsed(event.shipment_recorded().command(), time_ns);
    default:
      return "";
  }
}

std::string CrashLog::FollowReserved(const v1::Entry& entry) {
  const v1::ShipmentReserved& reserved = entry.event().shipment_reserved();
  const int64_t expire_time_ns = ToNs(reserved.expire_time());
  const int64_t hold_ns = expire_time_ns - ToNs(entry.record_time());
  if (hold_ns != reserved.command().hold_seconds() * kNsPerSecond) {
    return absl::StrCat("holds for ", hold_ns, " ns");
  }
  const v1::Shipment& planned = reserved.command().shipment();
  open_reservations_[entry.index()] = {.planned = planned,
                                       .expire_time_ns = expire_time_ns,
                                       .left = planned.items(0).quantity()};
  return "";
}

std::string CrashLog::FollowUsed(const v1::RecordShipment& command,
                                 int64_t time_ns) {
  if (!command.has_reservation_index()) return "";
  const auto open = open_reservations_.find(command.reservation_index());
  if (open == open_reservations_.end()) return "uses what has ended";
  if (time_ns >= open->second.expire_time_ns) return "uses what is over";
  open->second.left -= command.shipment().items(0).quantity();
  if (open->second.left <= 0 || command.release_rest()) {
    open_reservations_.erase(open);
  }
  return "";
}

std::string CrashLog::FollowReleased(uint64_t index) {
  return open_reservations_.erase(index) == 1 ? "" : "releases what has ended";
}

std::string CrashLog::FollowExpired(const v1::Entry& entry, int64_t time_ns) {
  const uint64_t index =
      entry.event().reservation_expired().command().reservation_index();
  const auto open = open_reservations_.find(index);
  if (open == open_reservations_.end()) {
    return absl::StrCat("reservation ", index, " had ended");
  }
  if (time_ns < open->second.expire_time_ns) {
    return absl::StrCat("reservation ", index, " is not over");
  }
  open_reservations_.erase(open);
  ran_out_.insert(index);
  return "";
}

bool CrashLog::HasOverdue(int64_t now_ns) const {
  return std::any_of(open_reservations_.begin(), open_reservations_.end(),
                     [now_ns](const auto& open) {
                       return open.second.expire_time_ns <= now_ns;
                     });
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
