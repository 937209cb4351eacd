// Commands in a few words.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_DESCRIBE_H_
#define CHIPLEDGER_LEDGER_DOMAIN_DESCRIBE_H_

#include <string>

#include "chipledger/v1/command.pb.h"

namespace chipledger::domain {

// Says for people what a command is of, such as "shipment acme/S-17 to MY, 10
// units".
std::string DescribeCommand(const v1::Command& command);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_DESCRIBE_H_
