// Prints what the ledger answers, for people, on standard output.
#ifndef CHIPLEDGER_CLIENT_CLI_PRINT_H_
#define CHIPLEDGER_CLIENT_CLI_PRINT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "chipledger/v1/common.pb.h"
#include "chipledger/v1/event.pb.h"
#include "chipledger/v1/evidence.pb.h"
#include "chipledger/v1/headroom_service.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "google/protobuf/timestamp.pb.h"

namespace chipledger::cli {

// "1,234".
std::string FormatCount(int64_t count);
// An amount of the measure with its unit: "1,234 GPUs", "20,919.2 TPP".
std::string FormatAmount(v1::Measure measure, int64_t amount);
// RFC 3339 in UTC.
std::string FormatTime(const google::protobuf::Timestamp& time);
// The value's name without the prefix of its enum, lower case, with "-":
// (ASSURANCE_BEFORE_EXPORT, "ASSURANCE_") is "before-export".
std::string FormatEnum(const google::protobuf::EnumDescriptor& type, int value,
                       absl::string_view prefix);
template <typename Enum>
std::string FormatEnum(Enum value, absl::string_view prefix) {
  return FormatEnum(*google::protobuf::GetEnumDescriptor<Enum>(), value,
                    prefix);
}
// "FR", "license L-1", or "all" for a rule with one total.
std::string FormatGroup(const v1::GroupKey& group);

// "recorded" with index, size and time; or that nothing was stored.
void PrintWriteResult(const v1::WriteResult& result);
// Every rule touched, license lines drawn, and every violation.
void PrintEvidence(const v1::Evidence& evidence);
// Every violated rule with limit, used, asked, headroom and excess. Returned,
// because refusals go to standard error.
std::string FormatViolations(
    const google::protobuf::RepeatedPtrField<v1::Violation>& violations);
// Rows of headroom as a table.
std::string FormatHeadroom(const std::vector<v1::HeadroomRow>& rows);
// One line about an entry's event, and its kind such as "shipment_recorded".
std::string EventKind(const v1::Event& event);
std::string SummarizeEvent(const v1::Event& event);

}  // namespace chipledger::cli

#endif  // CHIPLEDGER_CLIENT_CLI_PRINT_H_
