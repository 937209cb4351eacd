// Licenses, and the conditions that they have met, from files.
#ifndef CHIPLEDGER_CLIENT_IMPORT_LICENSE_SOURCE_H_
#define CHIPLEDGER_CLIENT_IMPORT_LICENSE_SOURCE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/import/command_source.h"

namespace chipledger::import {

// Opens a file of licenses to grant; "-" is standard input. Formats: "csv", and
// "jsonl" with one chipledger.v1.GrantLicense a line. Of the defaults the
// exporter is read. Errors: the file cannot be opened, or its header is not the
// format's; INVALID_ARGUMENT for another format.
absl::StatusOr<std::unique_ptr<CommandSource>> OpenLicenseSource(
    const std::string& path, const std::string& format,
    const ImportDefaults& defaults);

// Opens a file of conditions that licenses have met, as above: "csv", and
// "jsonl" with one chipledger.v1.RecordCondition a line. Of the defaults
// nothing is read.
absl::StatusOr<std::unique_ptr<CommandSource>> OpenConditionSource(
    const std::string& path, const std::string& format,
    const ImportDefaults& defaults);

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_LICENSE_SOURCE_H_
