// Goal: an explanation says of every rule what deciding did with a fact, and
// why. Method: for every entry of every shipped story, what is explained is
// compared with what was decided; and a small ledger whose rules pass a
// shipment over for one reason each, in words.
#include "ledger/domain/explanation.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/arena.h"
#include "gtest/gtest.h"
#include "ledger/domain/as_recorded.h"
#include "ledger/domain/decide.h"
#include "ledger/domain/event_facts.h"
#include "ledger/domain/history_before.h"
#include "ledger/domain/judgement.h"
#include "ledger/domain/whole_event.h"
#include "ledger/scenario/memory_ledger.h"
#include "ledger/scenario/runner.h"
#include "ledger/scenario/text_file.h"
#include "tests/support/commands.h"

namespace chipledger::testing {
namespace {

using google::protobuf::Arena;
using scenarios::MemoryLedger;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

namespace fs = std::filesystem;

constexpr char kPoliciesDir[] = CHIPLEDGER_POLICIES_DIR;

using Fact = v1::ExplainFactResponse::Fact;
using Reason = v1::ExplainFactResponse::RuleExplanation::Reason;

// What is explained of the decisions in a log.
struct Explained {
  size_t counted = 0;
  size_t passed_over = 0;
  size_t refused = 0;
  std::map<Reason::Kind, size_t> reasons;
};

// Every rule in force either counted something or says why not; and what it
// counted is what the event's judgement says.
void CheckAgainstDecided(const Fact& fact, const v1::Judgement& decided,
                         bool has_facts, const std::string& where,
                         Explained& explained) {
  std::vector<std::string> told;
  for (const auto& policy : fact.policies()) {
    EXPECT_TRUE(policy.not_in_force().empty() || policy.rules().empty());
    for (const auto& rule : policy.rules()) {
      for (const auto& evaluation : rule.evaluations()) {
        told.push_back(evaluation.ShortDebugString());
      }
      explained.counted += rule.evaluations().empty() ? 0 : 1;
      explained.passed_over += rule.evaluations().empty() ? 1 : 0;
      for (const Reason& reason : rule.reasons()) {
        ++explained.reasons[reason.kind()];
        EXPECT_FALSE(reason.description().empty()) << where;
      }
      const auto of_all = std::find_if(
          rule.reasons().begin(), rule.reasons().end(), [](const auto& reason) {
            return !reason.has_item() && reason.destination_country().empty();
          });
      EXPECT_TRUE(rule.evaluations().empty() || of_all == rule.reasons().end())
          << where << ": counted and passed over: " << rule.DebugString();
      EXPECT_TRUE(!has_facts || !rule.evaluations().empty() ||
                  !rule.reasons().empty())
          << where << ": " << policy.policy_id() << "/" << rule.rule_id()
          << " did nothing, and does not say why";
    }
  }
  std::vector<std::string> judged;
  for (const v1::RuleEvaluation& evaluation : decided.rules()) {
    judged.push_back(evaluation.ShortDebugString());
  }
  // A rule that gives back and counts anew is told together.
  std::sort(told.begin(), told.end());
  std::sort(judged.begin(), judged.end());
  EXPECT_EQ(told, judged) << where;
}

// The violations of a judgement, as they are told.
std::vector<std::string> ViolationsOf(const v1::Judgement& judgement) {
  std::vector<std::string> descriptions;
  for (const v1::Violation& violation : judgement.violations()) {
    descriptions.push_back(violation.description());
  }
  return descriptions;
}

void ExplainRefused(domain::State& before, const MemoryLedger& ledger,
                    const v1::Entry& entry, const std::string& where,
                    Explained& explained) {
  const domain::HistoryBefore log(ledger, entry.index());
  Arena arena;
  std::vector<v1::Command*> commands;
  for (const v1::Command& command : domain::CommandsOf(entry.event())) {
    commands.push_back(Arena::CreateMessage<v1::Command>(&arena));
    *commands.back() = command;
  }
  std::vector<std::string> violations;
  const auto refused = domain::VisitDecisions(
      before, log, commands, domain::RecordTimeNsOf(entry),
      domain::AskedBy::kLedger, &arena,
      [&](size_t, const domain::State& state, const domain::History& history,
          const v1::Event& event) {
        const auto fact = domain::ExplainEvent(
            state, history, {.event = event, .index = state.size()});
        if (!fact.ok()) return fact.status();
        CheckAgainstDecided(
            *fact, domain::JudgementOf(state.catalog(), event, state.size()),
            domain::HasFacts(event), where, explained);
        for (std::string& text : ViolationsOf(fact->judgement())) {
          violations.push_back(std::move(text));
        }
        return absl::OkStatus();
      });
  ASSERT_TRUE(refused.ok()) << where << ": " << refused.status();
  EXPECT_TRUE(*refused) << where;
  EXPECT_EQ(violations, ViolationsOf(domain::JudgementOf(
                            before.catalog(), entry.event(), entry.index())))
      << where;
  ++explained.refused;
}

// Explains every entry of a log on the state that it was decided on.
void ExplainLog(const MemoryLedger& log, const std::string& name,
                Explained& explained) {
  domain::State state(domain::State::Tracking::kNothing);
  while (state.size() < log.entries().size()) {
    const uint64_t index = state.size();
    const std::string where = absl::StrCat(name, ", entry ", index);
    v1::Entry entry;
    ASSERT_TRUE(entry.ParseFromString(log.entries()[index]));
    const auto event = log.ReadEvent(index);
    ASSERT_TRUE(event.ok()) << event.status();
    *entry.mutable_event() = **event;
    if (entry.event().has_refused()) {
      ExplainRefused(state, log, entry, where, explained);
    } else if (!entry.event().has_totals_reported()) {
      const auto fact = domain::ExplainEvent(
          state, log, {.event = entry.event(), .index = index});
      ASSERT_TRUE(fact.ok()) << where << ": " << fact.status();
      CheckAgainstDecided(
          *fact, domain::JudgementOf(state.catalog(), entry.event(), index),
          domain::HasFacts(entry.event()), where, explained);
    }
    ASSERT_TRUE(state.Fold(entry.event()).ok()) << where;
  }
}

TEST(ExplanationOfStories, SaysOfEveryRuleWhatDecidingDid) {
  Explained explained;
  for (const auto& file :
       fs::directory_iterator(absl::StrCat(kPoliciesDir, "/scenarios"))) {
    if (file.path().extension() != ".textproto") continue;
    const auto story = scenarios::ReadScenario(file.path().string());
    ASSERT_TRUE(story.ok()) << story.status();
    scenarios::RunScenario(
        *story, scenarios::FilesOf(file.path().string(), {kPoliciesDir}),
        [&](const MemoryLedger& ledger) {
          ExplainLog(ledger, file.path().filename().string(), explained);
        });
  }
  // The stories leave out what a license or a window does not fit.
  EXPECT_GT(explained.counted, 300u);
  EXPECT_GT(explained.passed_over, 300u);
  EXPECT_GT(explained.refused, 30u);
  for (const Reason::Kind kind :
       {Reason::KIND_ACCRUAL, Reason::KIND_MOVEMENT, Reason::KIND_AUTHORIZATION,
        Reason::KIND_DESTINATION, Reason::KIND_PARTY, Reason::KIND_HEADQUARTERS,
        Reason::KIND_ITEM, Reason::KIND_EXEMPTION, Reason::KIND_LIMIT}) {
    EXPECT_GT(explained.reasons[kind], 0u) << Reason::Kind_Name(kind);
  }
}

class ExplanationTest : public ::testing::Test {
 protected:
  ExplanationTest() {
    Accept(
        "register_product { product { product_code: 'H20' gpus_per_unit: 1 "
        "milli_tpp_per_gpu: 2368000 memory_bandwidth_mb_s: 4000000 source: 's' "
        "} }");
    Accept(
        "register_product { product { product_code: 'NEW' gpus_per_unit: 1 "
        "classification: '3A090.a' source: 's' } }");
    Accept("register_party { party { party_id: 'x' name: 'X' } }");
    Accept(
        "register_party { party { party_id: 'top' name: 'T' headquarters { "
        "country: 'CN' } } }");
    Accept(
        "register_party { party { party_id: 'lab' name: 'L' headquarters { "
        "country: 'SG' } ultimate_parents { party_id: 'top' } } }");
    Accept(
        "change_country_group { group_id: 'near' changes { country: 'SG' kind: "
        "KIND_JOIN } reason: 'r' }");
    Accept(
        "change_country_group { group_id: 'none' changes { country: 'FR' kind: "
        "KIND_JOIN } reason: 'r' }");
    Accept(
        "change_country_group { group_id: 'far' changes { country: 'CN' kind: "
        "KIND_JOIN effective_date: '2025-02-01' } reason: 'r' }");
  }

  void Accept(const std::string& text) {
    const auto outcome = ledger_.Submit({Cmd(text)});
    ASSERT_TRUE(outcome.status.ok()) << text << outcome.status;
    ASSERT_FALSE(outcome.refused) << text;
  }

  // Adopts a policy with one rule, which counts GPUs that are exported unless
  // `rest` says otherwise, and explains a shipment by it.
  std::vector<std::string> WhyNot(
      const std::string& rest,
      const std::string& shipment = "items { product_code: 'H20' quantity: 1 }",
      const std::string& of_policy = "") {
    const bool has_window = rest.find("window") != std::string::npos;
    const bool has_limit = rest.find("limit") != std::string::npos;
    Accept(absl::StrCat(
        "adopt_policy { policy { policy_id: 'p", ++policies_,
        "' title: 'P' effective_from: '2025-01-01' provenance { citation: 'c' "
        "legal_status: LEGAL_STATUS_IN_FORCE enforcement_status: "
        "ENFORCEMENT_STATUS_ENFORCED } ",
        of_policy,
        " rules { rule_id: 'r' title: 'R' measure: MEASURE_GPUS enforcement { "
        "mode: MODE_REFUSE } ",
        rest.find("accrual") != std::string::npos
            ? ""
            : "accrual: ACCRUAL_EXPORTED ",
        has_window ? "" : "window { open {} } ",
        has_limit ? "" : "limit { constant: '5' } ", rest, "} } }"));
    const Fact fact = Explain(shipment);
    EXPECT_THAT(fact.policies(), SizeIs(policies_));
    std::vector<std::string> reasons;
    for (const auto& rule : fact.policies().rbegin()->rules()) {
      for (const Reason& reason : rule.reasons()) {
        reasons.push_back(reason.description());
      }
    }
    return reasons;
  }

  // A shipment of lab's to Singapore on 2025-03-01, as it would be decided.
  Fact Explain(const std::string& rest) {
    Arena arena;
    auto* command = Arena::CreateMessage<v1::Command>(&arena);
    *command = Cmd(absl::StrCat(
        "record_shipment { assurance: ASSURANCE_BEFORE_EXPORT shipment { "
        "exporter: 'x' shipment_reference: 'S' export_date: '2025-03-01' "
        "destination_country: 'SG' consignee: 'lab' ",
        rest, "} }"));
    Fact fact;
    // The state is the story's; explaining must leave it as it is.
    domain::State state;
    for (uint64_t i = 0; i < ledger_.entries().size(); ++i) {
      EXPECT_TRUE(state.Fold(**ledger_.ReadEvent(i)).ok());
    }
    const auto refused = domain::VisitDecisions(
        state, ledger_, {command}, ledger_.now_ns(), domain::AskedBy::kAnyone,
        &arena,
        [&](size_t, const domain::State& before, const domain::History& history,
            const v1::Event& event) {
          const auto explained = domain::ExplainEvent(
              before, history, {.event = event, .index = before.size()});
          if (explained.ok()) fact = *explained;
          return explained.status();
        });
    EXPECT_TRUE(refused.ok()) << refused.status();
    refused_ = refused.ok() && *refused;
    EXPECT_EQ(state.size(), ledger_.state().size());
    return fact;
  }

  MemoryLedger ledger_;
  int policies_ = 0;
  bool refused_ = false;
};

TEST_F(ExplanationTest, SaysWhichPartOfAScopeDoesNotSelectTheFact) {
  EXPECT_THAT(WhyNot("scope { where { movements: MOVEMENT_REEXPORT } }"),
              ElementsAre("it is an export; the rule is for a re-export"));
  EXPECT_THAT(WhyNot("scope { where { authorization_kinds: "
                     "[AUTHORIZATION_KIND_LPP, AUTHORIZATION_KIND_NVEU] } }"),
              ElementsAre("its authorization is not stated; the rule is "
                          "for LPP or NVEU"));
  EXPECT_THAT(WhyNot("scope { where { license_ids: 'D1' } }"),
              ElementsAre("it is under no license; the rule is for D1"));
  EXPECT_THAT(WhyNot("scope { where { destination_countries: ['CN', 'HK', "
                     "'MO'] } }"),
              ElementsAre("SG is not CN, HK or MO"));
  EXPECT_THAT(WhyNot("scope { where { destination_groups: 'far' } }"),
              ElementsAre("SG is not in far on 2025-03-01"));
  EXPECT_THAT(
      WhyNot("scope { where { except_destination_groups: 'near' } }"),
      ElementsAre("SG is in near on 2025-03-01, which the rule leaves out"));
  EXPECT_THAT(WhyNot("scope { where { exporters: 'lab' } }"),
              ElementsAre("exporter x is not lab"));
  EXPECT_THAT(WhyNot("scope { where { consignees: ['x', 'top'] } }"),
              ElementsAre("consignee lab is not x or top"));
  EXPECT_THAT(
      WhyNot("scope { where { end_users: 'top' } }"),
      ElementsAre("it has no registered end user; the rule is for top"));
}

TEST_F(ExplanationTest, SaysWhereThePartiesAreHeadquartered) {
  EXPECT_THAT(
      WhyNot("scope { where { ultimate_parents: 'x' } }"),
      ElementsAre("lab (headquartered in SG; owned in the end by top, "
                  "headquartered in CN); the rule is for what x owns in the "
                  "end"));
  EXPECT_THAT(
      WhyNot("scope { where { headquarters_groups: 'none' } }"),
      ElementsAre("lab (headquartered in SG; owned in the end by top, "
                  "headquartered in CN); none is headquartered in none on "
                  "2025-03-01"));
  EXPECT_THAT(
      WhyNot("scope { where { except_headquarters_groups: 'far' } }"),
      ElementsAre("top is headquartered in CN, which is in far on 2025-03-01, "
                  "and the rule leaves those out"));
}

TEST_F(ExplanationTest, SaysWhatTheRuleCountsInstead) {
  EXPECT_THAT(
      WhyNot("accrual: ACCRUAL_LICENSED revocation_effect: "
             "REVOCATION_EFFECT_KEEP_CHARGE"),
      ElementsAre("it is a shipment; the rule counts licenses when they are "
                  "granted"));
  EXPECT_THAT(
      WhyNot("window { fixed { from: '2025-04-01' to: '2026-01-01' } }"),
      ElementsAre("2025-03-01 is not from 2025-04-01 to before 2026-01-01"));
  EXPECT_THAT(WhyNot("window { validity_of_authorization {} } scope { "
                     "group_by: GROUP_BY_LICENSE }"),
              ElementsAre("its totals run from the grant of a license on, and "
                          "there is none"));
}

TEST_F(ExplanationTest, SaysOfEachItemWhyItDoesNotCount) {
  const std::string both =
      "items { product_code: 'NEW' quantity: 1 } items { product_code: 'H20' "
      "quantity: 2 }";
  EXPECT_THAT(WhyNot("items { classifications: ['3A090.a', '4A090.a'] }", both),
              ElementsAre("H20 is not classified, and the rule counts 3A090.a "
                          "or 4A090.a"));
  EXPECT_THAT(
      WhyNot("items { min_milli_tpp: 4800000 }", both),
      ElementsAre("NEW has a TPP that is not known, and the rule counts from "
                  "4,800 TPP",
                  "H20 has 2,368 TPP, and the rule counts from 4,800 TPP"));
  EXPECT_THAT(WhyNot("items { below_memory_bandwidth_mb_s: 4000000 "
                     "product_codes: 'H20' }",
                     both),
              ElementsAre("NEW is another product, and the rule counts H20; "
                          "has a memory bandwidth that is not known, and "
                          "the rule counts below 4000000 MB/s",
                          "H20 has a memory bandwidth of 4000000 MB/s, and the "
                          "rule counts below 4000000 MB/s"));
}

TEST_F(ExplanationTest, SaysWhichExemptionTakesAnItemOut) {
  EXPECT_THAT(
      WhyNot("exemptions { before: '2025-02-01' } exemptions { parties: 'top' "
             "from: '2025-01-15' citation: 'Supp. 8' }"),
      ElementsAre("exempt: dated from 2025-01-15, for top"));
  const Fact fact = Explain("items { product_code: 'H20' quantity: 1 }");
  const Reason& reason = fact.policies(0).rules(0).reasons(0);
  EXPECT_EQ(reason.kind(), Reason::KIND_EXEMPTION);
  EXPECT_EQ(reason.citation(), "Supp. 8");
  EXPECT_EQ(reason.item(), 0);
}

TEST_F(ExplanationTest, ShowsWhatCountsAndWhyThatIsRefused) {
  EXPECT_THAT(WhyNot("scope { group_by: GROUP_BY_DESTINATION_COUNTRY }",
                     "items { product_code: 'H20' quantity: 7 }"),
              IsEmpty());
  EXPECT_TRUE(refused_);
  const Fact fact = Explain("items { product_code: 'H20' quantity: 5 }");
  EXPECT_FALSE(refused_);
  EXPECT_EQ(fact.description(), "shipment x/S to SG, 5 units");
  EXPECT_EQ(fact.effective_date(), "2025-03-01");
  // What is within its limit is shown with its numbers, refused or not.
  const v1::RuleEvaluation& evaluation =
      fact.policies(0).rules(0).evaluations(0);
  EXPECT_EQ(evaluation.group().destination_country(), "SG");
  EXPECT_EQ(evaluation.asked(), 5);
  EXPECT_EQ(evaluation.headroom_after(), 0);
  EXPECT_EQ(evaluation.verdict(), v1::VERDICT_WITHIN_LIMIT);
}

TEST_F(ExplanationTest, SaysWhyAPolicyLookedAtNothing) {
  WhyNot("", "items { product_code: 'H20' quantity: 1 }",
         "effective_to: '2025-02-01'");
  const Fact fact = Explain("items { product_code: 'H20' quantity: 1 }");
  EXPECT_EQ(fact.policies(0).not_in_force(),
            "is in force from 2025-01-01 to before 2025-02-01");
  EXPECT_THAT(fact.policies(0).rules(), IsEmpty());
}

// A request may have as many items as rules look at: 100 shipments of 50.
TEST_F(ExplanationTest, AnAnswerHasRoomForSomeRulesOnly) {
  Fact fact = Explain("items { product_code: 'H20' quantity: 5 }");
  for (int i = 0; i < 10; ++i) {
    auto& policy = *fact.add_policies();
    policy.set_policy_id(absl::StrCat("p", i));
    for (int r = 0; r < 10; ++r) {
      policy.add_rules()->add_reasons()->set_description(std::string(100, 'x'));
    }
  }
  const Fact whole = fact;
  domain::ShortenExplanation(fact, whole.ByteSizeLong());
  EXPECT_EQ(fact.left_out(), 0u);
  EXPECT_EQ(fact.ByteSizeLong(), whole.ByteSizeLong());
  domain::ShortenExplanation(fact, whole.ByteSizeLong() / 2);
  EXPECT_LE(fact.ByteSizeLong(), whole.ByteSizeLong() / 2 + 10);
  // The last go first, and no more than must.
  EXPECT_GT(fact.left_out(), 40u);
  EXPECT_LT(fact.left_out(), 60u);
  EXPECT_EQ(fact.policies(0).rules_size(), 10);
  EXPECT_EQ(fact.policies(9).rules_size(), 0);
}

TEST_F(ExplanationTest, TreatsACountryAsThePolicyDoes) {
  EXPECT_THAT(WhyNot("scope { where { destination_groups: 'near' } }",
                     "items { product_code: 'H20' quantity: 1 }",
                     "country_treatments { country: 'SG' treated_as: 'CN' }"),
              ElementsAre("SG, treated as CN, is not in near on 2025-03-01"));
}

}  // namespace
}  // namespace chipledger::testing
