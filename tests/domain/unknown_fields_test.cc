// Goal: nothing that a build does not understand is stored. Method: an unknown
// field is put into every message that a command can hold, by the descriptors,
// so that messages that come later are tried as well.
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/unknown_field_set.h"
#include "gtest/gtest.h"
#include "ledger/base/error.h"
#include "ledger/domain/check.h"
#include "ledger/scenario/memory_ledger.h"
#include "tests/support/commands.h"

namespace chipledger::testing {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr int kUnknown = 9'999;

// Puts an unknown field into the message that the fields lead to, and returns
// its path.
std::string PutUnknown(Message& message,
                       const std::vector<const FieldDescriptor*>& fields) {
  Message* at = &message;
  std::vector<std::string> path;
  for (const FieldDescriptor* field : fields) {
    const auto& reflection = *at->GetReflection();
    if (field->is_repeated()) {
      // The second of two.
      reflection.AddMessage(at, field);
      at = reflection.AddMessage(at, field);
      path.push_back(absl::StrCat(field->name(), "[1]"));
    } else {
      at = reflection.MutableMessage(at, field);
      path.push_back(field->name());
    }
  }
  at->GetReflection()->MutableUnknownFields(at)->AddVarint(kUnknown, 1);
  path.push_back(absl::StrCat(kUnknown));
  return absl::StrJoin(path, ".");
}

// Calls `try_path` with the fields that lead to each message type in each of
// the places where it can stand.
template <typename Try>
void ForEachPlace(const Descriptor& type,
                  std::vector<const FieldDescriptor*>& fields,
                  std::set<const FieldDescriptor*>& seen, const Try& try_path) {
  try_path(fields);
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const bool is_new = seen.insert(field).second;
    // What holds itself is entered once, and commands from their start.
    if (!is_new && fields.size() > 2) continue;
    fields.push_back(field);
    ForEachPlace(*field->message_type(), fields, seen, try_path);
    fields.pop_back();
  }
}

TEST(UnknownFieldsTest, AreRefusedInEveryMessageOfEveryCommand) {
  std::vector<const FieldDescriptor*> fields;
  std::set<const FieldDescriptor*> seen;
  int places = 0;
  ForEachPlace(*v1::Command::descriptor(), fields, seen,
               [&](const std::vector<const FieldDescriptor*>& to) {
                 v1::Command command;
                 const std::string path = PutUnknown(command, to);
                 const absl::Status status = domain::CheckCommand(command);
                 const auto cause = GetErrorCause(status);
                 ASSERT_TRUE(cause) << path << " " << status;
                 EXPECT_EQ(cause->reason, "UNKNOWN_FIELD") << path;
                 EXPECT_EQ(cause->metadata.at("field"), path);
                 ++places;
               });
  // Commands alone are some thirty.
  EXPECT_GT(places, 100);
}

// Sets an enumeration of the message that the fields lead to, to a value that
// is none of its own, and returns its path.
std::string PutUnknownValue(Message& message,
                            const std::vector<const FieldDescriptor*>& fields,
                            const FieldDescriptor& enumeration) {
  // Makes the message, and says where it is.
  std::string path = PutUnknown(message, fields);
  Message* at = &message;
  for (const FieldDescriptor* field : fields) {
    at = field->is_repeated()
             ? at->GetReflection()->MutableRepeatedMessage(at, field, 1)
             : at->GetReflection()->MutableMessage(at, field);
  }
  at->GetReflection()->MutableUnknownFields(at)->Clear();
  path.resize(path.size() - absl::StrCat(kUnknown).size());
  if (enumeration.is_repeated()) {
    at->GetReflection()->AddEnumValue(at, &enumeration, 1);
    at->GetReflection()->AddEnumValue(at, &enumeration, kUnknown);
    return absl::StrCat(path, enumeration.name(), "[1]");
  }
  at->GetReflection()->SetEnumValue(at, &enumeration, kUnknown);
  return absl::StrCat(path, enumeration.name());
}

TEST(UnknownFieldsTest, ValuesOfEveryEnumerationAreRefused) {
  std::vector<const FieldDescriptor*> fields;
  std::set<const FieldDescriptor*> seen;
  int places = 0;
  ForEachPlace(
      *v1::Command::descriptor(), fields, seen,
      [&](const std::vector<const FieldDescriptor*>& to) {
        const Descriptor& type = to.empty() ? *v1::Command::descriptor()
                                            : *to.back()->message_type();
        for (int i = 0; i < type.field_count(); ++i) {
          const FieldDescriptor& field = *type.field(i);
          if (field.cpp_type() != FieldDescriptor::CPPTYPE_ENUM) continue;
          v1::Command command;
          const std::string path = PutUnknownValue(command, to, field);
          const auto cause = GetErrorCause(domain::CheckCommand(command));
          ASSERT_TRUE(cause) << path;
          EXPECT_EQ(cause->reason, "UNKNOWN_FIELD") << path;
          EXPECT_EQ(cause->metadata.at("field"), path);
          EXPECT_EQ(cause->metadata.at("value"), absl::StrCat(kUnknown));
          ++places;
        }
      });
  EXPECT_GT(places, 30);
}

TEST(UnknownFieldsTest, NothingOfTheRequestIsStored) {
  scenarios::MemoryLedger ledger;
  v1::Command product =
      Cmd(R"pb(register_product {
                 product { product_code: "H100" gpus_per_unit: 1 source: "s" }
               })pb");
  v1::Command newer = product;
  v1::Product& its = *newer.mutable_register_product()->mutable_product();
  its.GetReflection()->MutableUnknownFields(&its)->AddVarint(kUnknown, 1);
  const uint64_t size = ledger.state().size();
  EXPECT_EQ(ledger.Submit({product, newer}).status.code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ledger.state().size(), size);
  EXPECT_TRUE(ledger.Submit({product}).status.ok());
}

}  // namespace
}  // namespace chipledger::testing
