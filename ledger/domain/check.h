// Checks the shape of commands: everything that can be said about a command
// without looking at the state. One pure function a message.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_CHECK_H_
#define CHIPLEDGER_LEDGER_DOMAIN_CHECK_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/command.pb.h"
#include "google/protobuf/repeated_field.h"
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
  void Id(absl::string_view value, size_t max_bytes, absl::string_view field);
  // For keys that people type: no control characters, none that is not seen or
  // looks like a blank, and no blanks at its ends.
  void Printable(absl::string_view value, size_t max_bytes, bool required,
                 absl::string_view field);
  void Text(absl::string_view value, size_t max_bytes, bool required,
            absl::string_view field);
  void Date(absl::string_view value, bool required, absl::string_view field);
  void Country(absl::string_view value, absl::string_view field);
  // From 1, or from 0, to `max`.
  void Quantity(int64_t value, int64_t max, absl::string_view field);
  void Amount(int64_t value, int64_t max, absl::string_view field);
  // The number of a list's elements, from `min` to `max`.
  void Count(size_t size, size_t min, size_t max, absl::string_view field);
  // A list of countries of which at least one is required.
  void DistinctCountries(
      const google::protobuf::RepeatedPtrField<std::string>& list,
      absl::string_view field);

  bool ok() const { return violations_.empty(); }
  // Whether something is wrong with a field or within it.
  bool HasWithin(absl::string_view field) const;
  absl::Status ToStatus() const {
    return ok() ? absl::OkStatus() : InvalidFields(violations_);
  }

 private:
  std::vector<FieldViolation> violations_;
};

// Checks a command's shape; every wrong field is reported.
// Errors: INVALID_FIELD, UNKNOWN_FIELD.
absl::Status CheckCommand(const v1::Command& command);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_CHECK_H_
