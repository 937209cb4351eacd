// Goal: a total can be read by each key that a rule may group by, and listed by
// a filter of each. Method: a table with a line for each field of GroupKey,
// over its descriptor, so that a key which is added later fails until it has
// one.
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "ledger/base/error.h"
#include "ledger/domain/headroom.h"
#include "ledger/scenario/memory_ledger.h"
#include "tests/support/commands.h"

namespace chipledger::testing {
namespace {

using google::protobuf::FieldDescriptor;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Values of one key.
struct KeyValues {
  // Of the first shipment and the second.
  std::string first;
  std::string second;
  // One that the ledger has, and nothing counted by.
  std::string unused;
  // One that it has not, and the error for it.
  std::string unknown;
  std::string reason;
};

const std::map<std::string, KeyValues>& Keys() {
  static const auto& keys = *new std::map<std::string, KeyValues>{
      {"destination_country", {"MY", "SG", "BR", "XX", "INVALID_FIELD"}},
      {"license_id", {"L-1", "L-2", "L-3", "L-9", "LICENSE_NOT_FOUND"}},
      {"headquarters_country", {"CN", "SA", "BR", "XX", "INVALID_FIELD"}},
      {"exporter", {"ex-1", "ex-2", "idle", "ex-9", "PARTY_NOT_FOUND"}},
      {"consignee", {"con-1", "con-2", "idle", "con-9", "PARTY_NOT_FOUND"}},
      {"end_user", {"eu-1", "eu-2", "idle", "eu-9", "PARTY_NOT_FOUND"}},
      {"ultimate_parent", {"par-1", "par-2", "idle", "?", "PARTY_NOT_FOUND"}},
      {"product_code", {"H100", "H200", "B200", "H900", "PRODUCT_NOT_FOUND"}},
      {"country_group",
       {"g-1", "g-2", "g-3", "g-9", "COUNTRY_GROUP_NOT_FOUND"}},
      {"license_line", {"1", "2", "3", "-1", "INVALID_FIELD"}}};
  return keys;
}

// The field of a message with the name of a key; null: it has none.
template <typename M>
const FieldDescriptor* FieldOf(const std::string& key) {
  return M::descriptor()->FindFieldByName(key);
}

template <typename M>
std::string ValueIn(const M& message, const std::string& key) {
  const FieldDescriptor* field = FieldOf<M>(key);
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    return message.GetReflection()->GetString(message, field);
  }
  const int32_t number = message.GetReflection()->GetInt32(message, field);
  return number == 0 ? "" : absl::StrCat(number);
}

template <typename M>
void SetIn(const std::string& key, const std::string& value, M& message) {
  const FieldDescriptor* field = FieldOf<M>(key);
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    message.GetReflection()->SetString(&message, field, value);
  } else {
    message.GetReflection()->SetInt32(&message, field, std::stoi(value));
  }
}

class HeadroomKeysTest : public ::testing::Test {
 protected:
  HeadroomKeysTest() {
    for (const auto& [group, country] :
         {std::pair("g-1", "MY"), {"g-2", "SG"}, {"g-3", "BR"}}) {
      Accept(absl::StrCat("change_country_group { group_id: '", group,
                          "' changes { country: '", country,
                          "' kind: KIND_JOIN } }"));
    }
    for (const char* product : {"H100", "H200", "B200"}) {
      Accept(absl::StrCat("register_product { product { product_code: '",
                          product, "' gpus_per_unit: 1 source: 's' } }"));
    }
    Register("idle");
    for (const char* of : {"1", "2"}) {
      Register(absl::StrCat("ex-", of));
      Register(absl::StrCat("eu-", of));
      // Headquartered in Hong Kong, which the policy treats as China.
      Register(absl::StrCat("par-", of),
               absl::StrCat("headquarters { country: '",
                            of == std::string("1") ? "HK" : "SA", "' }"));
      Register(absl::StrCat("con-", of),
               absl::StrCat("ultimate_parents { party_id: 'par-", of, "' }"));
    }
    Grant("L-1", "ex-1", "MY");
    Grant("L-2", "ex-2", "SG");
    Grant("L-3", "idle", "BR");
    Accept(
        absl::StrCat("adopt_policy { policy { policy_id: 'keys' title: 'K' "
                     "effective_from: '2024-01-01' provenance { citation: 'c' "
                     "legal_status: LEGAL_STATUS_HISTORICAL "
                     "enforcement_status: ENFORCEMENT_STATUS_UNKNOWN } "
                     "country_treatments { country: 'HK' treated_as: 'CN' } ",
                     Rules(), " } }"));
    Ship("1", "MY", "H100");
    Ship("2", "SG", "H200");
  }

  void Accept(const std::string& text) {
    const auto outcome = ledger_.Submit({Cmd(text)});
    ASSERT_TRUE(outcome.status.ok()) << text << outcome.status;
    ASSERT_FALSE(outcome.refused) << text;
  }

  void Register(const std::string& party, const std::string& more = "") {
    Accept(absl::StrCat("register_party { party { party_id: '", party,
                        "' name: 'N' ", more, " } }"));
  }

  void Grant(const std::string& license, const std::string& exporter,
             const std::string& country) {
    Accept(absl::StrCat(
        "grant_license { license { license_id: '", license, "' exporter: '",
        exporter, "' destination_countries: '", country,
        "' grant_date: '2025-01-01' expiry_date: '2026-12-31' "
        "lines { line_number: 1 product_code: 'H100' quantity: 9 } "
        "lines { line_number: 2 product_code: 'H200' quantity: 9 } } }"));
  }

  void Ship(const std::string& of, const std::string& country,
            const std::string& product) {
    Accept(absl::StrCat(
        "record_shipment { assurance: ASSURANCE_BEFORE_EXPORT "
        "shipment { exporter: 'ex-",
        of,
        "' shipment_reference: 'S' export_date: '2025-06-01' consignee: 'con-",
        of, "' end_user: 'eu-", of, "' destination_country: '", country,
        "' authorization { kind: AUTHORIZATION_KIND_LICENSE license_id: 'L-",
        of, "' } items { product_code: '", product, "' quantity: ", of,
        " } } }"));
  }

  static std::string Rule(const std::string& id, const std::string& keys,
                          const std::string& groups) {
    return absl::StrCat(
        "rules { rule_id: '", id,
        "' title: 'T' measure: MEASURE_GPUS accrual: ACCRUAL_EXPORTED scope { ",
        keys, groups,
        " } window { open {} } limit { constant: '10' } "
        "enforcement { mode: MODE_REPORT_ONLY } } ");
  }

  // A rule for each key, and one with all.
  static std::string Rules() {
    const std::string groups =
        "where { destination_groups: ['g-1', 'g-2', 'g-3'] }";
    std::string rules, all;
    for (int number = v1::Scope::GroupBy_MIN + 1;
         number <= v1::Scope::GroupBy_MAX; ++number) {
      const std::string name =
          v1::Scope::GroupBy_Name(static_cast<v1::Scope::GroupBy>(number));
      const std::string key = absl::StrCat("group_by: ", name, " ");
      absl::StrAppend(&all, key);
      absl::StrAppend(
          &rules,
          Rule(absl::AsciiStrToLower(name),
               number == v1::Scope::GROUP_BY_LICENSE_LINE
                   ? absl::StrCat("group_by: GROUP_BY_LICENSE ", key)
                   : key,
               number == v1::Scope::GROUP_BY_COUNTRY_GROUP ? groups : ""));
    }
    return absl::StrCat(rules, Rule("all", all, groups));
  }

  domain::HeadroomView View() {
    snapshot_ = ledger_.state().ToSnapshot();
    return {.snapshot = snapshot_, .today = *Date::Parse("2025-07-01")};
  }

  // The rows in which something counted.
  std::vector<v1::HeadroomRow> List(const v1::HeadroomFilter& filter) {
    std::vector<v1::HeadroomRow> rows;
    const domain::HeadroomView view = View();
    EXPECT_TRUE(domain::CheckHeadroomFilter(view.snapshot, filter).ok())
        << filter.ShortDebugString();
    for (const domain::ListedRow& listed :
         domain::ListHeadroom(view, filter, std::nullopt, 1'000)) {
      if (listed.row.used() > 0) rows.push_back(listed.row);
    }
    return rows;
  }

  // Of all rows, those whose keys have these values.
  std::vector<std::string> Expected(
      const std::vector<std::pair<std::string, std::string>>& wanted) {
    std::vector<v1::HeadroomRow> rows;
    for (const v1::HeadroomRow& row : List({})) {
      bool matches = true;
      for (const auto& [key, value] : wanted) {
        matches = matches && ValueIn(row.group(), key) == value;
      }
      if (matches) rows.push_back(row);
    }
    return Names(rows);
  }

  static std::vector<std::string> Names(
      const std::vector<v1::HeadroomRow>& rows) {
    std::vector<std::string> names;
    for (const v1::HeadroomRow& row : rows) {
      names.push_back(absl::StrCat(row.rule_id(), ": ", row.used()));
    }
    return names;
  }

  std::string Reason(const v1::HeadroomFilter& filter) {
    const absl::Status status =
        domain::CheckHeadroomFilter(View().snapshot, filter);
    return status.ok() ? "OK" : GetErrorCause(status)->reason;
  }

  scenarios::MemoryLedger ledger_;
  domain::Snapshot snapshot_;
};

v1::HeadroomFilter FilterBy(
    const std::vector<std::pair<std::string, std::string>>& wanted) {
  v1::HeadroomFilter filter;
  for (const auto& [key, value] : wanted) SetIn(key, value, filter);
  return filter;
}

TEST_F(HeadroomKeysTest, EveryKeyHasAFilterOfItsOwn) {
  for (int i = 0; i < v1::GroupKey::descriptor()->field_count(); ++i) {
    const FieldDescriptor* field = v1::GroupKey::descriptor()->field(i);
    SCOPED_TRACE(field->name());
    const FieldDescriptor* filter = FieldOf<v1::HeadroomFilter>(field->name());
    ASSERT_NE(filter, nullptr);
    EXPECT_EQ(filter->cpp_type(), field->cpp_type());
    ASSERT_TRUE(Keys().contains(field->name()));
    const KeyValues& key = Keys().at(field->name());
    for (const auto& [value, used] :
         {std::pair(key.first, 1), {key.second, 2}}) {
      const auto rows = List(FilterBy({{field->name(), value}}));
      // Its own rule's and the one with all keys; of a license, its line's,
      // too.
      EXPECT_THAT(rows, SizeIs(field->name() == "license_id" ? 3 : 2)) << value;
      for (const v1::HeadroomRow& row : rows) {
        EXPECT_EQ(ValueIn(row.group(), field->name()), value);
        EXPECT_EQ(row.used(), used);
      }
    }
    EXPECT_THAT(List(FilterBy({{field->name(), key.unused}})), IsEmpty());
    EXPECT_EQ(Reason(FilterBy({{field->name(), key.unknown}})), key.reason);
  }
  EXPECT_EQ(Keys().size(),
            static_cast<size_t>(v1::GroupKey::descriptor()->field_count()));
}

TEST_F(HeadroomKeysTest, AllThatAFilterNamesMustMatch) {
  for (const auto& [one, of_one] : Keys()) {
    for (const auto& [other, of_other] : Keys()) {
      if (one == other) continue;
      SCOPED_TRACE(absl::StrCat(one, " and ", other));
      const std::vector<std::pair<std::string, std::string>> both = {
          {one, of_one.second}, {other, of_other.second}};
      EXPECT_EQ(Names(List(FilterBy(both))), Expected(both));
      EXPECT_THAT(Expected(both), ::testing::Contains("all: 2"));
      EXPECT_THAT(
          List(FilterBy({{one, of_one.first}, {other, of_other.second}})),
          IsEmpty());
    }
  }
  v1::HeadroomFilter all;
  for (const auto& [key, values] : Keys()) SetIn(key, values.first, all);
  EXPECT_THAT(Names(List(all)), ElementsAre("all: 1"));
}

TEST_F(HeadroomKeysTest, WhatNothingCountedInIsListedByItsDestinationAlone) {
  const auto count = [&](const v1::HeadroomFilter& filter) {
    return domain::ListHeadroom(View(), filter, std::nullopt, 1'000).size();
  };
  EXPECT_EQ(count(FilterBy({{"destination_country", "BR"}})), 1);
  for (const auto& [key, values] : Keys()) {
    if (key == "destination_country") continue;
    EXPECT_EQ(
        count(FilterBy({{"destination_country", "BR"}, {key, values.first}})),
        0)
        << key;
  }
}

TEST_F(HeadroomKeysTest, ATotalIsReadByEachKey) {
  const auto rows = List({});
  // Two shipments, each in one total of each rule.
  ASSERT_THAT(rows, SizeIs(2 * (Keys().size() + 1)));
  for (const v1::HeadroomRow& row : rows) {
    SCOPED_TRACE(row.ShortDebugString());
    v1::GetHeadroomRequest get;
    get.set_policy_id(row.policy_id());
    get.set_rule_id(row.rule_id());
    *get.mutable_group() = row.group();
    const auto one = domain::GetHeadroom(View(), get);
    ASSERT_TRUE(one.ok()) << one.status();
    EXPECT_EQ(one->SerializeAsString(), row.SerializeAsString());
    v1::GetTimelineRequest through;
    through.set_policy_id(row.policy_id());
    through.set_rule_id(row.rule_id());
    *through.mutable_group() = row.group();
    const auto timeline = domain::GetTimeline(View(), through);
    ASSERT_TRUE(timeline.ok()) << timeline.status();
    ASSERT_FALSE(timeline->points().empty());
    EXPECT_EQ(timeline->points().rbegin()->used(), row.used());
  }
}

TEST_F(HeadroomKeysTest, ACountryThatIsTreatedAsAnotherNamesTheOthersTotals) {
  EXPECT_THAT(Names(List(FilterBy({{"headquarters_country", "HK"}}))),
              ElementsAre("group_by_headquarters_country: 1", "all: 1"));
  const std::string total =
      "policy_id: 'keys' rule_id: 'group_by_headquarters_country' "
      "group { headquarters_country: 'HK' }";
  const auto row =
      domain::GetHeadroom(View(), FromText<v1::GetHeadroomRequest>(total));
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_EQ(row->used(), 1);
  EXPECT_EQ(row->group().headquarters_country(), "CN");
  const auto timeline =
      domain::GetTimeline(View(), FromText<v1::GetTimelineRequest>(total));
  ASSERT_TRUE(timeline.ok()) << timeline.status();
  EXPECT_EQ(timeline->points(0).date(), "2025-06-01");
  EXPECT_EQ(timeline->points(0).used(), 1);
}

TEST_F(HeadroomKeysTest, ALineMustBeOneOfTheLicense) {
  EXPECT_EQ(Reason(FilterBy({{"license_id", "L-1"}, {"license_line", "2"}})),
            "OK");
  const absl::Status status = domain::CheckHeadroomFilter(
      View().snapshot,
      FilterBy({{"license_id", "L-1"}, {"license_line", "3"}}));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(GetErrorCause(status)->reason, "INVALID_FIELD");
  EXPECT_THAT(std::string(status.message()),
              ::testing::HasSubstr("license \"L-1\" has no line 3"));
  // An unknown license is what is said of it, whatever its line.
  EXPECT_EQ(Reason(FilterBy({{"license_id", "L-9"}, {"license_line", "3"}})),
            "LICENSE_NOT_FOUND");
}

}  // namespace
}  // namespace chipledger::testing
