// Deciding about announcements.
#include <string>

#include "ledger/base/status_macros.h"
#include "ledger/domain/decide_internal.h"
#include "ledger/domain/errors.h"

namespace chipledger::domain {

absl::Status DecideRecordAnnouncement(v1::RecordAnnouncement& command,
                                      Case& c) {
  const v1::Announcement& announcement = command.announcement();
  const Catalog& catalog = c.state.catalog();
  for (const std::string* party :
       {&announcement.exporter(), &announcement.recipient()}) {
    if (!party->empty() && catalog.parties.Find(*party) == nullptr) {
      return PartyNotFound(*party);
    }
  }
  if (const std::string& product = announcement.product_code();
      !product.empty() && catalog.products.Find(product) == nullptr) {
    return ProductNotFound(product);
  }
  RETURN_IF_ERROR(CheckHasHappened("announcement.announced_date",
                                   announcement.announced_date(), c));
  c.event.mutable_announcement_recorded()->unsafe_arena_set_allocated_command(
      &command);
  return absl::OkStatus();
}

}  // namespace chipledger::domain
