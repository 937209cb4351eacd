#include "server/position.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ledger/base/error.h"
#include "ledger/base/sha256.h"
#include "ledger/base/status_macros.h"

namespace chipledger {
namespace {

absl::Status OtherHistory(const v1::LedgerPosition& seen,
                          const std::string& ledger_id, uint64_t size,
                          absl::string_view what) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "OTHER_HISTORY",
                   absl::StrCat("this is not the log that was read so far: ",
                                what, "; what was read, up to ", seen.size(),
                                " entries, must not be continued with it"),
                   {{"seen_ledger_id", seen.ledger_id()},
                    {"seen_size", absl::StrCat(seen.size())},
                    {"ledger_id", ledger_id},
                    {"size", absl::StrCat(size)}});
}

}  // namespace

Positions::Positions(const Ledger& ledger) : ledger_(ledger) {
  last_.set_ledger_id(ledger.GetStatus().ledger_id);
}

absl::StatusOr<v1::LedgerPosition> Positions::At(uint64_t size) {
  if (size != last_.size()) {
    ASSIGN_OR_RETURN(const std::vector<std::string> entries,
                     ledger_.ReadEntries(size - 1, size, 1));
    Tell(size, entries.front());
  }
  return last_;
}

void Positions::Tell(uint64_t size, absl::string_view last_entry) {
  last_.set_size(size);
  last_.set_last_entry_sha256(Sha256(last_entry));
}

absl::Status Positions::CheckContinues(const v1::LedgerPosition& seen) {
  const uint64_t size = ledger_.Latest()->size;
  const auto other = [&](absl::string_view what) {
    return OtherHistory(seen, last_.ledger_id(), size, what);
  };
  if (seen.ledger_id() != last_.ledger_id()) {
    return other(absl::StrCat("ledger ", seen.ledger_id(),
                              " was read, and this is ledger ",
                              last_.ledger_id()));
  }
  if (seen.size() > size) {
    return other(absl::StrCat("it has only ", size,
                              " entries, as an older copy of it would"));
  }
  if (seen.size() == 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(const v1::LedgerPosition here, At(seen.size()));
  if (here.last_entry_sha256() == seen.last_entry_sha256()) {
    return absl::OkStatus();
  }
  return other(absl::StrCat("its entry ", seen.size() - 1,
                            " is another one, as in a copy that has gone its "
                            "own way"));
}

}  // namespace chipledger
