// What a file says otherwise than the ledger.
#ifndef CHIPLEDGER_CLIENT_IMPORT_DIFFERENCES_H_
#define CHIPLEDGER_CLIENT_IMPORT_DIFFERENCES_H_

#include <string>

#include "google/protobuf/message.h"

namespace chipledger::import {

// Returns the fields that two messages of one type have with other values, such
// as "items[0].quantity: recorded 5, file says 7", the first few of many; empty
// when there are none. Lists are the same when they have the same elements.
std::string DescribeDifferences(const google::protobuf::Message& recorded,
                                const google::protobuf::Message& file);

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_DIFFERENCES_H_
