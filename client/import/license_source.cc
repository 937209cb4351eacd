#include "client/import/license_source.h"

#include "client/import/csv_conditions.h"
#include "client/import/csv_licenses.h"
#include "client/import/jsonl_commands.h"

namespace chipledger::import {
namespace {

// Fills what a line leaves open. Errors: INVALID_ARGUMENT for what is missing.
absl::Status Complete(const ImportDefaults& defaults, v1::License& license) {
  if (license.exporter().empty()) license.set_exporter(defaults.exporter);
  return license.exporter().empty()
             ? absl::InvalidArgumentError(
                   "license.exporter is missing; set it or --exporter")
             : absl::OkStatus();
}

// One chipledger.v1.GrantLicense a line.
JsonlFormat JsonlLicenses(const ImportDefaults& defaults) {
  return {.message = [](v1::Command& c) { return c.mutable_grant_license(); },
          .complete =
              [defaults](v1::Command& c) {
                return Complete(defaults,
                                *c.mutable_grant_license()->mutable_license());
              }};
}

}  // namespace

absl::StatusOr<std::unique_ptr<CommandSource>> OpenLicenseSource(
    const std::string& path, const std::string& format,
    const ImportDefaults& defaults) {
  return OpenCsvOrJsonl(
      path, format, [&] { return OpenCsvLicenses(path, defaults); },
      JsonlLicenses(defaults));
}

absl::StatusOr<std::unique_ptr<CommandSource>> OpenConditionSource(
    const std::string& path, const std::string& format,
    const ImportDefaults& /*defaults*/) {
  return OpenCsvOrJsonl(
      path, format, [&] { return OpenCsvConditions(path); },
      // One chipledger.v1.RecordCondition a line.
      {.message = [](v1::Command& c) { return c.mutable_record_condition(); },
       .complete = [](v1::Command&) { return absl::OkStatus(); }});
}

}  // namespace chipledger::import
