// Checks the shape of commands: everything that can be said about a command
// without looking at the state. One pure function a message.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_CHECK_H_
#define CHIPLEDGER_LEDGER_DOMAIN_CHECK_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/command.pb.h"
#include "ledger/base/error.h"

namespace chipledger::domain {

// FieldChecks collects what is wrong with a message, in field order. Paths are
// only made when something is wrong.
class FieldChecks {
 public:
  void Add(std::string field, std::string description) {
    violations_.push_back({std::move(field), std::move(description)});
  }
  // The checks below add a violation when the value is not as they say; `field`
  // is the path.
  void Slug(absl::string_view value, size_t max_bytes, absl::string_view field);
  void Printable(absl::string_view value, size_t max_bytes, bool required,
                 absl::string_view field);
  void Text(absl::string_view value, size_t max_bytes, bool required,
            absl::string_view field);
  void Date(absl::string_view value, bool required, absl::string_view field);
  void Country(absl::string_view value, absl::string_view field);

  bool ok() const { return violations_.empty(); }
  absl::Status ToStatus() const {
    return ok() ? absl::OkStatus() : InvalidFields(violations_);
  }

 private:
  std::vector<FieldViolation> violations_;
};

// Checks a command's shape; every wrong field is reported.
// Errors: INVALID_FIELD, and for policies POLICY_PART_NOT_EVALUATED.
absl::Status CheckCommand(const v1::Command& command);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_CHECK_H_
