// Goal: each field of each command takes what its stated bound allows and
// nothing past it, and none is without a bound.
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "chipledger/v1/command.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "gtest/gtest.h"
#include "ledger/base/error.h"
#include "ledger/domain/check.h"

namespace chipledger::testing {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// The bounds, by the ends of the fields' paths: bytes of a text, a number, and
// at a path with "[]" behind it the elements of a list.
const std::map<std::string, int64_t>& StatedBounds() {
  static const auto& bounds = *new std::map<std::string, int64_t>{
      // What people call things by.
      {"application_id", 64},
      {"calendar_id", 64},
      {"condition.kind", 64},
      {"consignee", 64},
      {"consignees", 64},
      {"destination_groups", 64},
      {"end_user", 64},
      {"end_users", 64},
      {"except_destination_groups", 64},
      {"except_headquarters_groups", 64},
      {"exemptions.parties", 64},
      {"exporter", 64},
      {"exporters", 64},
      {"found_party", 64},
      {"group_id", 64},
      {"headquarters_groups", 64},
      {"holiday_calendar", 64},
      {"license_id", 64},
      {"license_ids", 64},
      {"party", 64},
      {"party_id", 64},
      {"policy_id", 64},
      {"product_code", 128},
      {"product_codes", 128},
      {"replaces", 64},
      {"required_conditions", 64},
      {"rule_id", 64},
      {"settings.name", 64},
      {"settings.value", 64},
      {"shipment_reference", 64},
      {"ultimate_parents", 64},
      {"announcement.recipient", 64},
      // What people say of them.
      {"announcement.announcer", 256},
      {"alternatives", 2'048},
      {"authorization.code", 256},
      {"chosen", 2'048},
      {"citation", 2'048},
      {"classification", 256},
      {"classifications", 256},
      {"confidence", 2'048},
      {"consignee_name", 256},
      {"description", 2'048},
      {"evidence", 2'048},
      {"manufacturer", 256},
      {"party.name", 256},
      {"question", 2'048},
      {"reason", 2'048},
      {"received_by", 256},
      {"site", 256},
      {"recipient_name", 256},
      {"recorded_in_error", 2'048},
      {"source", 2'048},
      {"sources", 2'048},
      {"title", 256},
      // Numbers.
      {"gpus_per_unit", 1'000'000},
      {"hold_seconds", 365 * 86'400},
      {"lines.gpus", 1'000'000'000},
      {"lines.milli_tpp", 1'000'000'000'000'000'000},
      {"maximum", 1'000'000'000'000'000'000},
      {"milli_tpp_per_gpu", 1'000'000'000'000},
      {"minimum", 1'000'000'000'000'000'000},
      {"lines.units", 1'000'000'000},
      {"quantity", 1'000'000'000},
      {"value_usd", 1'000'000'000'000'000},
      // Lists.
      {"add_dates[]", 1'000},
      {"changes[]", 300},
      {"declare_compute.lines[]", 1'000},
      {"license.consignees[]", 100},
      {"application.consignees[]", 100},
      {"license.destination_countries[]", 300},
      {"application.destination_countries[]", 300},
      {"license.end_users[]", 100},
      {"shipment.items[]", 100},
      {"lines[]", 100},
      {"overrides[]", 100},
      {"remove_dates[]", 1'000},
      {"policy.rules[]", 100},
      {"units[]", 100},
  };
  return bounds;
}

// Fields that are bounded by more than their own size.
const std::set<std::string>& BoundedOtherwise() {
  static const auto& paths = *new std::set<std::string>{
      // Compared with what the products have.
      "product.memory_bandwidth_mb_s", "below_memory_bandwidth_mb_s",
      "below_milli_tpp", "min_milli_tpp",
      // Looked at with the measure that needs it alone, and refused beside
      // others.
      "reference.product_code", "reference.milli_tpp",
      // One of the license's countries.
      "lines.destination_country",
      // The units of the items of the shipment that they are sent on with.
      "reexport_shipment.units.quantity", "reexport_shipment.units[]",
      "transfer_shipment.units.quantity", "transfer_shipment.units[]",
      // At most one for each line of the license.
      "parts[]"};
  return paths;
}

// Lists of these commands may be as long as the request has room for.
bool MayBeLong(const std::string& path) {
  return path.starts_with("adopt_policy.") ||
         path.starts_with("amend_policy.") ||
         path.starts_with("register_party.");
}

// Sets every field: one element in each list, the first field of each oneof.
void Fill(Message& message) {
  const auto& fields = *message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *message.GetDescriptor()->field(i);
    const auto* choice = field.real_containing_oneof();
    if (choice != nullptr && choice->field(0) != &field) continue;
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        if (field.message_type() == message.GetDescriptor()) break;
        Fill(field.is_repeated() ? *fields.AddMessage(&message, &field)
                                 : *fields.MutableMessage(&message, &field));
        break;
      case FieldDescriptor::CPPTYPE_STRING:
        field.is_repeated() ? fields.AddString(&message, &field, "a")
                            : fields.SetString(&message, &field, "a");
        break;
      case FieldDescriptor::CPPTYPE_INT64:
        fields.SetInt64(&message, &field, 1);
        break;
      default:
        break;
    }
  }
}

// The ends of a path from the whole on: "a.b.c", "b.c", "c".
std::vector<std::string> EndsOf(const std::string& path) {
  std::vector<std::string> ends = {path};
  for (size_t dot = path.find('.'); dot != std::string::npos;
       dot = path.find('.', dot + 1)) {
    ends.push_back(path.substr(dot + 1));
  }
  return ends;
}

// BoundsOfKind tries the bounds of the fields of one kind of command.
class BoundsOfKind {
 public:
  explicit BoundsOfKind(const FieldDescriptor& kind) : kind_(kind.name()) {
    Message& message =
        *command_.GetReflection()->MutableMessage(&command_, &kind);
    Fill(message);
    Visit(message, "");
  }

 private:
  void Visit(Message& message, const std::string& path) {
    const auto& fields = *message.GetReflection();
    for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor& field = *message.GetDescriptor()->field(i);
      const std::string at =
          absl::StrCat(path, path.empty() ? "" : ".", field.name());
      const bool is_message =
          field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
      const bool is_text = field.cpp_type() == FieldDescriptor::CPPTYPE_STRING;
      if (field.is_repeated()) {
        if (fields.FieldSize(message, &field) == 0) continue;
        const std::string first = absl::StrCat(at, "[0]");
        if (is_message) {
          Visit(*fields.MutableRepeatedMessage(&message, &field, 0), first);
        } else if (is_text) {
          Try(first, [&](int64_t size) {
            fields.SetRepeatedString(&message, &field, 0, Text(size));
          });
        }
        Try(
            at, [&](int64_t size) { Resize(message, field, size); }, "[]");
      } else if (is_message) {
        if (fields.HasField(message, &field)) {
          Visit(*fields.MutableMessage(&message, &field), at);
        }
      } else if (is_text && !fields.GetString(message, &field).empty()) {
        Try(at, [&](int64_t size) {
          fields.SetString(&message, &field, Text(size));
        });
      } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_INT64) {
        Try(at,
            [&](int64_t value) { fields.SetInt64(&message, &field, value); });
      }
    }
  }

  static std::string Text(int64_t size) {
    return std::string(static_cast<size_t>(size), 'a');
  }

  static void Resize(Message& message, const FieldDescriptor& field,
                     int64_t size) {
    const auto& fields = *message.GetReflection();
    while (fields.FieldSize(message, &field) > size) {
      fields.RemoveLast(&message, &field);
    }
    while (fields.FieldSize(message, &field) < size) {
      if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        fields.AddMessage(&message, &field)
            ->CopyFrom(fields.GetRepeatedMessage(message, &field, 0));
      } else {
        fields.AddString(&message, &field, "a");
      }
    }
  }

  // Tries the bound that is stated for a field, and one past it, with what sets
  // the field to a size.
  void Try(const std::string& path, const std::function<void(int64_t)>& set,
           const std::string& mark = "") {
    const std::string whole = absl::StrCat(
        kind_, ".", absl::StrReplaceAll(path, {{"[0]", ""}}), mark);
    for (const std::string& end : EndsOf(whole)) {
      if (BoundedOtherwise().contains(end)) return;
      const auto stated = StatedBounds().find(end);
      if (stated == StatedBounds().end()) continue;
      set(stated->second);
      EXPECT_TRUE(IsTaken(path)) << whole << " of " << stated->second;
      set(stated->second + 1);
      EXPECT_FALSE(IsTaken(path)) << whole << " of " << stated->second + 1;
      set(1);
      return;
    }
    // What has another form, such as a date, takes nothing of this one.
    EXPECT_TRUE((!mark.empty() && MayBeLong(whole)) || !IsTaken(path))
        << whole << " has no stated bound";
  }

  bool IsTaken(const std::string& path) const {
    const absl::Status status = domain::CheckCommand(command_);
    for (const FieldViolation& violation : GetFieldViolations(status)) {
      if (violation.field == path) return false;
    }
    return true;
  }

  const std::string kind_;
  v1::Command command_;
};

TEST(BoundsTest, EachFieldTakesWhatItsBoundAllowsAndNothingPastIt) {
  const auto& command = *v1::Command::descriptor();
  for (int i = 0; i < command.field_count(); ++i) {
    // The ledger's own command.
    if (command.field(i)->name() == "record_backfill") continue;
    BoundsOfKind tried(*command.field(i));
  }
}

}  // namespace
}  // namespace chipledger::testing
