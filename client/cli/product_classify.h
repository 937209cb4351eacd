// chipledger product classify: the class of a product from its figures, with
// the arithmetic; needs no server.
#ifndef CHIPLEDGER_CLIENT_CLI_PRODUCT_CLASSIFY_H_
#define CHIPLEDGER_CLIENT_CLI_PRODUCT_CLASSIFY_H_

#include "client/cli/cli.h"

namespace chipledger::cli {

void AddProductClassifyCommand(CLI::App& product, Cli& cli);

}  // namespace chipledger::cli

#endif  // CHIPLEDGER_CLIENT_CLI_PRODUCT_CLASSIFY_H_
