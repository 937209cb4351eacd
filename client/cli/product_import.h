// chipledger product import: registers the products of a file.
#ifndef CHIPLEDGER_CLIENT_CLI_PRODUCT_IMPORT_H_
#define CHIPLEDGER_CLIENT_CLI_PRODUCT_IMPORT_H_

#include "client/cli/cli.h"

namespace chipledger::cli {

void AddProductImportCommand(CLI::App& product, Cli& cli);

}  // namespace chipledger::cli

#endif  // CHIPLEDGER_CLIENT_CLI_PRODUCT_IMPORT_H_
