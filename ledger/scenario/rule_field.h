// Fields of rules named by a path, read and written as text.
#ifndef CHIPLEDGER_LEDGER_SCENARIO_RULE_FIELD_H_
#define CHIPLEDGER_LEDGER_SCENARIO_RULE_FIELD_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/policy.pb.h"

namespace chipledger::scenarios {

// A field of one rule that is set: a text, or a whole number in thousandths,
// parts per million or as it is, by the field's name.
class RuleField {
 public:
  // Finds a field by a rule's id and the path in the rule, such as
  // "a_rule.limit.constant" or "a_rule.exemptions[0].before". `policy` must
  // outlive it.
  // Errors: INVALID_ARGUMENT, saying which part of the path is not there.
  static absl::StatusOr<RuleField> Find(absl::string_view path,
                                        v1::Policy& policy);

  // What it holds, as a decimal when it is a number.
  std::string Get() const;
  // Errors: INVALID_ARGUMENT for a number that the field cannot hold.
  absl::Status Set(const std::string& text) const;

 private:
  RuleField(google::protobuf::Message* message,
            const google::protobuf::FieldDescriptor* field, int scale)
      : message_(message), field_(field), scale_(scale) {}

  google::protobuf::Message* message_;
  const google::protobuf::FieldDescriptor* field_;
  // Decimals of a number: 3 for milli-TPP, 4 for the percent of a share.
  int scale_;
};

}  // namespace chipledger::scenarios

#endif  // CHIPLEDGER_LEDGER_SCENARIO_RULE_FIELD_H_
