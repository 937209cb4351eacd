// Entries for tests of the store, which never looks into events but for their
// ids.
#ifndef CHIPLEDGER_TESTS_STORE_ENTRIES_H_
#define CHIPLEDGER_TESTS_STORE_ENTRIES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "chipledger/storage/v1/rows.pb.h"
#include "chipledger/v1/event.pb.h"
#include "ledger/base/uuid.h"
#include "ledger/store/entry_group.h"
#include "ledger/store/keyspace.h"

namespace chipledger::store {

inline constexpr char kTestLedgerId[] = "00000000-0000-4000-8000-0000000000ff";

inline Uuid TestRequestId(uint64_t index) {
  return *Uuid::Parse(absl::StrFormat("00000000-0000-4000-8000-%012x", index));
}
inline std::string TestReference(uint64_t index) {
  return absl::StrCat("S-", index);
}

// Entry 0 opens the ledger; entry i records shipment S-i of "acme" by request
// number i.
inline v1::Entry TestEntry(uint64_t index) {
  v1::Entry entry;
  entry.set_index(index);
  entry.set_request_id(TestRequestId(index).ToString());
  entry.set_request_parts(1);
  if (index == 0) {
    entry.mutable_event()->mutable_ledger_opened()->set_ledger_id(
        kTestLedgerId);
  } else {
    auto* shipment = entry.mutable_event()
                         ->mutable_shipment_recorded()
                         ->mutable_command()
                         ->mutable_shipment();
    shipment->set_exporter("acme");
    shipment->set_shipment_reference(TestReference(index));
  }
  return entry;
}

// Entries [begin, end).
inline EntryGroup TestGroup(uint64_t begin, uint64_t end) {
  EntryGroup group(begin);
  for (uint64_t index = begin; index < end; ++index) {
    group.Append(TestEntry(index).SerializeAsString());
  }
  return group;
}

inline storage::v1::Head TestHead(uint64_t size) {
  storage::v1::Head head;
  head.set_format_version(kFormatVersion);
  head.set_ledger_id(kTestLedgerId);
  head.set_size(size);
  return head;
}

}  // namespace chipledger::store

#endif  // CHIPLEDGER_TESTS_STORE_ENTRIES_H_
