// Goal: the contract and what is stored only grow: no field, value or method
// that was there changes its number, its type or its meaning's name, or goes.
// Method: a listing of all of them is kept beside this file, in text, so that a
// change can be read.
#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "chipledger/scenario/v1/scenario.pb.h"
#include "chipledger/storage/v1/rows.pb.h"
#include "chipledger/v1/admin_service.pb.h"
#include "chipledger/v1/audit_service.pb.h"
#include "chipledger/v1/catalog_file.pb.h"
#include "chipledger/v1/headroom_service.pb.h"
#include "chipledger/v1/license_service.pb.h"
#include "chipledger/v1/policy_service.pb.h"
#include "chipledger/v1/shipment_service.pb.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "tests/golden/golden_file.h"

namespace chipledger::testing {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::ServiceDescriptor;

using Lines = std::set<std::string>;

std::string TypeOf(const FieldDescriptor& field) {
  std::string type = field.type_name();
  if (field.message_type() != nullptr) type = field.message_type()->full_name();
  if (field.enum_type() != nullptr) type = field.enum_type()->full_name();
  if (field.is_repeated()) return absl::StrCat("repeated ", type);
  if (const auto* oneof = field.real_containing_oneof()) {
    return absl::StrCat(type, " of ", oneof->name());
  }
  return field.has_optional_keyword() ? absl::StrCat("optional ", type) : type;
}

void List(const EnumDescriptor& type, Lines& lines) {
  for (int i = 0; i < type.value_count(); ++i) {
    lines.insert(absl::StrCat(type.full_name(), " = ", type.value(i)->number(),
                              " ", type.value(i)->name()));
  }
}

void List(const Descriptor& type, Lines& lines) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    lines.insert(absl::StrCat(type.full_name(), " ", field.number(), " ",
                              field.name(), ": ", TypeOf(field)));
  }
  for (int i = 0; i < type.nested_type_count(); ++i) {
    List(*type.nested_type(i), lines);
  }
  for (int i = 0; i < type.enum_type_count(); ++i) {
    List(*type.enum_type(i), lines);
  }
}

void List(const ServiceDescriptor& service, Lines& lines) {
  for (int i = 0; i < service.method_count(); ++i) {
    const auto& method = *service.method(i);
    lines.insert(absl::StrCat(method.full_name(), "(",
                              method.client_streaming() ? "stream " : "",
                              method.input_type()->full_name(), ") returns (",
                              method.server_streaming() ? "stream " : "",
                              method.output_type()->full_name(), ")"));
  }
}

// A file and what it imports of ours.
void List(const FileDescriptor& file, std::set<std::string>& seen,
          Lines& lines) {
  if (file.package().rfind("chipledger", 0) != 0 ||
      !seen.insert(file.name()).second) {
    return;
  }
  for (int i = 0; i < file.message_type_count(); ++i) {
    List(*file.message_type(i), lines);
  }
  for (int i = 0; i < file.enum_type_count(); ++i) {
    List(*file.enum_type(i), lines);
  }
  for (int i = 0; i < file.service_count(); ++i) {
    List(*file.service(i), lines);
  }
  for (int i = 0; i < file.dependency_count(); ++i) {
    List(*file.dependency(i), seen, lines);
  }
}

Lines Contract() {
  Lines lines;
  std::set<std::string> seen;
  const Descriptor* const roots[] = {v1::GetLedgerRequest::descriptor(),
                                     v1::ReadEntriesRequest::descriptor(),
                                     v1::GetHeadroomRequest::descriptor(),
                                     v1::GrantLicenseRequest::descriptor(),
                                     v1::AdoptPolicyRequest::descriptor(),
                                     v1::RecordShipmentRequest::descriptor(),
                                     storage::v1::StateRow::descriptor(),
                                     scenario::v1::Scenario::descriptor(),
                                     v1::CatalogFile::descriptor()};
  for (const Descriptor* root : roots) List(*root->file(), seen, lines);
  return lines;
}

TEST(ContractTest, NothingThatWasThereChangesOrGoes) {
  const Lines now = Contract();
  ASSERT_GT(now.size(), 900u);
  const std::string golden = ReadGolden("contract.txt");
  const Lines before = absl::StrSplit(golden, '\n', absl::SkipEmpty());
  std::vector<std::string> gone;
  std::set_difference(before.begin(), before.end(), now.begin(), now.end(),
                      std::back_inserter(gone));
  if (std::getenv("CHIPLEDGER_UPDATE_GOLDEN") == nullptr) {
    EXPECT_TRUE(gone.empty())
        << "changed or gone, which old logs and clients still use:\n"
        << absl::StrJoin(gone, "\n");
  }
  // What is new is written down, so that it cannot change unseen later.
  ExpectGolden("contract.txt", absl::StrCat(absl::StrJoin(now, "\n"), "\n"));
}

}  // namespace
}  // namespace chipledger::testing
