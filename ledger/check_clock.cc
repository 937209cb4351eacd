#include "ledger/check_clock.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "ledger/base/limits.h"

namespace chipledger {
namespace {

std::string Show(int64_t ns) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixNanos(ns),
                          absl::UTCTimeZone());
}

absl::Status Doubtful(int64_t now_ns, const std::string& why) {
  return absl::FailedPreconditionError(absl::StrCat(
      "the machine's clock says ", Show(now_ns), ", which is ", why,
      "; set the clock, or insist with --trust-clock when it is right: every "
      "entry is stamped with it and no later one can have an earlier time"));
}

}  // namespace

absl::Status CheckClock(int64_t now_ns, int64_t built_ns,
                        std::optional<int64_t> last_record_time_ns) {
  if (now_ns < built_ns) {
    return Doubtful(now_ns, absl::StrCat("before this program was built, ",
                                         Show(built_ns)));
  }
  if (!last_record_time_ns) return absl::OkStatus();
  const absl::Duration ahead =
      absl::Nanoseconds(now_ns) - absl::Nanoseconds(*last_record_time_ns);
  const std::string of_last =
      absl::StrCat("of the last entry, ", Show(*last_record_time_ns));
  if (ahead > absl::Hours(limits::kMaxClockAheadHours)) {
    return Doubtful(now_ns, absl::StrCat(ahead / absl::Hours(24),
                                         " days after that ", of_last));
  }
  if (ahead < -absl::Hours(limits::kMaxClockBehindHours)) {
    return Doubtful(now_ns, absl::StrCat(-ahead / absl::Hours(1),
                                         " hours before that ", of_last));
  }
  return absl::OkStatus();
}

}  // namespace chipledger
