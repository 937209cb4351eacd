// Goal: what must hold for every history. Method: random requests (grants,
// amendments, suspensions, revocations, shipments, voids, corrections; single
// and atomic) on a ledger with refusing and reporting rules, checked against a
// model that adds up what stands.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ledger/domain/decide.h"
#include "ledger/domain/judgement.h"
#include "ledger/scenario/memory_ledger.h"
#include "rapidcheck/gtest.h"
#include "tests/domain/restarts.h"
#include "tests/support/commands.h"

namespace chipledger::testing {
namespace {

using scenarios::MemoryLedger;
using scenarios::ReplayTotals;

constexpr int64_t kCountryLimitGpus = 500;
constexpr int64_t kLicensedLimitTpp = 9'000'000;

// A ledger with two products and three rules: country GPUs when exported
// (refuses), TPP when licensed (refuses, releases on revocation), and all GPUs
// (reports).
MemoryLedger MakeLedger() {
  MemoryLedger ledger;
  for (const char* text :
       {R"pb(register_product {
               product {
                 product_code: "A"
                 gpus_per_unit: 1
                 milli_tpp_per_gpu: 1000
                 source: "s"
               }
             })pb",
        R"pb(register_product {
               product {
                 product_code: "B"
                 gpus_per_unit: 8
                 milli_tpp_per_gpu: 2500
                 source: "s"
               }
             })pb",
        R"pb(register_party { party { party_id: "x" name: "X" } })pb"}) {
    EXPECT_TRUE(ledger.Submit({Cmd(text)}).status.ok());
  }
  const auto adopted = ledger.Submit({Cmd(absl::StrCat(
      R"(adopt_policy { policy {
           policy_id: "p" title: "P" effective_from: "2025-01-01"
           provenance { citation: "c" legal_status: LEGAL_STATUS_IN_FORCE
                        enforcement_status: ENFORCEMENT_STATUS_ENFORCED }
           rules { rule_id: "exported" title: "E" measure: MEASURE_GPUS
             accrual: ACCRUAL_EXPORTED
             scope { group_by: GROUP_BY_DESTINATION_COUNTRY }
             window { open {} } limit { constant: ")",
      kCountryLimitGpus, R"(" } enforcement { mode: MODE_REFUSE } }
           rules { rule_id: "licensed" title: "L" measure: MEASURE_TPP
             accrual: ACCRUAL_LICENSED
             revocation_effect: REVOCATION_EFFECT_RELEASE_UNSHIPPED
             scope { group_by: GROUP_BY_DESTINATION_COUNTRY }
             window { open {} } limit { constant: ")",
      kLicensedLimitTpp / 1000, R"(" } enforcement { mode: MODE_REFUSE } }
           rules { rule_id: "all" title: "A" measure: MEASURE_GPUS
             accrual: ACCRUAL_EXPORTED window { open {} } limit { none {} }
             enforcement { mode: MODE_REPORT_ONLY } } } })"))});
  EXPECT_TRUE(adopted.status.ok()) << adopted.status;
  return ledger;
}

std::string Pick(std::initializer_list<const char*> choices) {
  return *rc::gen::elementOf(
      std::vector<std::string>(choices.begin(), choices.end()));
}

int Number(int from, int below) { return *rc::gen::inRange(from, below); }

void FillShipment(v1::Shipment& shipment, int reference) {
  shipment.set_exporter("x");
  shipment.set_shipment_reference(absl::StrCat("S", reference));
  shipment.set_export_date(absl::StrCat("2025-0", Number(1, 10), "-15"));
  shipment.set_destination_country(Pick({"MY", "SG"}));
  if (Number(0, 2) == 0) {
    shipment.mutable_authorization()->set_kind(v1::AUTHORIZATION_KIND_LICENSE);
    shipment.mutable_authorization()->set_license_id(
        absl::StrCat("L", Number(0, 4)));
  }
  const int items = Number(1, 3);
  for (int i = 0; i < items; ++i) {
    v1::Item& item = *shipment.add_items();
    item.set_product_code(Pick({"A", "B"}));
    item.set_quantity(Number(1, 40));
  }
}

void FillLicense(v1::License& license) {
  license.set_license_id(absl::StrCat("L", Number(0, 4)));
  license.set_exporter("x");
  license.add_destination_countries("MY");
  license.add_destination_countries("SG");
  license.set_grant_date("2025-01-01");
  license.set_expiry_date("2025-12-31");
  const int lines = Number(1, 4);
  for (int i = 1; i <= lines; ++i) {
    v1::LicenseLine& line = *license.add_lines();
    line.set_line_number(i);
    line.set_product_code(Pick({"A", "B"}));
    line.set_quantity(Number(1, 200));
    line.set_destination_country(Pick({"MY", "SG"}));
  }
}

v1::Assurance AnyAssurance() {
  return Number(0, 3) == 0 ? v1::ASSURANCE_AFTER_THE_FACT
                           : v1::ASSURANCE_BEFORE_EXPORT;
}

v1::Command AnyCommand() {
  v1::Command command;
  const std::string license = absl::StrCat("L", Number(0, 4));
  switch (Number(0, 12)) {
    case 0:
    case 1:
      FillLicense(*command.mutable_grant_license()->mutable_license());
      break;
    case 2:
      FillLicense(*command.mutable_amend_license()->mutable_license());
      command.mutable_amend_license()->set_reason("r");
      break;
    case 3:
      command = Cmd(absl::StrCat("suspend_license { license_id: '", license,
                                 "' effective_date: '2025-0", Number(1, 10),
                                 "-01' reason: 'r' }"));
      break;
    case 4:
      command = Cmd(absl::StrCat("reinstate_license { license_id: '", license,
                                 "' effective_date: '2025-0", Number(1, 10),
                                 "-01' reason: 'r' }"));
      break;
    case 5:
      command = Cmd(absl::StrCat(
          "revoke_license { license_id: '", license,
          "' effective_date: '2025-0", Number(1, 10), "-01' reason: 'r' ",
          Number(0, 3) == 0
              ? ""
              : absl::StrCat("parts { line_number: ", Number(1, 3),
                             " quantity: ", Number(1, 50), " }"),
          "}"));
      break;
    case 6:
    case 7: {
      v1::VoidShipment& voiding = *command.mutable_void_shipment();
      voiding.set_exporter("x");
      voiding.set_shipment_reference(absl::StrCat("S", Number(0, 30)));
      voiding.set_reason("r");
      if (Number(0, 4) > 0) voiding.set_recorded_in_error("e");
      break;
    }
    case 8:
      FillShipment(*command.mutable_correct_shipment()->mutable_shipment(),
                   Number(0, 30));
      command.mutable_correct_shipment()->set_assurance(AnyAssurance());
      command.mutable_correct_shipment()->set_reason("r");
      break;
    default:
      FillShipment(*command.mutable_record_shipment()->mutable_shipment(),
                   Number(0, 30));
      command.mutable_record_shipment()->set_assurance(AnyAssurance());
  }
  return command;
}

// What stands at the end, added up from the accepted events alone: the last
// content of every shipment that was not voided.
std::map<std::string, int64_t> StandingGpus(const MemoryLedger& ledger) {
  std::map<uint64_t, v1::Shipment> standing;
  for (const std::string& stored : ledger.entries()) {
    v1::Entry entry;
    EXPECT_TRUE(entry.ParseFromString(stored));
    const v1::Event& event = entry.event();
    if (event.has_shipment_recorded()) {
      standing[entry.index()] = event.shipment_recorded().command().shipment();
    } else if (event.has_shipment_voided()) {
      standing.erase(event.shipment_voided().shipment_index());
    } else if (event.has_shipment_corrected()) {
      standing[event.shipment_corrected().shipment_index()] =
          event.shipment_corrected().command().shipment();
    }
  }
  std::map<std::string, int64_t> gpus;
  for (const auto& [index, shipment] : standing) {
    for (const v1::Item& item : shipment.items()) {
      gpus[shipment.destination_country()] +=
          item.quantity() * (item.product_code() == "B" ? 8 : 1);
    }
  }
  return gpus;
}

struct Run {
  MemoryLedger ledger = MakeLedger();
};

// Submits random requests; validates each first and checks that validating
// changed nothing and answered the same.
Run RandomHistory() {
  Run run;
  const int requests = Number(1, 60);
  for (int i = 0; i < requests; ++i) {
    std::vector<v1::Command> commands;
    const int count = Number(0, 4) == 0 ? Number(2, 5) : 1;
    for (int j = 0; j < count; ++j) commands.push_back(AnyCommand());
    const auto before = run.ledger.state().SortedTotals();
    const auto validated = run.ledger.Submit(commands, true);
    RC_ASSERT(run.ledger.state().SortedTotals() == before);
    const auto outcome = run.ledger.Submit(commands);
    RC_ASSERT(validated.status == outcome.status);
    RC_ASSERT(validated.refused == outcome.refused);
    RC_ASSERT(validated.events.size() == outcome.events.size());
    for (size_t e = 0; e < outcome.events.size(); ++e) {
      RC_ASSERT(validated.events[e].SerializeAsString() ==
                outcome.events[e].SerializeAsString());
    }
    if (outcome.refused || !outcome.status.ok()) {
      RC_ASSERT(run.ledger.state().SortedTotals() == before);
    }
  }
  return run;
}

RC_GTEST_PROP(HistoryProperty, TotalsAreWhatStands, ()) {
  const Run run = RandomHistory();
  const std::map<std::string, int64_t> standing = StandingGpus(run.ledger);
  int64_t all = 0;
  for (const auto& [country, gpus] : standing) all += gpus;
  for (const auto& [key, total] : run.ledger.state().SortedTotals()) {
    if (key.rule() == 0) {
      const auto found = standing.find(std::string(key.group()));
      RC_ASSERT(total.sum.used ==
                (found == standing.end() ? 0 : found->second));
    } else if (key.rule() == 2) {
      RC_ASSERT(total.sum.used == all);
    } else {
      RC_ASSERT(total.sum.used >= 0);
    }
  }
}

// The charge of a license is what it authorizes and, once revoked, what was
// shipped under it.
RC_GTEST_PROP(HistoryProperty, LicensedTotalsAreWhatIsAuthorized, ()) {
  const Run run = RandomHistory();
  std::map<std::string, int64_t> charged;
  for (int i = 0; i < 4; ++i) {
    const auto* license = run.ledger.state().FindLicense(absl::StrCat("L", i));
    if (license == nullptr) continue;
    const bool revoked = license->FinalStatus() == v1::LICENSE_STATUS_REVOKED;
    for (const auto& line : license->lines) {
      const int64_t per_unit = line.product_code == "B" ? 20'000 : 1'000;
      charged[line.destination_country] +=
          per_unit * (revoked ? line.drawn.shipped : line.authorized);
    }
  }
  for (const auto& [key, total] : run.ledger.state().SortedTotals()) {
    if (key.rule() == 1)
      RC_ASSERT(total.sum.used == charged[std::string(key.group())]);
  }
}

RC_GTEST_PROP(HistoryProperty, ReplayGivesTheSameTotalsBitForBit, ()) {
  const Run run = RandomHistory();
  const auto replayed = ReplayTotals(run.ledger.entries());
  RC_ASSERT(replayed.ok());
  RC_ASSERT(*replayed == run.ledger.state().SortedTotals());
}

// Whenever the state is stored and read back, nothing of it has changed, nor
// does what comes after change it otherwise.
RC_GTEST_PROP(HistoryProperty, ARestartChangesNothing, ()) {
  const Run run = RandomHistory();
  RC_ASSERT(DifferencesAfterRestarts(run.ledger.entries(), [] {
              return Number(0, 4) == 0;
            }) == std::vector<std::string>());
}

RC_GTEST_PROP(HistoryProperty, NothingAskedBeforehandEverExceedsALimit, ()) {
  const Run run = RandomHistory();
  for (const std::string& stored : run.ledger.entries()) {
    v1::Entry entry;
    RC_ASSERT(entry.ParseFromString(stored));
    const v1::Event& event = entry.event();
    const bool asked_beforehand =
        (event.has_shipment_recorded() &&
         event.shipment_recorded().command().assurance() ==
             v1::ASSURANCE_BEFORE_EXPORT) ||
        event.has_license_granted() || event.has_license_amended();
    if (!asked_beforehand) continue;
    const v1::Judgement judgement =
        domain::JudgementOf(run.ledger.state().catalog(), event, entry.index());
    for (const v1::RuleEvaluation& rule : judgement.rules()) {
      RC_ASSERT(rule.verdict() != v1::VERDICT_VIOLATED);
      if (rule.has_limit()) {
        RC_ASSERT(rule.headroom_before() ==
                  rule.limit() - rule.used() - rule.reserved());
        RC_ASSERT(rule.headroom_after() ==
                  rule.headroom_before() - rule.asked());
      }
    }
  }
}

RC_GTEST_PROP(HistoryProperty, EvidenceIsARunningAccount, ()) {
  const Run run = RandomHistory();
  std::map<std::string, int64_t> account;
  const auto follow = [&](const auto& rules) {
    for (const v1::RuleEvaluation& rule : rules) {
      int64_t& total = account[absl::StrCat(
          rule.rule_id(), " ", rule.group().destination_country())];
      RC_ASSERT(rule.used() == total);
      total += rule.asked();
    }
  };
  for (const std::string& stored : run.ledger.entries()) {
    v1::Entry entry;
    RC_ASSERT(entry.ParseFromString(stored));
    if (entry.event().has_refused()) continue;
    const v1::Judgement judgement = domain::JudgementOf(
        run.ledger.state().catalog(), entry.event(), entry.index());
    follow(judgement.reversal());
    follow(judgement.rules());
  }
}

RC_GTEST_PROP(HistoryProperty, DrawdownIsTheSumOfWhatStandsUnderTheLicense,
              ()) {
  const Run run = RandomHistory();
  std::map<std::pair<std::string, int>, int64_t> drawn;
  for (const std::string& stored : run.ledger.entries()) {
    v1::Entry entry;
    RC_ASSERT(entry.ParseFromString(stored));
    const v1::Event& event = entry.event();
    const auto add = [&](const v1::Evidence& evidence) {
      for (const v1::LicenseDraw& draw : evidence.draws()) {
        drawn[{draw.license_id(), draw.line_number()}] += draw.quantity();
      }
    };
    if (const v1::Evidence* evidence = domain::EvidenceOf(event)) {
      add(*evidence);
    }
    if (event.has_shipment_corrected()) {
      add(event.shipment_corrected().reversal());
    }
  }
  for (const auto& [key, units] : drawn) {
    RC_ASSERT(units >= 0);
    const auto* license = run.ledger.state().FindLicense(key.first);
    RC_ASSERT(license != nullptr);
    const auto* line = license->FindLine(key.second);
    RC_ASSERT((line == nullptr ? 0 : line->drawn.shipped) == units);
  }
}

}  // namespace
}  // namespace chipledger::testing
