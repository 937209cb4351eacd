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
#include "chipledger/v1/shipment.pb.h"
#include "client/cli/table.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/repeated_field.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "google/protobuf/timestamp.pb.h"

namespace chipledger::cli {

// Prints a list, and on standard error why when it is empty: "No shipment
// matches." of a filtered one, else "There is no shipment yet." with the
// command that makes the first.
void PrintList(const Table& table, absl::string_view what, bool is_filtered,
               absl::string_view first_command);
// "1,234".
std::string FormatCount(int64_t count);
// An amount of the measure with its unit: "1,234 GPUs", "20,919.2 TPP".
std::string FormatAmount(v1::Measure measure, int64_t amount);
// RFC 3339 in the local time zone, to the nanosecond: options take it back.
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
// Of a total's limit or headroom: "none" or "unknown" where there is no number.
std::string FormatLimit(const v1::HeadroomRow& row);
std::string FormatHeadroomLeft(const v1::HeadroomRow& row);
// "FR", "license L-1", or "all" for a rule with one total.
std::string FormatGroup(const v1::GroupKey& group);

// "recorded" with index, size and time; or that nothing was stored.
void PrintWriteResult(const v1::WriteResult& result);
// Every rule that judged, license lines drawn, and every violation.
void PrintJudged(const v1::Evidence& evidence, const v1::Judgement& judgement);
// What was given back of an earlier event, and then what was judged.
void PrintJudgedAnew(const v1::Evidence& reversal, const v1::Evidence& evidence,
                     const v1::Judgement& judgement);
// All that was found about an event: what it gives back, what it counts anew,
// and the reservations that it releases.
void PrintEvent(const v1::Event& event, const v1::Judgement& judgement);
// "Released reservations: 7, 9"; nothing when there are none.
void PrintReleased(
    const google::protobuf::RepeatedField<uint64_t>& reservations);
// Every violated rule with limit, used, asked, headroom and excess. Returned,
// because refusals go to standard error.
std::string FormatViolations(
    const google::protobuf::RepeatedPtrField<v1::Violation>& violations);
// Rows of headroom as a table, with a note where a number needs one.
std::string FormatHeadroom(const std::vector<v1::HeadroomRow>& rows);
// What moved a total, as a table.
std::string FormatMovements(
    v1::Measure measure,
    const std::vector<v1::ListTotalEntriesResponse::Movement>& movements);
// "policy/rule"; the rule alone for checks of a license.
std::string FormatRule(const std::string& policy_id,
                       const std::string& rule_id);
// "2025-01-01 to 2026-01-01", "from 2025-01-01" or "open".
std::string FormatWindow(const std::string& start, const std::string& end);
// "400 x H100, 2 x RACK".
std::string FormatItems(const v1::Shipment& shipment);
// "As of ledger size 1,234.", with the date that facts are read through.
std::string FormatSize(uint64_t size, const v1::ReadPoint& read_point);
// One line about an entry's event, and its kind such as "shipment_recorded".
std::string EventKind(const v1::Event& event);
std::string SummarizeEvent(const v1::Event& event,
                           const v1::Judgement& judgement);

}  // namespace chipledger::cli

#endif  // CHIPLEDGER_CLIENT_CLI_PRINT_H_
