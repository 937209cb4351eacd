// Goal: whatever an event touches, it is recorded: what does not fit into one
// entry continues in the next ones, and nobody who reads the event notices.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ledger/base/limits.h"
#include "ledger/domain/whole_event.h"
#include "tests/ledger/ledger_fixture.h"

namespace chipledger::testing {
namespace {

constexpr int64_t kNsPerDay = 86'400'000'000'000;
constexpr int kItems = 100;
constexpr int kRules = 40;
constexpr int kTotals = kItems * kRules;

// Shipments of 100 products with the longest codes, and rules by product that
// none of them is within.
class LargeEventTest : public LedgerTest {
 protected:
  LargeEventTest() : LedgerTest(1'000'000'000'000) {
    options_.tick = absl::Milliseconds(5);
  }

  void SetUp() override {
    LedgerTest::SetUp();
    // The day after the shipments.
    clock_.Set(Date::Parse("2025-06-02")->days() * kNsPerDay);
    TestRequest products;
    for (int i = 0; i < kItems; ++i) {
      products.commands.push_back(RegisterProduct(Product(i)));
    }
    ASSERT_EQ(Write(products).status, absl::OkStatus());
  }

  static std::string Product(int item) {
    const std::string number = absl::StrCat("P", 100 + item);
    return number +
           std::string(limits::kMaxProductCodeBytes - number.size(), 'P');
  }

  static v1::Command AdoptByProduct(
      const std::string& policy_id = std::string(64, 'b')) {
    v1::Command command = AdoptCap(0);
    v1::Policy& policy = *command.mutable_adopt_policy()->mutable_policy();
    policy.set_policy_id(policy_id);
    v1::Rule rule = policy.rules(0);
    rule.mutable_scope()->add_group_by(v1::Scope::GROUP_BY_PRODUCT);
    rule.mutable_scope()->add_group_by(v1::Scope::GROUP_BY_EXPORTER);
    policy.clear_rules();
    for (int i = 0; i < kRules; ++i) {
      rule.set_rule_id(absl::StrCat(i + 100, std::string(61, 'r')));
      *policy.add_rules() = rule;
    }
    return command;
  }

  static v1::Command ShipAll(absl::string_view reference,
                             int64_t quantity = 1) {
    v1::Command command = Ship(reference, quantity);
    v1::RecordShipment& record = *command.mutable_record_shipment();
    record.set_assurance(v1::ASSURANCE_AFTER_THE_FACT);
    record.mutable_shipment()->clear_items();
    for (int i = 0; i < kItems; ++i) {
      v1::Item& item = *record.mutable_shipment()->add_items();
      item.set_product_code(Product(i));
      item.set_quantity(quantity);
    }
    return command;
  }

  static v1::Command Correction(absl::string_view reference, int64_t quantity) {
    v1::Command command = CorrectShip(reference, quantity);
    v1::CorrectShipment& correct = *command.mutable_correct_shipment();
    correct.set_assurance(v1::ASSURANCE_AFTER_THE_FACT);
    *correct.mutable_shipment() =
        ShipAll(reference, quantity).record_shipment().shipment();
    return command;
  }

  // An answer has room for some of the violations, and says how many more there
  // are.
  static void ExpectToldInPart(const WriteAnswer& answer) {
    EXPECT_GT(answer.violations.size(), kRules);
    int omitted = 0;
    ASSERT_TRUE(
        absl::SimpleAtoi(MetadataOf(answer.status, "omitted"), &omitted));
    EXPECT_EQ(answer.violations.size() + omitted, kTotals);
  }

  // How much was found about a shipment, told or not.
  uint32_t Found(absl::string_view reference) const {
    const auto view = GetShipment("acme", reference);
    EXPECT_TRUE(view.ok()) << view.status();
    EXPECT_LT(view->ByteSizeLong(), size_t{1} << 20);
    const v1::Judgement& judgement = view->judgement();
    EXPECT_GT(judgement.violations_size(), kRules);
    return static_cast<uint32_t>(judgement.violations_size() +
                                 judgement.rules_size() +
                                 judgement.reversal_size()) +
           judgement.left_out();
  }

  // The GPUs that the rules by product count, in all of their totals.
  int64_t Counted() const {
    int64_t used = 0;
    ledger_->Latest()->totals.VisitAll(
        [&](const domain::TotalKey& key, const domain::Total& total) {
          if (key.policy() > 0) used += total.sum.used;
          return true;
        });
    return used;
  }
};

TEST_F(LargeEventTest, AShipmentIsRecordedCorrectedAndVoided) {
  ASSERT_EQ(Write(AdoptByProduct()).status, absl::OkStatus());
  const TestRequest request{{ShipAll("S-1", 1'000'000'000)}};
  const WriteAnswer answer = Write(request);
  ASSERT_EQ(answer.status, absl::OkStatus());
  const uint64_t index = *answer.index;
  // The whole takes several entries, each of which fits.
  EXPECT_GT(answer.size, index + 2);
  const std::vector<std::string> stored = StoredEntries();
  ASSERT_EQ(stored.size(), answer.size);
  for (uint64_t i = index; i < answer.size; ++i) {
    EXPECT_LE(stored[i].size(), limits::kMaxEntryBytes);
    v1::Entry entry;
    ASSERT_TRUE(entry.ParseFromString(stored[i]));
    EXPECT_EQ(entry.event().has_evidence_continued(), i > index);
    EXPECT_EQ(entry.request_part(), i - index);
    EXPECT_EQ(entry.request_parts(), answer.size - index);
  }
  EXPECT_EQ(Counted(), kTotals * int64_t{1'000'000'000});
  // Each total, and each violation; the fixture's cap is not violated.
  EXPECT_EQ(Found("S-1"), 2u * kTotals + 1);

  // The same again after a restart, from the stored entries.
  const auto before = ledger_->Latest();
  Reopen();
  EXPECT_EQ(Counted(), kTotals * int64_t{1'000'000'000});
  EXPECT_EQ(ledger_->Latest()->last_record_time_ns,
            before->last_record_time_ns);
  const WriteAnswer again = Write(request);
  EXPECT_TRUE(again.repeated_answer);
  EXPECT_EQ(again.index, answer.index);
  EXPECT_EQ(again.size, answer.size);

  ASSERT_EQ(Write(Correction("S-1", 7)).status, absl::OkStatus());
  EXPECT_EQ(Counted(), kTotals * 7);
  EXPECT_EQ(Found("S-1"), 3u * kTotals + 2);
  ASSERT_EQ(Write(VoidShip("S-1")).status, absl::OkStatus());
  EXPECT_EQ(Counted(), 0);
  ExpectTotalsEqualReplay();
}

TEST_F(LargeEventTest, SeveralOfOneRequestFollowEachOther) {
  ASSERT_EQ(Write(AdoptByProduct()).status, absl::OkStatus());
  auto batch = Write(MakeBatch({{{ShipAll("S-1"), ShipAll("S-2")}}}));
  const WriteAnswer& answer = batch->answers.front();
  ASSERT_EQ(answer.status, absl::OkStatus());
  ASSERT_EQ(answer.events.size(), 2u);
  const uint64_t second = *answer.index + domain::EntriesOf(*answer.events[0]);
  EXPECT_EQ(answer.size, second + domain::EntriesOf(*answer.events[1]));
  EXPECT_EQ(GetShipment("acme", "S-2")->index(), second);
  EXPECT_EQ(StoredEntry(second)
                .event()
                .shipment_recorded()
                .command()
                .shipment()
                .shipment_reference(),
            "S-2");
  ExpectTotalsEqualReplay();
}

TEST_F(LargeEventTest, ARefusalListsWhatIsViolatedAndIsRepeated) {
  ASSERT_EQ(Write(AdoptByProduct()).status, absl::OkStatus());
  TestRequest request{{ShipAll("S-1")}};
  request.commands[0].mutable_record_shipment()->set_assurance(
      v1::ASSURANCE_BEFORE_EXPORT);
  const WriteAnswer answer = Write(request);
  EXPECT_EQ(ReasonOf(answer.status), "REFUSED_BY_RULES");
  ExpectToldInPart(answer);
  EXPECT_GT(answer.size, *answer.index + 1);
  Reopen();
  const WriteAnswer again = Write(request);
  EXPECT_TRUE(again.repeated_answer);
  ExpectToldInPart(again);
  EXPECT_EQ(again.size, answer.size);
  EXPECT_EQ(Counted(), 0);
  ExpectTotalsEqualReplay();
}

TEST_F(LargeEventTest, ATotalNamesTheEntryThatMovedIt) {
  ASSERT_EQ(Write(AdoptByProduct()).status, absl::OkStatus());
  const WriteAnswer answer = Write(ShipAll("S-1", 5));
  const Ledger::Moment now = Now();
  std::vector<domain::TotalKey> keys;
  now.snapshot->totals.VisitAll(
      [&](const domain::TotalKey& key, const domain::Total&) {
        if (key.policy() > 0) keys.push_back(key);
        return true;
      });
  ASSERT_EQ(keys.size(), static_cast<size_t>(kTotals));
  const auto page = ledger_->ListTotalEntries(now, keys.back(), 0, 10);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->movements.size(), 1u);
  EXPECT_EQ(page->movements[0].index(), *answer.index);
  EXPECT_EQ(page->movements[0].used(), 5);
}

// A rerun of the log takes the events whole, and its own take other entries.
TEST_F(LargeEventTest, APolicyAdoptedLateCountsThem) {
  ASSERT_EQ(Write(AdoptByProduct("early")).status, absl::OkStatus());
  ASSERT_EQ(Write(ShipAll("S-1", 5)).status, absl::OkStatus());
  v1::Command small = Ship("S-2");
  small.mutable_record_shipment()->set_assurance(v1::ASSURANCE_AFTER_THE_FACT);
  ASSERT_EQ(Write(small).status, absl::OkStatus());
  ASSERT_EQ(Write(AdoptByProduct("late")).status, absl::OkStatus());
  const absl::Time deadline = absl::Now() + absl::Seconds(60);
  while (ledger_->Latest()->catalog().FindPolicy("late")->IsBackfilling() &&
         absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(2));
  }
  EXPECT_EQ(Counted(), 2 * (kTotals * 5 + kRules));
  ASSERT_EQ(Write(VoidShip("S-1")).status, absl::OkStatus());
  EXPECT_EQ(Counted(), 2 * kRules);
  ExpectTotalsEqualReplay();

  v1::WhatIfRequest request;
  *request.mutable_policy_file()->mutable_policy() =
      AdoptByProduct("other").adopt_policy().policy();
  bool done = false;
  uint64_t replayed = 0;
  ASSERT_EQ(ledger_->WhatIf(request,
                            [&](const v1::WhatIfResponse& message) {
                              done = message.done();
                              replayed = message.replayed();
                              return true;
                            }),
            absl::OkStatus());
  EXPECT_TRUE(done);
  EXPECT_EQ(replayed, size());
}

}  // namespace
}  // namespace chipledger::testing
