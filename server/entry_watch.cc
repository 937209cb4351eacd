#include "server/entry_watch.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ledger/base/error.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
#include "server/wire.h"

namespace chipledger {
namespace {

absl::Status CheckStart(uint64_t start, uint64_t size) {
  if (start <= size) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kOutOfRange, "INDEX_OUT_OF_RANGE",
      absl::StrCat("start_index ", start, " is past the ledger's size ", size),
      {{"index", absl::StrCat(start)}, {"size", absl::StrCat(size)}});
}

// Moves stored entries from `begin` on into a message; returns how many.
template <typename Response>
absl::StatusOr<uint64_t> FillEntries(const Ledger& ledger, uint64_t begin,
                                     uint64_t end, Positions& positions,
                                     Response& response) {
  response.set_first_index(begin);
  if (begin >= end) return 0;
  ASSIGN_OR_RETURN(std::vector<std::string> entries,
                   ledger.ReadEntries(begin, end, limits::kEntryChunkBytes));
  positions.Tell(begin + entries.size(), entries.back());
  for (std::string& entry : entries) {
    response.add_entries(std::move(entry));
  }
  return entries.size();
}

}  // namespace

absl::Status EntryReader::Init(const v1::ReadEntriesRequest& request) {
  if (request.has_seen()) {
    RETURN_IF_ERROR(positions_.CheckContinues(request.seen()));
  }
  size_ = runtime_.ledger.Latest()->size;
  RETURN_IF_ERROR(CheckStart(request.start_index(), size_));
  next_ = request.start_index();
  end_ =
      request.end_index() == 0 ? size_ : std::min(request.end_index(), size_);
  if (request.end_index() != 0 && request.end_index() < next_) {
    return InvalidFields(
        {{"end_index", absl::StrCat(request.end_index(),
                                    " is before start_index ", next_)}});
  }
  return absl::OkStatus();
}

absl::StatusOr<Watch::Step> EntryReader::Next(bool) {
  v1::ReadEntriesResponse response;
  ASSIGN_OR_RETURN(
      const uint64_t count,
      FillEntries(runtime_.ledger, next_, end_, positions_, response));
  next_ += count;
  Step step;
  step.then = next_ < end_ ? Then::kGoOn : Then::kEnd;
  if (count == 0) return step;
  response.set_size(size_);
  ASSIGN_OR_RETURN(*response.mutable_position(), positions_.At(next_));
  step.message = SerializeMessage(response);
  return step;
}

absl::Status EntryWatch::Init(const v1::WatchEntriesRequest& request) {
  if (request.has_seen()) {
    RETURN_IF_ERROR(positions_.CheckContinues(request.seen()));
  }
  next_ = request.start_index();
  return CheckStart(next_, runtime_.ledger.Latest()->size);
}

absl::StatusOr<Watch::Step> EntryWatch::Next(bool sign_of_life) {
  const uint64_t size = runtime_.ledger.Latest()->size;
  v1::WatchEntriesResponse response;
  ASSIGN_OR_RETURN(
      const uint64_t count,
      FillEntries(runtime_.ledger, next_, size, positions_, response));
  next_ += count;
  const bool caught_up = next_ == size;
  Step step;
  step.seen_size = size;
  if (count == 0 && !sign_of_life && said_caught_up_) {
    step.then = Then::kWait;
    return step;
  }
  // After the last entry of the past one more message without entries says so.
  const bool say_caught_up = caught_up && !said_caught_up_ && count > 0;
  if (caught_up && count == 0) said_caught_up_ = true;
  step.then = caught_up && !say_caught_up ? Then::kWait : Then::kGoOn;
  response.set_size(size);
  response.set_caught_up(caught_up);
  ASSIGN_OR_RETURN(*response.mutable_position(), positions_.At(next_));
  step.message = SerializeMessage(response);
  return step;
}

}  // namespace chipledger
