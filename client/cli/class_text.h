// How a product is classified, in words.
#ifndef CHIPLEDGER_CLIENT_CLI_CLASS_TEXT_H_
#define CHIPLEDGER_CLIENT_CLI_CLASS_TEXT_H_

#include <string>
#include <vector>

#include "chipledger/v1/catalog_file.pb.h"

namespace chipledger::cli {

// The arithmetic, every line tested, and the class; several lines.
std::string ClassReportText(const v1::ClassReport& report);

// The class of each product, one a line.
std::string ClassReportsTable(const std::vector<v1::ClassReport>& reports);

}  // namespace chipledger::cli

#endif  // CHIPLEDGER_CLIENT_CLI_CLASS_TEXT_H_
