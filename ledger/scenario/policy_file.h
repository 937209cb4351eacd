// Policy files, and the parameters that whoever adopts one can choose; see
// Parameter in proto/chipledger/v1/policy.proto.
#ifndef CHIPLEDGER_LEDGER_SCENARIO_POLICY_FILE_H_
#define CHIPLEDGER_LEDGER_SCENARIO_POLICY_FILE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/command.pb.h"
#include "ledger/domain/check.h"
#include "ledger/scenario/text_file.h"

namespace chipledger::scenarios {

// A policy file as it is written.
struct PolicyText {
  std::string path;
  v1::PolicyFile file;
  TextPlaces places;
};

// What was chosen, by the parameters' names.
using ParameterValues = std::vector<std::pair<std::string, std::string>>;

// Reads a policy file; "-" is standard input.
// Errors: as ReadTextFile.
absl::StatusOr<PolicyText> ReadPolicyText(const std::string& path);

// Checks the parameters: that they are whole and distinct, that their defaults
// are what the rules are written with, and that what they change is there.
// Paths are from the file, such as "parameters[0].default_value".
void CheckParameters(const v1::PolicyFile& file, domain::FieldChecks& checks);

// Returns the file with its rules as the values have them and the others as
// written. Each parameter then stands among the policy's settings with its
// value, and none is left.
// Errors: INVALID_ARGUMENT with the place of a wrong parameter, naming a value
// that does not fit or a parameter that the file does not have.
absl::StatusOr<v1::PolicyFile> WithParameters(const PolicyText& text,
                                              const ParameterValues& values);

// Reads a policy file with values for its parameters.
// Errors: as ReadPolicyText and WithParameters.
absl::StatusOr<v1::PolicyFile> ReadPolicyFile(const std::string& path,
                                              const ParameterValues& values);

// The commands that adopt a file, for one request: groups and parties first,
// then the policy and what it ends.
std::vector<v1::Command> AdoptionOf(const v1::PolicyFile& file,
                                    v1::AdoptionMode mode);

// Splits "NAME=VALUE".
// Errors: INVALID_ARGUMENT.
absl::StatusOr<std::pair<std::string, std::string>> ParseParameterValue(
    absl::string_view text);

}  // namespace chipledger::scenarios

#endif  // CHIPLEDGER_LEDGER_SCENARIO_POLICY_FILE_H_
