#include "tests/ledger/ledger_fixture.h"

#include <limits>

#include "absl/synchronization/notification.h"
#include "google/protobuf/text_format.h"
#include "ledger/base/error.h"
#include "ledger/domain/headroom.h"

namespace chipledger::testing {
namespace {

using ::google::protobuf::TextFormat;

constexpr char kCapPolicy[] = R"pb(
  adopt_policy {
    policy {
      policy_id: "cap"
      title: "A cap"
      effective_from: "2025-01-01"
      provenance {
        citation: "A test"
        legal_status: LEGAL_STATUS_IN_FORCE
        enforcement_status: ENFORCEMENT_STATUS_ENFORCED
      }
      rules {
        rule_id: "gpus"
        title: "GPUs a country"
        measure: MEASURE_GPUS
        accrual: ACCRUAL_EXPORTED
        scope { group_by: GROUP_BY_DESTINATION_COUNTRY }
        window { open {} }
        limit { constant: "" }
        enforcement { mode: MODE_REFUSE }
      }
    }
    mode: ADOPTION_MODE_ENFORCE
  }
)pb";

void FillShipment(absl::string_view reference, int64_t quantity,
                  v1::Shipment& shipment) {
  shipment.set_exporter("acme");
  shipment.set_shipment_reference(std::string(reference));
  shipment.set_export_date("2025-06-01");
  shipment.set_destination_country("AE");
  v1::Item& item = *shipment.add_items();
  item.set_product_code("H100");
  item.set_quantity(quantity);
}

}  // namespace

v1::Command RegisterParty(absl::string_view party_id) {
  v1::Command command;
  v1::Party& party = *command.mutable_register_party()->mutable_party();
  party.set_party_id(std::string(party_id));
  party.set_name("A company");
  return command;
}

v1::Command RegisterProduct(absl::string_view product_code) {
  v1::Command command;
  v1::Product& product = *command.mutable_register_product()->mutable_product();
  product.set_product_code(std::string(product_code));
  product.set_gpus_per_unit(1);
  product.set_milli_tpp_per_gpu(15'832'000);
  product.set_classification("3A090.a");
  product.set_source("A test");
  return command;
}

v1::Command AdoptCap(int64_t limit) {
  v1::Command command;
  EXPECT_TRUE(TextFormat::ParseFromString(kCapPolicy, &command));
  command.mutable_adopt_policy()
      ->mutable_policy()
      ->mutable_rules(0)
      ->mutable_limit()
      ->set_constant(std::to_string(limit));
  return command;
}

v1::Command Ship(absl::string_view reference, int64_t quantity) {
  v1::Command command;
  v1::RecordShipment& record = *command.mutable_record_shipment();
  FillShipment(reference, quantity, *record.mutable_shipment());
  record.set_assurance(v1::ASSURANCE_BEFORE_EXPORT);
  return command;
}

v1::Command VoidShip(absl::string_view reference) {
  v1::Command command;
  v1::VoidShipment& voiding = *command.mutable_void_shipment();
  voiding.set_exporter("acme");
  voiding.set_shipment_reference(std::string(reference));
  voiding.set_reason("canceled");
  voiding.set_recorded_in_error("canceled");
  return command;
}

v1::Command CorrectShip(absl::string_view reference, int64_t quantity) {
  v1::Command command;
  v1::CorrectShipment& correction = *command.mutable_correct_shipment();
  FillShipment(reference, quantity, *correction.mutable_shipment());
  correction.set_assurance(v1::ASSURANCE_BEFORE_EXPORT);
  correction.set_reason("miscounted");
  return command;
}

v1::Command Reserve(absl::string_view reference, int64_t quantity) {
  v1::Command command;
  v1::ReserveShipment& reserve = *command.mutable_reserve_shipment();
  *reserve.mutable_shipment() =
      Ship(reference, quantity).record_shipment().shipment();
  reserve.set_hold_seconds(31'536'000);
  return command;
}

v1::Command Receive(absl::string_view reference) {
  v1::Command command;
  v1::ReceiveShipment& receive = *command.mutable_receive_shipment();
  receive.mutable_shipment()->set_exporter("acme");
  receive.mutable_shipment()->set_shipment_reference(std::string(reference));
  receive.set_effective_date("2025-06-03");
  return command;
}

v1::Command GrantLicense(const std::string& license_id) {
  v1::Command command;
  v1::License& license = *command.mutable_grant_license()->mutable_license();
  license.set_license_id(license_id);
  license.set_exporter("acme");
  license.add_destination_countries("AE");
  license.set_grant_date("2025-01-01");
  license.set_expiry_date("2030-12-31");
  v1::LicenseLine& line = *license.add_lines();
  line.set_line_number(1);
  line.set_product_code("H100");
  line.set_quantity(1'000);
  return command;
}

// Everything that a reader can ask a moment for, as text.
std::string TextOf(const Ledger& ledger, const Ledger::Moment& moment) {
  const domain::Snapshot& snapshot = *moment.snapshot;
  std::string text = absl::StrCat("size ", snapshot.size, "\n");
  for (const domain::ListedRow& listed : domain::ListHeadroom(
           {.snapshot = snapshot, .today = *Date::Parse("2025-06-30")}, {},
           std::nullopt, 1'000)) {
    absl::StrAppend(&text, listed.row.ShortDebugString(), "\n");
  }
  snapshot.licenses.VisitAll([&](const std::string&, const auto& license) {
    absl::StrAppend(&text, license->ToView().ShortDebugString(), "\n");
    return true;
  });
  for (uint64_t next = 0; next < snapshot.size;) {
    const auto page = ledger.ListShipments(moment, {}, next, 100);
    if (!page.ok()) return ReasonOf(page.status());
    for (const v1::ShipmentView& view : page->shipments) {
      absl::StrAppend(&text, view.ShortDebugString(), "\n");
    }
    next = page->next;
  }
  snapshot.registers.reservations.VisitAll(
      [&](uint64_t index, const auto& reservation) {
        absl::StrAppend(&text, index, " holds ",
                        reservation->shipment.ShortDebugString(), "\n");
        return true;
      });
  snapshot.registers.reports.VisitAll(
      [&](const std::string& key, uint64_t index) {
        absl::StrAppend(&text, "report ", key, " is ", index, "\n");
        return true;
      });
  const auto append = [&](const auto& message) {
    absl::StrAppend(&text, message.ShortDebugString(), "\n");
    return true;
  };
  const domain::Catalog& catalog = snapshot.catalog();
  catalog.products.VisitAll([&](const std::string&, const auto& product) {
    return append(product->latest());
  });
  catalog.parties.VisitAll(
      [&](const std::string&, const auto& party) { return append(*party); });
  catalog.groups.VisitAll([&](const std::string&, const auto& group) {
    return append(group->proto());
  });
  for (const auto& policy : catalog.policies) append(policy->adopted);
  return text;
}

std::unique_ptr<WriteBatch> MakeBatch(const std::vector<TestRequest>& requests,
                                      absl::string_view principal) {
  auto batch = std::make_unique<WriteBatch>();
  batch->principal.name = std::string(principal);
  for (const TestRequest& request : requests) {
    WriteRequest& added = batch->requests.emplace_back();
    added.request_id = request.request_id;
    added.validate_only = request.validate_only;
    for (const v1::Command& command : request.commands) {
      added.commands.push_back(
          google::protobuf::Arena::CreateMessage<v1::Command>(&batch->arena));
      *added.commands.back() = command;
    }
  }
  return batch;
}

std::string ReasonOf(const absl::Status& status) {
  const auto cause = GetErrorCause(status);
  return cause ? cause->reason : "";
}

std::string MetadataOf(const absl::Status& status, const std::string& key) {
  const auto cause = GetErrorCause(status);
  if (!cause) return "";
  const auto found = cause->metadata.find(key);
  return found == cause->metadata.end() ? "" : found->second;
}

void LedgerTest::SetUp() {
  options_.data_dir = temp_.File("data");
  options_.mode = OpenMode::kExistingOrNew;
  options_.clock = &clock_;
  Reopen();
  if (HasFatalFailure()) return;
  ASSERT_EQ(Write(RegisterParty("acme")).status, absl::OkStatus());
  ASSERT_EQ(Write(RegisterProduct("H100")).status, absl::OkStatus());
  ASSERT_EQ(Write(AdoptCap(cap_)).status, absl::OkStatus());
  ASSERT_EQ(size(), kFirstSize);
}

void LedgerTest::Reopen() {
  Close();
  auto ledger = Ledger::Open(options_);
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  ledger_ = *std::move(ledger);
}

std::unique_ptr<WriteBatch> LedgerTest::Write(
    std::unique_ptr<WriteBatch> batch) {
  absl::Notification done;
  std::unique_ptr<WriteBatch> answered;
  const absl::Status submitted = ledger_->Submit(
      std::move(batch), WhenFull::kWait, [&](std::unique_ptr<WriteBatch> back) {
        answered = std::move(back);
        done.Notify();
      });
  EXPECT_EQ(submitted, absl::OkStatus());
  if (submitted.ok()) done.WaitForNotification();
  return answered;
}

WriteAnswer LedgerTest::Write(const TestRequest& request,
                              absl::string_view principal) {
  const auto batch = Write(MakeBatch({request}, principal));
  WriteAnswer answer = batch->answers.at(0);
  answer.events.clear();
  return answer;
}

std::vector<std::string> LedgerTest::StoredEntries() {
  auto entries =
      ledger_->ReadEntries(0, size(), std::numeric_limits<size_t>::max());
  EXPECT_TRUE(entries.ok()) << entries.status();
  return entries.ok() ? *std::move(entries) : std::vector<std::string>();
}

v1::Entry LedgerTest::StoredEntry(uint64_t index) {
  v1::Entry entry;
  const auto entries = ledger_->ReadEntries(index, index + 1, 0);
  EXPECT_TRUE(entries.ok() && entries->size() == 1) << entries.status();
  if (entries.ok() && !entries->empty()) {
    EXPECT_TRUE(entry.ParseFromString(entries->front()));
  }
  return entry;
}

}  // namespace chipledger::testing
