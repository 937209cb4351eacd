// Goal: entries hold facts and numbers, readers get the words: whatever an
// event says, it says from its evidence, with every violated rule, and truly.
#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "chipledger/v1/event.pb.h"
#include "gtest/gtest.h"
#include "ledger/domain/decide.h"
#include "ledger/domain/judgement.h"
#include "ledger/scenario/memory_ledger.h"
#include "ledger/scenario/runner.h"
#include "ledger/scenario/text_file.h"
#include "tests/support/commands.h"

namespace chipledger::testing {
namespace {

using scenarios::MemoryLedger;

namespace fs = std::filesystem;

constexpr char kPoliciesDir[] = CHIPLEDGER_POLICIES_DIR;

// What was decided of an event, as stored.
std::string StoredEvidence(const v1::Event& event) {
  std::string bytes;
  for (const v1::Evidence& refused : event.refused().evidence()) {
    bytes += refused.SerializeAsString();
  }
  if (const v1::Evidence* evidence = domain::EvidenceOf(event)) {
    bytes += evidence->SerializeAsString();
  }
  if (const v1::Evidence* reversal = domain::ReversalOf(event)) {
    bytes += reversal->SerializeAsString();
  }
  return bytes;
}

// The words that readers get of an event.
std::set<std::string> WordsOf(const v1::Judgement& judgement) {
  std::set<std::string> words;
  for (const v1::RuleEvaluation& rule : judgement.rules()) {
    words.insert({rule.policy_id(), rule.rule_id()});
  }
  for (const v1::Violation& violation : judgement.violations()) {
    words.insert({violation.policy_id(), violation.rule_id(),
                  violation.citation(), violation.description()});
  }
  words.erase("");
  return words;
}

// So that a message can be reworded, and a rule renamed in an answer, without
// an old log becoming another one.
TEST(StoredWords, NoneIsStoredOfAnyStory) {
  size_t judged = 0;
  for (const auto& file :
       fs::directory_iterator(absl::StrCat(kPoliciesDir, "/scenarios"))) {
    if (file.path().extension() != ".textproto") continue;
    const auto story = scenarios::ReadScenario(file.path().string());
    ASSERT_TRUE(story.ok()) << story.status();
    const auto look = [&](const MemoryLedger& ledger) {
      for (const std::string& stored : ledger.entries()) {
        v1::Entry entry;
        ASSERT_TRUE(entry.ParseFromString(stored));
        const std::string evidence = StoredEvidence(entry.event());
        const v1::Judgement judgement = domain::JudgementOf(
            ledger.state().catalog(), entry.event(), entry.index());
        for (const std::string& word : WordsOf(judgement)) {
          EXPECT_FALSE(absl::StrContains(evidence, word))
              << file.path() << ", entry " << entry.index() << ": " << word;
          ++judged;
        }
      }
    };
    scenarios::RunScenario(
        *story, scenarios::FilesOf(file.path().string(), {kPoliciesDir}), look);
  }
  EXPECT_GT(judged, 500u);
}

class EvidenceTest : public ::testing::Test {
 protected:
  EvidenceTest() {
    Accept(R"pb(register_product {
                  product {
                    product_code: "H100"
                    gpus_per_unit: 1
                    milli_tpp_per_gpu: 15832000
                    source: "s"
                  }
                })pb");
    Accept(R"pb(register_product {
                  product { product_code: "NEW" gpus_per_unit: 1 source: "s" }
                })pb");
    Accept(R"pb(register_party { party { party_id: "x" name: "X" } })pb");
    Accept(R"pb(grant_license {
                  license {
                    license_id: "D1"
                    exporter: "x"
                    destination_countries: "MY"
                    grant_date: "2025-01-01"
                    expiry_date: "2026-12-31"
                    lines { line_number: 1 product_code: "H100" quantity: 100 }
                    lines { line_number: 2 product_code: "NEW" quantity: 100 }
                  }
                })pb");
  }

  void Accept(const std::string& text) {
    const auto outcome = ledger_.Submit({Cmd(text)});
    ASSERT_TRUE(outcome.status.ok()) << outcome.status;
    ASSERT_FALSE(outcome.refused) << text;
  }

  // A rule as text: what it limits and how.
  static v1::Rule Rule(const std::string& rule_id, const std::string& rest) {
    v1::Rule rule = FromText<v1::Rule>(absl::StrCat(
        "title: 'R' accrual: ACCRUAL_EXPORTED window { open {} } ", rest));
    rule.set_rule_id(rule_id);
    return rule;
  }

  void Adopt(const std::string& policy_id, const std::string& citation,
             const std::vector<v1::Rule>& rules) {
    v1::Command command = Cmd(
        "adopt_policy { policy { title: 'P' effective_from: '2020-01-01' "
        "provenance { legal_status: LEGAL_STATUS_IN_FORCE enforcement_status: "
        "ENFORCEMENT_STATUS_ENFORCED } } }");
    v1::Policy& policy = *command.mutable_adopt_policy()->mutable_policy();
    policy.set_policy_id(policy_id);
    policy.mutable_provenance()->set_citation(citation);
    for (const v1::Rule& rule : rules) *policy.add_rules() = rule;
    const auto outcome = ledger_.Submit({command});
    ASSERT_TRUE(outcome.status.ok()) << outcome.status;
    ASSERT_TRUE(ledger_.CountLateAdoptions().ok());
  }

  static v1::Command Ship(const std::string& reference, int64_t units,
                          const std::string& product = "H100") {
    v1::Command command = Cmd(
        "record_shipment { assurance: ASSURANCE_BEFORE_EXPORT shipment { "
        "exporter: 'x' export_date: '2025-05-05' destination_country: 'MY' } "
        "}");
    v1::Shipment& shipment =
        *command.mutable_record_shipment()->mutable_shipment();
    shipment.set_shipment_reference(reference);
    v1::Item& item = *shipment.add_items();
    item.set_product_code(product);
    item.set_quantity(units);
    return command;
  }

  // The violations of a command that must be refused.
  std::vector<v1::Violation> Refused(const v1::Command& command) {
    const auto outcome = ledger_.Submit({command});
    EXPECT_TRUE(outcome.status.ok()) << outcome.status;
    EXPECT_TRUE(outcome.refused);
    if (outcome.judgements.empty()) return {};
    const auto& violations = outcome.judgements[0].violations();
    return {violations.begin(), violations.end()};
  }

  // The one sentence of such a refusal.
  std::string Sentence(const v1::Command& command) {
    const std::vector<v1::Violation> violations = Refused(command);
    EXPECT_EQ(violations.size(), 1u);
    return violations.empty() ? "" : violations[0].description();
  }

  v1::Event LastEvent() const {
    v1::Entry entry;
    EXPECT_TRUE(entry.ParseFromString(ledger_.entries().back()));
    return entry.event();
  }

  MemoryLedger ledger_;
};

TEST_F(EvidenceTest, ARefusalListsWhatOnlyReportsAndWhatIsPassedOver) {
  Adopt("caps", "c",
        {Rule("watched",
              "measure: MEASURE_GPUS limit { constant: '7' } "
              "enforcement { mode: MODE_REPORT_ONLY }"),
         Rule("presumed",
              "measure: MEASURE_GPUS limit { constant: '8' } "
              "enforcement { mode: MODE_PRESUME_DENIAL }"),
         Rule("refused",
              "measure: MEASURE_GPUS limit { constant: '9' } "
              "enforcement { mode: MODE_REFUSE }"),
         Rule("wide",
              "measure: MEASURE_GPUS limit { constant: '90' } "
              "enforcement { mode: MODE_REFUSE }")});
  v1::Command command = Ship("S1", 10);
  *command.mutable_record_shipment()->add_overrides() = FromText<v1::Override>(
      "policy_id: 'caps' rule_id: 'presumed' "
      "reason: 'r' citation: 'c'");
  const std::vector<v1::Violation> violations = Refused(command);
  ASSERT_EQ(violations.size(), 3u);
  EXPECT_EQ(violations[0].rule_id(), "watched");
  EXPECT_EQ(violations[0].verdict(), v1::VERDICT_REPORTED);
  EXPECT_EQ(violations[0].excess(), 3);
  EXPECT_EQ(violations[1].rule_id(), "presumed");
  EXPECT_EQ(violations[1].verdict(), v1::VERDICT_OVERRIDDEN);
  EXPECT_EQ(violations[2].rule_id(), "refused");
  EXPECT_EQ(violations[2].verdict(), v1::VERDICT_VIOLATED);
  EXPECT_EQ(violations[2].limit(), 9);
  EXPECT_EQ(violations[2].headroom(), 9);
}

TEST_F(EvidenceTest, ViolationsOfTheLicenseComeFirstAndBelongToNoPolicy) {
  Adopt("caps", "c",
        {Rule("tpp",
              "measure: MEASURE_TPP limit { constant: '7' } "
              "enforcement { mode: MODE_REFUSE }"),
         Rule("gpus",
              "measure: MEASURE_GPUS limit { constant: '9' } "
              "enforcement { mode: MODE_REFUSE }")});
  const auto violations = Refused(UnderLicense(Ship("S1", 101, "NEW"), "D1"));
  ASSERT_EQ(violations.size(), 3u);
  EXPECT_EQ(violations[0].rule_id(), "quantity_exhausted");
  EXPECT_EQ(violations[0].policy_id(), "");
  EXPECT_EQ(violations[0].excess(), 1);
  EXPECT_EQ(violations[1].rule_id(), "tpp_unknown");
  EXPECT_EQ(violations[1].policy_id(), "caps");
  EXPECT_EQ(violations[2].rule_id(), "gpus");
}

TEST_F(EvidenceTest, TheStandingOfALicenseIsToldWithTheDateFromWhichItHolds) {
  Accept(R"pb(suspend_license {
                license_id: "D1"
                effective_date: "2025-04-01"
                reason: "r"
              })pb");
  EXPECT_EQ(Sentence(UnderLicense(Ship("S1", 1), "D1")),
            "license D1 was suspended from 2025-04-01 on, and the export date "
            "is 2025-05-05");
  Accept(R"pb(revoke_license {
                license_id: "D1"
                effective_date: "2025-03-01"
                reason: "r"
              })pb");
  EXPECT_EQ(Sentence(UnderLicense(Ship("S1", 1), "D1")),
            "license D1 was revoked from 2025-03-01 on, and the export date is "
            "2025-05-05");
}

TEST_F(EvidenceTest, AnAmendmentBelowWhatWasDrawnSaysWhatWasDrawn) {
  const auto shipped = ledger_.Submit({UnderLicense(Ship("S1", 70), "D1")});
  ASSERT_TRUE(shipped.status.ok()) << shipped.status;
  ASSERT_FALSE(shipped.refused);
  const auto amended = ledger_.Submit({Cmd(R"pb(
    amend_license {
      reason: "r"
      license {
        license_id: "D1"
        exporter: "x"
        destination_countries: "MY"
        grant_date: "2025-01-01"
        expiry_date: "2026-12-31"
        lines { line_number: 1 product_code: "H100" quantity: 50 }
      }
    })pb")});
  EXPECT_EQ(std::string(amended.status.message()),
            "license D1 line 1 has 70 units shipped or reserved, more than the "
            "50 of the amendment; authorize at least 70");
}

// So that an explanation years later needs no catalog of then.
TEST_F(EvidenceTest, WhatTheCatalogSaidIsKept) {
  Accept(R"pb(register_product {
                product {
                  product_code: "A900"
                  gpus_per_unit: 8
                  memory_bandwidth_mb_s: 3350000
                  classification: "4A090"
                  source: "s"
                }
              })pb");
  Accept(R"pb(register_party {
                party {
                  party_id: "holding"
                  name: "H"
                  headquarters { country: "SG" effective_from: "2020-01-01" }
                }
              })pb");
  Accept(R"pb(register_party {
                party {
                  party_id: "daughter"
                  name: "D"
                  headquarters { country: "MY" effective_from: "2020-01-01" }
                  ultimate_parents {
                    party_id: "holding"
                    effective_from: "2020-01-01"
                  }
                }
              })pb");
  v1::Command command = Ship("S1", 1);
  v1::Shipment& shipment =
      *command.mutable_record_shipment()->mutable_shipment();
  v1::Item& second = *shipment.add_items();
  second.set_product_code("A900");
  second.set_quantity(2);
  shipment.set_consignee("daughter");
  shipment.set_end_user("holding");
  const auto recorded = ledger_.Submit({command});
  ASSERT_TRUE(recorded.status.ok()) << recorded.status;
  const v1::Event event = LastEvent();
  const v1::Evidence& evidence = *domain::EvidenceOf(event);
  const v1::Evidence expected = FromText<v1::Evidence>(R"pb(
    figures { gpus_per_unit: 1 milli_tpp_per_gpu: 15832000 }
    figures {
      gpus_per_unit: 8
      memory_bandwidth_mb_s: 3350000
      classification: "4A090"
    }
    parties {
      headquarters_country: "MY"
      ultimate_parent: "holding"
      parent_headquarters_country: "SG"
    }
    parties { headquarters_country: "SG" }
  )pb");
  EXPECT_EQ(evidence.ShortDebugString(), expected.ShortDebugString());
}

// Which items a total counts is kept where a receipt moves a part of it; what
// each counts is not.
TEST_F(EvidenceTest, TheItemsThatMoveLaterAreKept) {
  v1::Rule all = Rule("all",
                      "measure: MEASURE_GPUS limit { constant: '900' } "
                      "enforcement { mode: MODE_REFUSE }");
  v1::Rule some = Rule("some",
                       "measure: MEASURE_GPUS limit { constant: '900' } "
                       "items { product_codes: 'NEW' } "
                       "enforcement { mode: MODE_REFUSE }");
  v1::Rule exported = all;
  exported.set_rule_id("exported");
  all.set_accrual(v1::ACCRUAL_RECEIVED);
  some.set_accrual(v1::ACCRUAL_RECEIVED);
  Adopt("caps", "c", {all, some, exported});
  v1::Command command = Ship("S1", 30);
  v1::Item& second =
      *command.mutable_record_shipment()->mutable_shipment()->add_items();
  second.set_product_code("NEW");
  second.set_quantity(10);
  ASSERT_TRUE(ledger_.Submit({command}).status.ok());
  const v1::Event event = LastEvent();
  const v1::TouchedTotals& totals = domain::EvidenceOf(event)->totals(0);
  EXPECT_EQ(std::vector<uint32_t>(totals.items().begin(), totals.items().end()),
            std::vector<uint32_t>({1, 2}));
  ASSERT_EQ(totals.item_sets_size(), 2);
  EXPECT_EQ(totals.item_sets(0).ShortDebugString(), "");
  EXPECT_EQ(totals.item_sets(1).ShortDebugString(), "numbers: 1");

  Accept(R"pb(receive_shipment {
                shipment { exporter: "x" shipment_reference: "S1" }
                effective_date: "2025-05-06"
                units { item: 1 quantity: 4 }
              })pb");
  std::vector<std::pair<int64_t, int64_t>> used_and_reserved;
  for (const auto& [key, total] : ledger_.state().SortedTotals()) {
    used_and_reserved.emplace_back(total.sum.used, total.sum.reserved);
  }
  const std::vector<std::pair<int64_t, int64_t>> expected = {
      {4, 36}, {4, 6}, {40, 0}};
  EXPECT_EQ(used_and_reserved, expected);
}

// A rule over licenses, for some destinations together.
v1::Rule PooledRule(const std::string& countries, int limit) {
  return FromText<v1::Rule>(absl::StrCat(
      "rule_id: 'pooled' title: 'R' measure: MEASURE_GPUS accrual: "
      "ACCRUAL_LICENSED revocation_effect: REVOCATION_EFFECT_RELEASE_UNSHIPPED "
      "window { open {} } enforcement { mode: MODE_REFUSE } limit { constant: "
      "'",
      limit, "' } scope { where { destination_countries: [", countries,
      "] } }"));
}

TEST_F(EvidenceTest, ATotalIsJudgedOnceOnAllThatARequestDoesToIt) {
  Adopt("caps", "c", {PooledRule("'SG', 'ID'", 10)});
  const auto violations = Refused(Cmd(R"pb(
    grant_license {
      license {
        license_id: "D2"
        exporter: "x"
        destination_countries: [ "ID", "SG" ]
        grant_date: "2025-01-02"
        expiry_date: "2026-12-31"
        lines {
          line_number: 1
          product_code: "H100"
          quantity: 6
          destination_country: "ID"
        }
        lines {
          line_number: 2
          product_code: "H100"
          quantity: 6
          destination_country: "SG"
        }
      }
    })pb"));
  ASSERT_EQ(violations.size(), 1u);
  EXPECT_EQ(violations[0].used(), 0);
  EXPECT_EQ(violations[0].asked(), 12);
  EXPECT_EQ(violations[0].headroom(), 10);
  EXPECT_EQ(violations[0].excess(), 2);
}

TEST_F(EvidenceTest, ItemsThatDrawFromOneRevokedLicenseAreJudgedTogether) {
  Adopt("caps", "c", {PooledRule("'MY'", 1'000)});
  Accept(R"pb(revoke_license {
                license_id: "D1"
                effective_date: "2025-03-01"
                reason: "r"
              })pb");
  v1::Command command = UnderLicense(Ship("S1", 5), "D1");
  v1::RecordShipment& record = *command.mutable_record_shipment();
  record.set_assurance(v1::ASSURANCE_AFTER_THE_FACT);
  v1::Item& second = *record.mutable_shipment()->add_items();
  second.set_product_code("H100");
  second.set_quantity(7);
  const auto outcome = ledger_.Submit({command});
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  ASSERT_FALSE(outcome.refused);
  // What the revocation gave back counts again, once.
  const auto& rules = outcome.judgements[0].rules();
  ASSERT_EQ(rules.size(), 1) << outcome.judgements[0].DebugString();
  EXPECT_EQ(rules[0].used(), 0);
  EXPECT_EQ(rules[0].asked(), 12);
}

// The policies that a request itself adopts are in no catalog when it is
// refused.
TEST_F(EvidenceTest, ARefusalNamesThePolicyThatItsOwnRequestAdopts) {
  v1::Command adopt = Cmd(
      "adopt_policy { policy { policy_id: 'new' title: 'P' effective_from: "
      "'2027-01-01' provenance { citation: 'the gazette' legal_status: "
      "LEGAL_STATUS_IN_FORCE enforcement_status: ENFORCEMENT_STATUS_ENFORCED } "
      "} }");
  *adopt.mutable_adopt_policy()->mutable_policy()->add_rules() =
      Rule("few",
           "measure: MEASURE_GPUS limit { constant: '7' } "
           "enforcement { mode: MODE_REFUSE }");
  v1::Command ship = Ship("S1", 10);
  ship.mutable_record_shipment()->mutable_shipment()->set_export_date(
      "2027-01-02");
  for (const bool validate_only : {true, false}) {
    const auto outcome = ledger_.Submit({adopt, ship}, validate_only);
    ASSERT_TRUE(outcome.status.ok()) << outcome.status;
    ASSERT_TRUE(outcome.refused);
    ASSERT_EQ(outcome.judgements[0].violations_size(), 1);
    const v1::Violation& violation = outcome.judgements[0].violations(0);
    EXPECT_EQ(violation.policy_id(), "new");
    EXPECT_EQ(violation.citation(), "the gazette");
    EXPECT_EQ(violation.command_index(), 1u);
  }
}

// What has left is recorded whatever it violates, and can be corrected and
// voided.
TEST_F(EvidenceTest, AShipmentOfManyItemsThatViolatesManyRulesFitsItsEntry) {
  constexpr int kItems = 100;
  constexpr int kRules = 40;
  std::vector<v1::Rule> rules;
  for (int i = 0; i < kRules; ++i) {
    rules.push_back(Rule(absl::StrCat(i, std::string(60, 'r')),
                         "measure: MEASURE_GPUS limit { zero {} } "
                         "enforcement { mode: MODE_REFUSE }"));
  }
  Adopt(std::string(64, 'p'), std::string(2'048, 'c'), rules);
  v1::Command record = Ship("S1", 1'000'000'000);
  record.mutable_record_shipment()->set_assurance(v1::ASSURANCE_AFTER_THE_FACT);
  v1::Shipment& shipment =
      *record.mutable_record_shipment()->mutable_shipment();
  while (shipment.items_size() < kItems) {
    *shipment.add_items() = shipment.items(0);
  }
  const auto recorded = ledger_.Submit({record});
  ASSERT_TRUE(recorded.status.ok()) << recorded.status;
  ASSERT_FALSE(recorded.refused);
  const v1::Judgement& judgement = recorded.judgements[0];
  ASSERT_EQ(judgement.violations_size(), kRules);
  EXPECT_EQ(judgement.violations(39).asked(), 100'000'000'000);
  EXPECT_EQ(judgement.violations(39).citation(), std::string(2'048, 'c'));

  v1::Command correct;
  v1::CorrectShipment& corrected = *correct.mutable_correct_shipment();
  *corrected.mutable_shipment() = shipment;
  corrected.mutable_shipment()->mutable_items(0)->set_quantity(1);
  corrected.set_assurance(v1::ASSURANCE_AFTER_THE_FACT);
  corrected.set_reason("r");
  EXPECT_TRUE(ledger_.Submit({correct}).status.ok());
  Accept(R"pb(void_shipment {
                exporter: "x"
                shipment_reference: "S1"
                reason: "r"
                recorded_in_error: "e"
              })pb");
  for (const auto& [key, total] : ledger_.state().SortedTotals()) {
    EXPECT_EQ(total.sum.used, 0);
  }
}

}  // namespace
}  // namespace chipledger::testing
