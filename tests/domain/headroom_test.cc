// Goal: the rows that dashboards read: every total once, in order, in pages of
// any size, and untouched totals of a country that is asked about.
#include "ledger/domain/headroom.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ledger/base/error.h"
#include "ledger/scenario/memory_ledger.h"
#include "tests/support/commands.h"

namespace chipledger::testing {
namespace {

using scenarios::MemoryLedger;

domain::HeadroomView On(const std::string& date,
                        const domain::Snapshot& snapshot) {
  return {.snapshot = snapshot, .today = *Date::Parse(date)};
}

class HeadroomTest : public ::testing::Test {
 protected:
  HeadroomTest() {
    Accept(R"pb(change_country_group {
                  group_id: "tier-1"
                  changes { country: "DE" kind: KIND_JOIN }
                })pb");
    Accept(R"pb(register_product {
                  product { product_code: "H100" gpus_per_unit: 1 source: "s" }
                })pb");
    Accept(R"pb(register_party { party { party_id: "x" name: "X" } })pb");
    Accept(R"pb(adopt_policy {
                  policy {
                    policy_id: "p"
                    title: "P"
                    effective_from: "2024-01-01"
                    provenance {
                      citation: "c"
                      legal_status: LEGAL_STATUS_NEGOTIATED
                      enforcement_status: ENFORCEMENT_STATUS_UNKNOWN
                    }
                    rules {
                      rule_id: "yearly"
                      title: "Y"
                      measure: MEASURE_GPUS
                      accrual: ACCRUAL_EXPORTED
                      scope {
                        group_by: GROUP_BY_DESTINATION_COUNTRY
                        where { except_destination_groups: "tier-1" }
                      }
                      window { calendar_year {} }
                      limit { constant: "1000" }
                      enforcement { mode: MODE_REPORT_ONLY }
                    }
                    rules {
                      rule_id: "all"
                      title: "A"
                      measure: MEASURE_GPUS
                      accrual: ACCRUAL_EXPORTED
                      window { open {} }
                      limit { none {} }
                      enforcement { mode: MODE_REPORT_ONLY }
                      provenance { legal_status: LEGAL_STATUS_HISTORICAL }
                    }
                  }
                })pb");
    for (const char* country : {"MY", "SG", "AE", "MY", "DE"}) {
      for (const char* year : {"2024", "2025"}) Ship(country, year, 300);
    }
  }

  void Accept(const std::string& text) {
    const auto outcome = ledger_.Submit({Cmd(text)});
    ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  }

  void Ship(const std::string& country, const std::string& year, int quantity) {
    Accept(absl::StrCat(
        R"(record_shipment { assurance: ASSURANCE_AFTER_THE_FACT
             shipment { exporter: "x" shipment_reference: "S)",
        ++shipments_, R"(" export_date: ")", year,
        R"(-06-01" destination_country: ")", country,
        R"(" items { product_code: "H100" quantity: )", quantity, " } } }"));
  }

  // Rows as "rule window country: used headroom".
  std::vector<std::string> List(const std::string& filter, size_t page) {
    const auto parsed = FromText<v1::HeadroomFilter>(filter);
    const domain::Snapshot snapshot = ledger_.state().ToSnapshot();
    EXPECT_TRUE(domain::CheckHeadroomFilter(snapshot, parsed).ok());
    std::vector<std::string> lines;
    std::optional<domain::TotalKey> after;
    while (true) {
      const auto rows =
          domain::ListHeadroom(On("2026-03-01", snapshot), parsed, after, page);
      if (rows.empty()) return lines;
      for (const auto& [id, row] : rows) {
        lines.push_back(absl::StrCat(
            row.rule_id(), " ", row.window_start().substr(0, 4), " ",
            row.group().destination_country(), ": ", row.used(), " ",
            row.has_headroom() ? absl::StrCat(row.headroom()) : "-"));
        after = id;
      }
    }
  }

  MemoryLedger ledger_;
  int shipments_ = 0;
};

TEST_F(HeadroomTest, ListsEveryTotalOnceInPagesOfAnySize) {
  const std::vector<std::string> expected = {"yearly 2024 AE: 300 700",
                                             "yearly 2024 MY: 600 400",
                                             "yearly 2024 SG: 300 700",
                                             "yearly 2025 AE: 300 700",
                                             "yearly 2025 MY: 600 400",
                                             "yearly 2025 SG: 300 700",
                                             "all  : 3000 -"};
  for (const size_t page : {1, 2, 3, 7, 100}) {
    EXPECT_EQ(List("", page), expected) << "page size " << page;
  }
}

TEST_F(HeadroomTest, ACountryHasItsTotalsAndThoseNotTouchedYet) {
  for (const size_t page : {1, 2, 100}) {
    EXPECT_EQ(List("destination_country: 'MY'", page),
              (std::vector<std::string>{
                  "yearly 2024 MY: 600 400", "yearly 2025 MY: 600 400",
                  "yearly 2026 MY: 0 1000", "all  : 3000 -"}));
    EXPECT_EQ(
        List("destination_country: 'BR' on_date: '2025-05-05'", page),
        (std::vector<std::string>{"yearly 2025 BR: 0 1000", "all  : 3000 -"}));
    // Outside the yearly rule's scope, and in the pool all the same.
    EXPECT_EQ(List("destination_country: 'DE'", page),
              std::vector<std::string>{"all  : 3000 -"});
  }
}

TEST_F(HeadroomTest, ADateSelectsTheWindowsAndPoliciesThatHoldIt) {
  EXPECT_EQ(List("rule_id: 'yearly' on_date: '2025-12-31'", 100),
            (std::vector<std::string>{"yearly 2025 AE: 300 700",
                                      "yearly 2025 MY: 600 400",
                                      "yearly 2025 SG: 300 700"}));
  EXPECT_EQ(List("on_date: '2023-12-31'", 100), std::vector<std::string>());
}

TEST_F(HeadroomTest, ARowSaysHowItStands) {
  const domain::Snapshot snapshot = ledger_.state().ToSnapshot();
  const auto get = [&](const std::string& request) {
    return domain::GetHeadroom(On("2025-03-01", snapshot),
                               FromText<v1::GetHeadroomRequest>(request));
  };
  const auto row =
      get("policy_id: 'p' rule_id: 'yearly' "
          "group { destination_country: 'MY' }");
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_EQ(row->headroom(), 400);
  EXPECT_EQ(row->utilization_basis_points(), 6000);
  EXPECT_EQ(row->status(), v1::HeadroomRow::STATUS_WITHIN_LIMIT);
  EXPECT_EQ(row->window_end(), "2026-01-01");
  EXPECT_EQ(row->legal_status(), v1::Provenance::LEGAL_STATUS_NEGOTIATED);
  EXPECT_EQ(get("policy_id: 'p' rule_id: 'all'")->legal_status(),
            v1::Provenance::LEGAL_STATUS_HISTORICAL);
  EXPECT_EQ(get("policy_id: 'p' rule_id: 'all'")->status(),
            v1::HeadroomRow::STATUS_NO_LIMIT);

  Ship("MY", "2025", 400);
  Ship("SG", "2025", 800);
  const domain::Snapshot later = ledger_.state().ToSnapshot();
  const auto rows = domain::ListHeadroom(
      On("2025-03-01", later),
      FromText<v1::HeadroomFilter>("rule_id: 'yearly'"), std::nullopt, 100);
  EXPECT_EQ(rows[4].row.status(), v1::HeadroomRow::STATUS_AT_LIMIT);
  EXPECT_EQ(rows[5].row.status(), v1::HeadroomRow::STATUS_OVER_LIMIT);
  EXPECT_EQ(rows[5].row.headroom(), -100);
  // The earlier snapshot is as it was.
  EXPECT_EQ(get("policy_id: 'p' rule_id: 'yearly' "
                "group { destination_country: 'MY' }")
                ->headroom(),
            400);
}

TEST_F(HeadroomTest, WhatCannotBeMeasuredIsCountedBesideTheTotal) {
  Accept(R"pb(adopt_policy {
                policy {
                  policy_id: "tpp"
                  title: "T"
                  effective_from: "2026-01-01"
                  provenance {
                    citation: "c"
                    legal_status: LEGAL_STATUS_HISTORICAL
                    enforcement_status: ENFORCEMENT_STATUS_NOT_ENFORCED
                  }
                  rules {
                    rule_id: "r"
                    title: "R"
                    measure: MEASURE_TPP
                    accrual: ACCRUAL_EXPORTED
                    window { open {} }
                    limit { constant: "1000" }
                    enforcement { mode: MODE_REPORT_ONLY }
                  }
                }
              })pb");
  const auto row = [&] {
    const domain::Snapshot snapshot = ledger_.state().ToSnapshot();
    return *domain::GetHeadroom(
        On("2026-03-01", snapshot),
        FromText<v1::GetHeadroomRequest>("policy_id: 'tpp' rule_id: 'r'"));
  };
  Ship("MY", "2026", 40);
  EXPECT_EQ(row().used(), 0);
  EXPECT_EQ(row().unmeasured_gpus(), 40);
  Accept(absl::StrCat("void_shipment { exporter: 'x' shipment_reference: 'S",
                      shipments_, "' reason: 'r' recorded_in_error: 'e' }"));
  EXPECT_EQ(row().unmeasured_gpus(), 0);
}

TEST_F(HeadroomTest, AskingForWhatIsNotThereIsAnError) {
  const domain::Snapshot snapshot = ledger_.state().ToSnapshot();
  const auto reason = [&](const std::string& request) {
    const auto row = domain::GetHeadroom(
        On("2025-03-01", snapshot), FromText<v1::GetHeadroomRequest>(request));
    EXPECT_FALSE(row.ok()) << request;
    return GetErrorCause(row.status())->reason;
  };
  EXPECT_EQ(reason("policy_id: 'q' rule_id: 'all'"), "POLICY_NOT_FOUND");
  EXPECT_EQ(reason("policy_id: 'p' rule_id: 'none'"), "RULE_NOT_FOUND");
  EXPECT_EQ(reason("policy_id: 'p' rule_id: 'yearly'"), "INVALID_FIELD");
  EXPECT_EQ(reason("policy_id: 'p' rule_id: 'all' "
                   "group { destination_country: 'MY' }"),
            "INVALID_FIELD");
  EXPECT_EQ(reason("policy_id: 'p' rule_id: 'all' on_date: '2025-02-31'"),
            "INVALID_FIELD");
}

TEST_F(HeadroomTest, AGroupThatNamesNothingThereIsIsAnError) {
  std::string rules;
  int number = 0;
  for (const char* key :
       {"HEADQUARTERS_COUNTRY", "EXPORTER", "CONSIGNEE", "END_USER",
        "ULTIMATE_PARENT", "LICENSE", "PRODUCT"}) {
    absl::StrAppend(&rules, "rules { rule_id: 'r-", number++,
                    "' title: 'T' measure: MEASURE_GPUS "
                    "accrual: ACCRUAL_EXPORTED scope { group_by: GROUP_BY_",
                    key,
                    " } window { open {} } limit { none {} } "
                    "enforcement { mode: MODE_REPORT_ONLY } }");
  }
  Accept(
      absl::StrCat("adopt_policy { policy { policy_id: 'keys' title: 'K' "
                   "effective_from: '2026-01-01' provenance { citation: 'c' "
                   "legal_status: LEGAL_STATUS_HISTORICAL "
                   "enforcement_status: ENFORCEMENT_STATUS_UNKNOWN } ",
                   rules, " } }"));
  Accept(R"pb(record_shipment {
                assurance: ASSURANCE_AFTER_THE_FACT
                shipment {
                  exporter: "x"
                  shipment_reference: "U-1"
                  export_date: "2026-02-01"
                  destination_country: "MY"
                  authorization {
                    kind: AUTHORIZATION_KIND_LICENSE
                    license_id: "NEVER"
                  }
                  items { product_code: "H100" quantity: 7 }
                }
              })pb");
  const domain::Snapshot snapshot = ledger_.state().ToSnapshot();
  const auto asked = [&](int rule, const std::string& group) {
    const std::string total = absl::StrCat("policy_id: 'keys' rule_id: 'r-",
                                           rule, "' group { ", group, " }");
    const auto row = domain::GetHeadroom(
        On("2026-03-01", snapshot), FromText<v1::GetHeadroomRequest>(total));
    const auto timeline = domain::GetTimeline(
        On("2026-03-01", snapshot), FromText<v1::GetTimelineRequest>(total));
    EXPECT_EQ(row.ok(), timeline.ok()) << total;
    if (row.ok()) return absl::StrCat("used ", row->used());
    EXPECT_EQ(GetErrorCause(timeline.status())->reason,
              GetErrorCause(row.status())->reason);
    return GetErrorCause(row.status())->reason;
  };
  EXPECT_EQ(asked(0, "headquarters_country: 'XX'"), "INVALID_FIELD");
  EXPECT_EQ(asked(1, "exporter: 'y'"), "PARTY_NOT_FOUND");
  EXPECT_EQ(asked(1, "exporter: 'x'"), "used 7");
  EXPECT_EQ(asked(2, "consignee: 'y'"), "PARTY_NOT_FOUND");
  EXPECT_EQ(asked(2, "consignee: 'x'"), "used 0");
  EXPECT_EQ(asked(3, "end_user: 'y'"), "PARTY_NOT_FOUND");
  EXPECT_EQ(asked(4, "ultimate_parent: 'y'"), "PARTY_NOT_FOUND");
  EXPECT_EQ(asked(5, "license_id: 'OTHER'"), "LICENSE_NOT_FOUND");
  // What left under a number that was never granted is counted by it.
  EXPECT_EQ(asked(5, "license_id: 'NEVER'"), "used 7");
  EXPECT_EQ(asked(6, "product_code: 'H1000'"), "PRODUCT_NOT_FOUND");

  const auto filter = [&](const std::string& text) {
    const absl::Status status = domain::CheckHeadroomFilter(
        snapshot, FromText<v1::HeadroomFilter>(text));
    return status.ok() ? "OK" : GetErrorCause(status)->reason;
  };
  EXPECT_EQ(filter("license_id: 'NEVER'"), "OK");
  EXPECT_EQ(filter("license_id: 'OTHER'"), "LICENSE_NOT_FOUND");
}

TEST_F(HeadroomTest, WhatARuleDoesNotCoverSaysSoAndHasNoNumber) {
  Accept(
      "rescind_policy { policy_id: 'p' effective_date: '2026-01-01' "
      "reason: 'r' }");
  const domain::Snapshot snapshot = ledger_.state().ToSnapshot();
  const auto why = [&](const std::string& group, const std::string& date) {
    const auto row =
        domain::GetHeadroom(On("2025-03-01", snapshot),
                            FromText<v1::GetHeadroomRequest>(absl::StrCat(
                                "policy_id: 'p' rule_id: 'yearly' group { "
                                "destination_country: '",
                                group, "' } on_date: '", date, "'")));
    if (row.ok()) return absl::StrCat("used ", row->used());
    EXPECT_EQ(GetErrorCause(row.status())->reason, "NOT_COVERED");
    return std::string(row.status().message());
  };
  EXPECT_EQ(why("BR", "2025-12-31"), "used 0");
  EXPECT_EQ(why("DE", "2025-12-31"),
            "rule p/yearly counts nothing of it on 2025-12-31: destination DE "
            "is not in its scope");
  const std::string in_force =
      ": its policy is in force from 2024-01-01 to before 2026-01-01";
  EXPECT_EQ(why("BR", "2023-12-31"),
            absl::StrCat("rule p/yearly counts nothing of it on 2023-12-31",
                         in_force));
  EXPECT_EQ(why("BR", "2026-01-01"),
            absl::StrCat("rule p/yearly counts nothing of it on 2026-01-01",
                         in_force));
  // What counted is there to be read.
  EXPECT_EQ(why("MY", "2025-12-31"), "used 600");
}

TEST_F(HeadroomTest, ARowSaysWhetherItsPolicyIsInForceInItsWindow) {
  Ship("MY", "2026", 1);
  Accept(
      "rescind_policy { policy_id: 'p' effective_date: '2026-02-01' "
      "reason: 'r' }");
  const domain::Snapshot snapshot = ledger_.state().ToSnapshot();
  std::vector<std::string> rows;
  for (const auto& [id, row] : domain::ListHeadroom(
           On("2026-03-01", snapshot),
           FromText<v1::HeadroomFilter>("destination_country: 'MY'"),
           std::nullopt, 100)) {
    rows.push_back(absl::StrCat(row.rule_id(), " ",
                                row.window_start().substr(0, 4),
                                row.in_force() ? " in force" : " not"));
  }
  EXPECT_EQ(rows, (std::vector<std::string>{"yearly 2024 in force",
                                            "yearly 2025 in force",
                                            "yearly 2026 not", "all  not"}));
}

TEST_F(HeadroomTest, OnlyRulesThatTheDestinationDecidesListAnUntouchedCountry) {
  Accept(R"pb(adopt_policy {
                policy {
                  policy_id: "by-party"
                  title: "B"
                  effective_from: "2026-01-01"
                  provenance {
                    citation: "c"
                    legal_status: LEGAL_STATUS_HISTORICAL
                    enforcement_status: ENFORCEMENT_STATUS_NOT_ENFORCED
                  }
                  rules {
                    rule_id: "nothing-for-x"
                    title: "N"
                    measure: MEASURE_GPUS
                    accrual: ACCRUAL_EXPORTED
                    scope {
                      group_by: GROUP_BY_DESTINATION_COUNTRY
                      where { consignees: "x" }
                    }
                    window { open {} }
                    limit { zero {} }
                    enforcement { mode: MODE_REFUSE }
                  }
                }
              })pb");
  EXPECT_EQ(List("policy_id: 'by-party' destination_country: 'BR'", 100),
            std::vector<std::string>());
}

}  // namespace
}  // namespace chipledger::testing
