#include "ledger/moments.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "chipledger/storage/v1/rows.pb.h"
#include "google/protobuf/util/time_util.h"
#include "ledger/base/error.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
#include "ledger/envelope.h"

namespace chipledger {
namespace {

using google::protobuf::Timestamp;

absl::Status IndexOutOfRange(uint64_t index, uint64_t size) {
  return MakeError(
      absl::StatusCode::kOutOfRange, "INDEX_OUT_OF_RANGE",
      absl::StrCat("size ", index, " is past the ledger's size ", size),
      {{"index", absl::StrCat(index)}, {"size", absl::StrCat(size)}});
}

absl::Status MomentBeforeLedger(int64_t time_ns) {
  const std::string time = google::protobuf::util::TimeUtil::ToString(
      google::protobuf::util::TimeUtil::NanosecondsToTimestamp(time_ns));
  return MakeError(
      absl::StatusCode::kOutOfRange, "MOMENT_BEFORE_LEDGER",
      absl::StrCat("the ledger had no entry yet at ", time,
                   "; ask for a later moment, or at_size 1 for the first"),
      {{"at_record_time", time}});
}

// Nanoseconds since the Unix epoch, the nearest that there are; nothing when it
// is not a time.
std::optional<int64_t> ToNs(const Timestamp& time) {
  constexpr int64_t kMaxSeconds = INT64_MAX / kNsPerSecond - 1;
  if (time.nanos() < 0 || time.nanos() >= kNsPerSecond) return std::nullopt;
  if (time.seconds() > kMaxSeconds) return INT64_MAX;
  if (time.seconds() < -kMaxSeconds) return INT64_MIN;
  return time.seconds() * kNsPerSecond + time.nanos();
}

absl::Status Check(const v1::ReadPoint& read_point) {
  const int points = (read_point.min_size() > 0 ? 1 : 0) +
                     (read_point.has_at_size() ? 1 : 0) +
                     (read_point.has_at_record_time() ? 1 : 0);
  if (points > 1) {
    return InvalidFields(
        {{"read_point",
          "sets more than one of min_size, at_size and at_record_time"}});
  }
  if (read_point.has_at_size() && read_point.at_size() == 0) {
    return InvalidFields(
        {{"read_point.at_size", "is 0; the first state has size 1"}});
  }
  if (read_point.has_at_record_time() && !ToNs(read_point.at_record_time())) {
    return InvalidFields({{"read_point.at_record_time", "is not a time"}});
  }
  if (!read_point.through_date().empty() &&
      !Date::Parse(read_point.through_date())) {
    return InvalidFields(
        {{"read_point.through_date",
          absl::StrCat("is \"", read_point.through_date(),
                       "\"; expected a date such as \"2025-03-01\"")}});
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> ReadRecordTime(store::EntryReader& reader,
                                       uint64_t index) {
  ASSIGN_OR_RETURN(const absl::string_view bytes, reader.Read(index));
  storage::v1::StoredEntry entry;
  if (!entry.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return EntryDamaged(index);
  }
  return entry.record_time().seconds() * kNsPerSecond +
         entry.record_time().nanos();
}

}  // namespace

Moments::Moments(const store::Store& store, Publisher& publisher)
    : store_(store),
      publisher_(publisher),
      past_states_(store, limits::kMaxPastStates),
      threads_(limits::kReaderThreads) {}

void Moments::ReadAt(const v1::ReadPoint& read_point, absl::Time deadline,
                     Ready ready) {
  const absl::Status checked = Check(read_point);
  if (!checked.ok()) {
    ready(checked);
    return;
  }
  const Date through = read_point.through_date().empty()
                           ? Date::Max()
                           : *Date::Parse(read_point.through_date());
  if (read_point.has_at_size()) {
    const uint64_t size = read_point.at_size();
    auto latest = publisher_.Latest();
    if (size > latest->size) {
      ready(IndexOutOfRange(size, latest->size));
    } else if (size == latest->size) {
      ready(Ledger::Moment{std::move(latest), through});
    } else {
      ReadPast([size] { return size; }, through, std::move(ready));
    }
    return;
  }
  if (read_point.has_at_record_time()) {
    const int64_t time_ns = *ToNs(read_point.at_record_time());
    ReadPast([this, time_ns] { return SizeAtRecordTime(time_ns); }, through,
             std::move(ready));
    return;
  }
  ReadWhenSize(read_point.min_size(), through, deadline, std::move(ready));
}

void Moments::ReadWhenSize(uint64_t min_size, Date through, absl::Time deadline,
                           Ready ready) {
  auto latest = publisher_.Latest();
  if (latest->size >= min_size) {
    ready(Ledger::Moment{std::move(latest), through});
    return;
  }
  publisher_.WhenSize(
      min_size, deadline,
      [this, through, ready = std::move(ready)](absl::Status status) mutable {
        if (!status.ok()) {
          ready(std::move(status));
          return;
        }
        // This is the publishing thread, which must not wait for a reader.
        threads_.Run([this, through,
                      ready = std::move(ready)](absl::Status status) mutable {
          if (status.ok()) {
            ready(Ledger::Moment{publisher_.Latest(), through});
          } else {
            ready(std::move(status));
          }
        });
      });
}

void Moments::ReadPast(FindSize find_size, Date through, Ready ready) {
  threads_.Run([this, through, find_size = std::move(find_size),
                ready = std::move(ready)](absl::Status status) mutable {
    if (!status.ok()) {
      ready(std::move(status));
      return;
    }
    const absl::StatusOr<uint64_t> size = find_size();
    if (!size.ok()) {
      ready(size.status());
      return;
    }
    auto snapshot = SnapshotAt(*size);
    if (snapshot.ok()) {
      ready(Ledger::Moment{*std::move(snapshot), through});
    } else {
      ready(snapshot.status());
    }
  });
}

absl::StatusOr<std::shared_ptr<const domain::Snapshot>> Moments::SnapshotAt(
    uint64_t size) {
  auto latest = publisher_.Latest();
  if (size == 0 || size > latest->size) {
    return IndexOutOfRange(size, latest->size);
  }
  if (size == latest->size) return latest;
  return past_states_.At(size);
}

absl::StatusOr<uint64_t> Moments::SizeAtRecordTime(int64_t time_ns) const {
  const auto latest = publisher_.Latest();
  if (time_ns >= latest->last_record_time_ns) return latest->size;
  const std::unique_ptr<store::EntryReader> reader = store_.log().NewReader();
  // Record times increase strictly: entries below `begin` are not after the
  // time, those from `end` on are.
  uint64_t begin = 0;
  uint64_t end = latest->size - 1;
  while (begin < end) {
    const uint64_t middle = begin + (end - begin) / 2;
    ASSIGN_OR_RETURN(const int64_t at, ReadRecordTime(*reader, middle));
    if (at <= time_ns) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  if (begin == 0) return MomentBeforeLedger(time_ns);
  return begin;
}

}  // namespace chipledger
