// The life of a shipment in words, from its entries.
#ifndef CHIPLEDGER_CLIENT_CLI_SHIPMENT_LIFE_H_
#define CHIPLEDGER_CLIENT_CLI_SHIPMENT_LIFE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "chipledger/v1/event.pb.h"
#include "chipledger/v1/shipment.pb.h"

namespace chipledger::cli {

// "acme S-1".
template <typename Named>
std::string ShipmentNameText(const Named& named) {
  return named.exporter() + " " + named.shipment_reference();
}

// Who receives it: a party id, or a name; empty when nobody is stated.
const std::string& ConsigneeOf(const v1::Shipment& shipment);

// ShipmentLife is what an auditor is told of one shipment.
struct ShipmentLife {
  // Something that happened to it.
  struct Happening {
    std::string date;
    // The entry that says so.
    uint64_t index = 0;
    // "received 6 x H100 (item 0)", with who has voided it since.
    std::string what;
    // The shipment that took the units on, unless that was voided since.
    std::optional<v1::ShipmentName> sent_on_as;
    // Of what was sent on, by product, what was not there.
    std::map<std::string, int64_t> not_there;
  };
  // In the order of their dates, those of one date as recorded.
  std::vector<Happening> happenings;
  // By product, the units that were sent on and that the shipment did not have.
  std::map<std::string, int64_t> sent_on_beyond;
};

// Tells the life of a shipment. `entries` are its own, in the order of their
// indexes, the first included.
// Errors: UNIMPLEMENTED for an entry of a kind that is not known here.
absl::StatusOr<ShipmentLife> LifeOf(const std::vector<v1::Entry>& entries);

}  // namespace chipledger::cli

#endif  // CHIPLEDGER_CLIENT_CLI_SHIPMENT_LIFE_H_
