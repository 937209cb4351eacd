// Small parts of deciding recorded commands anew.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_AS_RECORDED_H_
#define CHIPLEDGER_LEDGER_DOMAIN_AS_RECORDED_H_

#include <cstdint>

#include "chipledger/v1/command.pb.h"
#include "chipledger/v1/event.pb.h"

namespace chipledger::domain {

// Nanoseconds since the Unix epoch.
inline int64_t RecordTimeNsOf(const v1::Entry& entry) {
  return entry.record_time().seconds() * 1'000'000'000 +
         entry.record_time().nanos();
}

// Takes the overrides off a command.
inline void ClearOverrides(v1::Command& command) {
  switch (command.kind_case()) {
    case v1::Command::kGrantLicense:
      return command.mutable_grant_license()->clear_overrides();
    case v1::Command::kAmendLicense:
      return command.mutable_amend_license()->clear_overrides();
    case v1::Command::kTransferLicense:
      return command.mutable_transfer_license()->clear_overrides();
    case v1::Command::kReserveShipment:
      return command.mutable_reserve_shipment()->clear_overrides();
    case v1::Command::kRecordShipment:
      return command.mutable_record_shipment()->clear_overrides();
    case v1::Command::kCorrectShipment:
      return command.mutable_correct_shipment()->clear_overrides();
    case v1::Command::kReexportShipment:
      return command.mutable_reexport_shipment()->clear_overrides();
    case v1::Command::kTransferShipment:
      return command.mutable_transfer_shipment()->clear_overrides();
    default:
      return;
  }
}

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_AS_RECORDED_H_
