// The lines of a control list as a file.
#ifndef CHIPLEDGER_CLIENT_CATALOG_CLASS_TABLE_H_
#define CHIPLEDGER_CLIENT_CATALOG_CLASS_TABLE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "chipledger/v1/catalog_file.pb.h"
#include "ledger/base/error.h"

namespace chipledger::catalog {

// What is wrong with a table: fields that are required, bounds that are no
// decimals, lines and exceptions that say nothing. Empty when it can be used.
std::vector<FieldViolation> CheckClassTable(const v1::ClassTable& table);

// Reads a table that can be used.
// Errors: as scenarios::ReadTextFile; INVALID_ARGUMENT with a line
// "FILE:LINE:COLUMN: FIELD: what is wrong" for each field.
absl::StatusOr<v1::ClassTable> ReadClassTable(const std::string& path);

}  // namespace chipledger::catalog

#endif  // CHIPLEDGER_CLIENT_CATALOG_CLASS_TABLE_H_
