#include "ledger/envelope.h"

#include <string>

#include "absl/status/statusor.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/whole_event.h"

namespace chipledger {
void EnvelopeWriter::Append(absl::string_view principal, const Uuid& request_id,
                            int64_t record_time_ns,
                            const std::vector<v1::Event*>& events,
                            store::EntryGroup& entries) {
  entry_.set_principal(principal.data(), principal.size());
  entry_.set_request_id(request_id.ToString());
  entry_.set_request_parts(static_cast<uint32_t>(events.size()));
  for (size_t part = 0; part < events.size(); ++part) {
    const int64_t time_ns = record_time_ns + static_cast<int64_t>(part);
    entry_.set_index(entries.end_index());
    entry_.mutable_record_time()->set_seconds(time_ns / kNsPerSecond);
    entry_.mutable_record_time()->set_nanos(
        static_cast<int32_t>(time_ns % kNsPerSecond));
    entry_.set_request_part(static_cast<uint32_t>(part));
    // Lent for the moment of writing, so that the event is not copied.
    entry_.unsafe_arena_set_allocated_event(events[part]);
    entry_.SerializeWithCachedSizesToArray(
        entries.Append(entry_.ByteSizeLong()));
    entry_.unsafe_arena_release_event();
  }
}

int64_t RecordTimeNs(const v1::Entry& entry) {
  return entry.record_time().seconds() * kNsPerSecond +
         entry.record_time().nanos();
}

absl::Status EntryDamaged(uint64_t index) {
  return domain::DataDamaged(index, "is not an entry");
}

absl::Status ParseEntry(absl::string_view bytes, uint64_t index,
                        v1::Entry& entry) {
  return entry.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))
             ? absl::OkStatus()
             : EntryDamaged(index);
}

absl::Status ReadWhole(ReadEntryBytes read_entry, uint64_t index,
                       v1::Entry& entry) {
  const auto read = [&](uint64_t at, v1::Entry& into) -> absl::Status {
    ASSIGN_OR_RETURN(const absl::string_view bytes, read_entry(at));
    return ParseEntry(bytes, at, into);
  };
  return domain::ReadWholeEntry(read, index, entry);
}

}  // namespace chipledger
