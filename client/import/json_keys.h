// What protobuf's JSON parser lets pass.
#ifndef CHIPLEDGER_CLIENT_IMPORT_JSON_KEYS_H_
#define CHIPLEDGER_CLIENT_IMPORT_JSON_KEYS_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace chipledger::import {

// Returns the first key that an object of the JSON text has twice, whether
// spelled "shipment_reference" or "shipmentReference": protobuf takes the last
// of two values and merges two lists. Of a text that is no JSON, the first
// before what is wrong.
std::optional<std::string> FindRepeatedKey(absl::string_view json);

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_JSON_KEYS_H_
