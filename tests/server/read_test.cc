// Goal: reads answer from one snapshot, wait for the size they are asked for,
// and page through lists without skipping or repeating.
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "tests/support/server_fixture.h"
#include "tests/support/test_clock.h"

namespace chipledger::testing {
namespace {

class ReadTest : public ServerTest {
 protected:
  ReadTest() { RecordCatalog(); }

  // Records a shipment; returns a size that includes it.
  uint64_t Record(const std::string& reference, int64_t quantity = 1,
                  const std::string& country = "MY") {
    Context context;
    v1::RecordShipmentResponse response;
    const grpc::Status status = shipments_->RecordShipment(
        &context, ShipmentOf("H100", quantity, country, reference), &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.result().size();
  }

  void WaitForSize(uint64_t size) {
    const absl::Time deadline = absl::Now() + absl::Seconds(30);
    while (server().ledger().Latest()->size < size && absl::Now() < deadline) {
      absl::SleepFor(absl::Milliseconds(2));
    }
    ASSERT_EQ(server().ledger().Latest()->size, size);
  }

  void Grant(const std::string& license_id, const std::string& exporter,
             const std::string& country) {
    Context context;
    v1::GrantLicenseResponse response;
    const grpc::Status status = licenses_->GrantLicense(
        &context,
        Proto<v1::GrantLicenseRequest>(absl::Substitute(
            R"pb(
              request_id: "$0"
              command {
                license {
                  license_id: "$1"
                  exporter: "$2"
                  destination_countries: "$3"
                  grant_date: "2025-01-10"
                  expiry_date: "2026-01-10"
                  lines { line_number: 1 product_code: "H100" quantity: 9 }
                }
              }
            )pb",
            NewRequestId(), license_id, exporter, country)),
        &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
  }

  grpc::Status GetHeadroom(uint64_t min_size, int seconds,
                           v1::GetHeadroomResponse* response) {
    v1::GetHeadroomRequest request;
    request.set_policy_id("caps");
    request.set_rule_id("gpus");
    request.mutable_group()->set_destination_country("MY");
    request.set_on_date("2025-06-01");
    request.mutable_read_point()->set_min_size(min_size);
    Context context(seconds);
    return headroom_->GetHeadroom(&context, request, response);
  }

  // Why a read of the request, given as text, fails; "OK" when it does not.
  template <typename Stub, typename Request, typename Response>
  static std::string ReasonOfRead(
      Stub& stub,
      grpc::Status (Stub::*read)(grpc::ClientContext*, const Request&,
                                 Response*),
      const std::string& request) {
    Context context;
    Response response;
    return ReasonOf((stub.*read)(&context, Proto<Request>(request), &response));
  }

  std::vector<std::string> ListLicenses(v1::ListLicensesRequest request) {
    std::vector<std::string> ids;
    do {
      Context context;
      v1::ListLicensesResponse page;
      EXPECT_TRUE(licenses_->ListLicenses(&context, request, &page).ok());
      EXPECT_LE(page.licenses_size(), request.page_size());
      for (const auto& license : page.licenses()) {
        ids.push_back(license.license().license_id());
      }
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    return ids;
  }
};

TEST_F(ReadTest, HeadroomIsReadBackAtTheSizeOfTheWrite) {
  const uint64_t size = Record("S1", 300);
  v1::GetHeadroomResponse response;
  ASSERT_TRUE(GetHeadroom(size, 30, &response).ok());
  EXPECT_GE(response.size(), size);
  EXPECT_EQ(response.row().used(), 300);
  EXPECT_EQ(response.row().limit(), 1000);
  EXPECT_EQ(response.row().headroom(), 700);
}

TEST_F(ReadTest, AReadWaitsUntilTheLedgerHasTheSizeItAsksFor) {
  const uint64_t size = server().ledger().Latest()->size;
  v1::GetHeadroomResponse response;
  grpc::Status status(grpc::StatusCode::UNKNOWN, "not called");
  std::thread reader([&] { status = GetHeadroom(size + 1, 30, &response); });
  Record("S1", 300);
  reader.join();
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.row().used(), 300);
}

TEST_F(ReadTest, AReadThatWaitsInVainSaysWhichSizeTheLedgerHas) {
  const uint64_t size = server().ledger().Latest()->size;
  v1::GetHeadroomResponse response;
  const grpc::Status status = GetHeadroom(size + 1'000, 1, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  const auto info = DetailOf<google::rpc::ErrorInfo>(status);
  ASSERT_TRUE(info) << status.error_message();
  EXPECT_EQ(info->reason(), "MIN_SIZE_NOT_REACHED");
  EXPECT_EQ(info->metadata().at("size"), absl::StrCat(size));
}

TEST_F(ReadTest, AWaitingReadEndsWhenItsCallerGoesAwayOrTheServerStops) {
  grpc::ClientContext context;
  std::thread canceler([&] {
    absl::SleepFor(absl::Milliseconds(20));
    context.TryCancel();
  });
  v1::GetPolicyRequest request;
  request.set_policy_id("caps");
  request.mutable_read_point()->set_min_size(1'000'000);
  v1::GetPolicyResponse response;
  EXPECT_EQ(policies_->GetPolicy(&context, request, &response).error_code(),
            grpc::StatusCode::CANCELLED);
  canceler.join();

  grpc::Status stopped;
  std::thread waiter([&] {
    Context waiting;
    v1::GetPolicyResponse got;
    stopped = policies_->GetPolicy(&waiting, request, &got);
  });
  absl::SleepFor(absl::Milliseconds(50));
  server().Shutdown();
  waiter.join();
  EXPECT_EQ(stopped.error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(ReadTest, ShipmentsArePagedAtTheSizeOfTheFirstPage) {
  for (int i = 0; i < 25; ++i) Record(absl::StrCat("S", i));
  v1::ListShipmentsRequest request;
  request.set_page_size(10);
  std::vector<std::string> references;
  uint64_t size = 0;
  int pages = 0;
  do {
    Context context;
    v1::ListShipmentsResponse page;
    ASSERT_TRUE(shipments_->ListShipments(&context, request, &page).ok());
    if (pages++ == 0) size = page.size();
    EXPECT_EQ(page.size(), size);
    for (const v1::ShipmentView& view : page.shipments()) {
      references.push_back(view.shipment().shipment_reference());
    }
    Record(absl::StrCat("late", pages));
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  ASSERT_EQ(references.size(), 25);
  for (int i = 0; i < 25; ++i) {
    EXPECT_EQ(references[i], absl::StrCat("S", i));
  }
}

TEST_F(ReadTest, WhatChangesBetweenPagesIsAsItWasOnTheFirst) {
  Record("S1");
  Record("S2");
  v1::ListShipmentsRequest request;
  request.set_page_size(1);
  Context first_context;
  v1::ListShipmentsResponse first;
  ASSERT_TRUE(shipments_->ListShipments(&first_context, request, &first).ok());

  v1::VoidShipmentRequest void_request;
  void_request.set_request_id(NewRequestId());
  void_request.mutable_command()->set_exporter("acme");
  void_request.mutable_command()->set_shipment_reference("S2");
  void_request.mutable_command()->set_reason("r");
  Context void_context;
  v1::VoidShipmentResponse voided;
  ASSERT_TRUE(
      shipments_->VoidShipment(&void_context, void_request, &voided).ok());

  request.set_page_token(first.next_page_token());
  Context second_context;
  v1::ListShipmentsResponse second;
  ASSERT_TRUE(
      shipments_->ListShipments(&second_context, request, &second).ok());
  EXPECT_EQ(second.size(), first.size());
  ASSERT_EQ(second.shipments_size(), 1);
  EXPECT_EQ(second.shipments(0).status(), v1::SHIPMENT_STATUS_RECORDED);

  request.clear_page_token();
  request.set_page_size(2);
  Context now_context;
  v1::ListShipmentsResponse now;
  ASSERT_TRUE(shipments_->ListShipments(&now_context, request, &now).ok());
  EXPECT_EQ(now.size(), voided.result().size());
  EXPECT_EQ(now.shipments(1).status(), v1::SHIPMENT_STATUS_VOIDED);
}

// Lists of wide rows are whole, and every page is below the 4 MiB that a
// channel takes when nobody asks for more, as this test's.
TEST_F(ReadTest, PagesAreBoundedInBytesToo) {
  constexpr int kRows = 1'000;
  const std::string text(2'000, 't');
  for (int i = 0; i < kRows;) {
    v1::SubmitShipmentCommandsRequest shipments;
    shipments.set_request_id(NewRequestId());
    v1::SubmitLicenseCommandsRequest licenses;
    licenses.set_request_id(NewRequestId());
    for (int j = 0; j < 10; ++j, ++i) {
      auto& record = *shipments.add_commands()->mutable_record_shipment();
      record = ShipmentOf("H100", 1, "MY", absl::StrCat("S", i)).command();
      record.set_assurance(v1::ASSURANCE_AFTER_THE_FACT);
      record.mutable_shipment()->set_source(text);
      v1::License& license =
          *licenses.add_commands()->mutable_grant_license()->mutable_license();
      license.set_license_id(absl::StrCat("L", 1'000 + i));
      license.set_exporter("acme");
      license.add_destination_countries("MY");
      license.set_grant_date("2025-01-10");
      license.set_expiry_date("2026-01-10");
      license.set_source(text);
      for (int line = 1; line <= 100; ++line) {
        if (line <= 99) {
          record.mutable_shipment()->add_items()->CopyFrom(
              record.shipment().items(0));
        }
        v1::LicenseLine& added = *license.add_lines();
        added.set_line_number(line);
        added.set_product_code("H100");
        added.set_quantity(1);
      }
    }
    Context shipments_context;
    v1::SubmitShipmentCommandsResponse recorded;
    const grpc::Status shipped = shipments_->SubmitShipmentCommands(
        &shipments_context, shipments, &recorded);
    ASSERT_TRUE(shipped.ok()) << shipped.error_message();
    Context licenses_context;
    v1::SubmitLicenseCommandsResponse granted;
    const grpc::Status status =
        licenses_->SubmitLicenseCommands(&licenses_context, licenses, &granted);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
  v1::ListLicensesRequest licenses;
  licenses.set_page_size(kRows);
  EXPECT_EQ(ListLicenses(licenses).size(), kRows);

  v1::ListShipmentsRequest request;
  request.set_page_size(kRows);
  std::vector<std::string> references;
  int pages = 0;
  do {
    Context context;
    v1::ListShipmentsResponse page;
    const grpc::Status status =
        shipments_->ListShipments(&context, request, &page);
    ASSERT_TRUE(status.ok()) << status.error_message();
    ++pages;
    for (const v1::ShipmentView& view : page.shipments()) {
      references.push_back(view.shipment().shipment_reference());
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_GT(pages, 1);
  ASSERT_EQ(references.size(), kRows);
  for (int i = 0; i < kRows; ++i) {
    EXPECT_EQ(references[i], absl::StrCat("S", i));
  }
}

TEST_F(ReadTest, ShipmentsAreFilteredByDestination) {
  Record("S1", 1, "MY");
  Record("S2", 1, "AE");
  Record("S3", 1, "MY");
  v1::ListShipmentsRequest request;
  request.set_destination_country("AE");
  Context context;
  v1::ListShipmentsResponse page;
  ASSERT_TRUE(shipments_->ListShipments(&context, request, &page).ok());
  ASSERT_EQ(page.shipments_size(), 1);
  EXPECT_EQ(page.shipments(0).shipment().shipment_reference(), "S2");
  EXPECT_TRUE(page.next_page_token().empty());
}

TEST_F(ReadTest, AShipmentShowsItsEvidenceAndRevision) {
  Record("S1", 5);
  v1::GetShipmentRequest request;
  request.set_exporter("acme");
  request.set_shipment_reference("S1");
  Context context;
  v1::GetShipmentResponse response;
  ASSERT_TRUE(shipments_->GetShipment(&context, request, &response).ok());
  EXPECT_EQ(response.shipment().revision(), 1);
  EXPECT_EQ(response.shipment().status(), v1::SHIPMENT_STATUS_RECORDED);
  EXPECT_EQ(response.shipment().judgement().rules(0).asked(), 5);
  EXPECT_GT(response.size(), response.shipment().index());
}

TEST_F(ReadTest, LicensesAreListedByIdWithFilters) {
  for (const char* id : {"L3", "L1", "L5", "L4", "L2"}) {
    Grant(id, id[1] % 2 == 0 ? "globex" : "acme", id[1] == '5' ? "AE" : "MY");
  }
  v1::ListLicensesRequest request;
  request.set_page_size(2);
  EXPECT_EQ(ListLicenses(request),
            (std::vector<std::string>{"L1", "L2", "L3", "L4", "L5"}));
  request.set_exporter("acme");
  EXPECT_EQ(ListLicenses(request),
            (std::vector<std::string>{"L1", "L3", "L5"}));
  request.set_destination_country("AE");
  EXPECT_EQ(ListLicenses(request), (std::vector<std::string>{"L5"}));
}

TEST_F(ReadTest, AFilterThatNamesNothingThereIsIsAnError) {
  Record("S1");
  Grant("L1", "acme", "MY");
  const auto headroom = [&](const std::string& filter) {
    v1::ListHeadroomRequest list;
    *list.mutable_filter() = Proto<v1::HeadroomFilter>(filter);
    Context list_context;
    v1::ListHeadroomResponse listed;
    const std::string reason =
        ReasonOf(headroom_->ListHeadroom(&list_context, list, &listed));
    // What the list refuses the others refuse.
    v1::CompareHeadroomRequest compare;
    *compare.mutable_filter() = list.filter();
    compare.mutable_before()->set_at_size(1);
    Context compare_context;
    v1::CompareHeadroomResponse compared;
    EXPECT_EQ(ReasonOf(headroom_->CompareHeadroom(&compare_context, compare,
                                                  &compared)),
              reason)
        << filter;
    v1::WatchHeadroomRequest watch;
    *watch.mutable_filter() = list.filter();
    Context watch_context;
    auto stream = headroom_->WatchHeadroom(&watch_context, watch);
    v1::WatchHeadroomResponse first;
    if (stream->Read(&first)) watch_context.TryCancel();
    const grpc::Status watched = stream->Finish();
    if (reason != "OK") {
      EXPECT_EQ(ReasonOf(watched), reason) << filter;
    }
    return reason;
  };
  EXPECT_EQ(headroom(R"(policy_id: "caps" rule_id: "gpus")"), "OK");
  EXPECT_EQ(headroom(R"(rule_id: "gpus" exporter: "acme")"), "OK");
  EXPECT_EQ(headroom(R"(license_id: "L1" destination_country: "MY")"), "OK");
  EXPECT_EQ(headroom(R"(policy_id: "cap")"), "POLICY_NOT_FOUND");
  EXPECT_EQ(headroom(R"(policy_id: "caps" rule_id: "gpu")"), "RULE_NOT_FOUND");
  EXPECT_EQ(headroom(R"(rule_id: "gpu")"), "RULE_NOT_FOUND");
  EXPECT_EQ(headroom(R"(exporter: "acne")"), "PARTY_NOT_FOUND");
  EXPECT_EQ(headroom(R"(consignee: "acne")"), "PARTY_NOT_FOUND");
  EXPECT_EQ(headroom(R"(ultimate_parent: "acne")"), "PARTY_NOT_FOUND");
  EXPECT_EQ(headroom(R"(end_user: "acne")"), "PARTY_NOT_FOUND");
  EXPECT_EQ(headroom(R"(product_code: "H100" license_line: 1)"), "OK");
  EXPECT_EQ(headroom(R"(product_code: "H900")"), "PRODUCT_NOT_FOUND");
  EXPECT_EQ(headroom(R"(country_group: "g")"), "COUNTRY_GROUP_NOT_FOUND");
  EXPECT_EQ(headroom(R"(headquarters_country: "XX")"), "INVALID_FIELD");
  EXPECT_EQ(headroom(R"(license_id: "L1" license_line: 2)"), "INVALID_FIELD");
  EXPECT_EQ(headroom(R"(license_id: "L2")"), "LICENSE_NOT_FOUND");
  EXPECT_EQ(headroom(R"(destination_country: "XX")"), "INVALID_FIELD");

  const auto shipments = [&](const std::string& request) {
    return ReasonOfRead(*shipments_, &v1::ShipmentService::Stub::ListShipments,
                        request);
  };
  EXPECT_EQ(shipments(R"(exporter: "acme" destination_country: "AE")"), "OK");
  EXPECT_EQ(shipments(R"(exporter: "acne")"), "PARTY_NOT_FOUND");
  EXPECT_EQ(shipments(R"(destination_country: "UK")"), "INVALID_FIELD");
  // A shipment may have left under a number that was never granted.
  EXPECT_EQ(shipments(R"(license_id: "L2")"), "OK");

  const auto reservations = [&](const std::string& request) {
    return ReasonOfRead(*shipments_,
                        &v1::ShipmentService::Stub::ListReservations, request);
  };
  EXPECT_EQ(reservations(R"(exporter: "acme" license_id: "L1")"), "OK");
  EXPECT_EQ(reservations(R"(exporter: "acne")"), "PARTY_NOT_FOUND");
  EXPECT_EQ(reservations(R"(license_id: "L2")"), "LICENSE_NOT_FOUND");

  const auto licenses = [&](const std::string& request) {
    return ReasonOfRead(*licenses_, &v1::LicenseService::Stub::ListLicenses,
                        request);
  };
  EXPECT_EQ(licenses(R"(exporter: "globex" destination_country: "MY")"), "OK");
  EXPECT_EQ(licenses(R"(exporter: "acne")"), "PARTY_NOT_FOUND");
  EXPECT_EQ(licenses(R"(destination_country: "UK")"), "INVALID_FIELD");

  EXPECT_EQ(
      ReasonOfRead(*licenses_, &v1::LicenseService::Stub::ListApplications,
                   R"(exporter: "acne")"),
      "PARTY_NOT_FOUND");
}

TEST_F(ReadTest, HeadroomIsPagedWithoutSkippingOrRepeating) {
  const std::vector<std::string> countries{"AE", "BR", "IN", "MY", "SA", "VN"};
  for (const std::string& country : countries) {
    Record(absl::StrCat("S", country), 7, country);
  }
  v1::ListHeadroomRequest request;
  request.mutable_filter()->set_policy_id("caps");
  request.set_page_size(4);
  std::vector<std::string> listed;
  do {
    Context context;
    v1::ListHeadroomResponse page;
    ASSERT_TRUE(headroom_->ListHeadroom(&context, request, &page).ok());
    for (const v1::HeadroomRow& row : page.rows()) {
      EXPECT_EQ(row.used(), 7);
      listed.push_back(row.group().destination_country());
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(listed, countries);
}

TEST_F(ReadTest, ThePoliciesProductsPartiesAndGroupsAreListed) {
  Context products_context;
  v1::ListProductsResponse products;
  ASSERT_TRUE(policies_->ListProducts(&products_context, {}, &products).ok());
  ASSERT_EQ(products.products_size(), 2);
  EXPECT_EQ(products.products(0).product_code(), "H100");
  EXPECT_EQ(products.products(1).gpus_per_unit(), 72);

  Context parties_context;
  v1::ListPartiesResponse parties;
  ASSERT_TRUE(policies_->ListParties(&parties_context, {}, &parties).ok());
  ASSERT_EQ(parties.parties_size(), 2);
  EXPECT_EQ(parties.parties(0).party_id(), "acme");

  Context policies_context;
  v1::ListPoliciesResponse policies;
  ASSERT_TRUE(policies_->ListPolicies(&policies_context, {}, &policies).ok());
  ASSERT_EQ(policies.policies_size(), 1);
  EXPECT_EQ(policies.policies(0).policy().policy_id(), "caps");

  Context groups_context;
  v1::ListCountryGroupsResponse groups;
  ASSERT_TRUE(policies_->ListCountryGroups(&groups_context, {}, &groups).ok());
  EXPECT_EQ(groups.groups_size(), 0);
  EXPECT_EQ(groups.size(), policies.size());
}

TEST_F(ReadTest, ReportsAreListedPageByPageAtTheMomentOfTheFirst) {
  TestClock clock("2099-01-10T00:00:00Z");
  StartServer([&](ServerOptions& options) {
    options.ledger.clock = &clock;
    options.ledger.trust_clock = true;
    options.ledger.tick = absl::Milliseconds(10);
  });
  v1::AdoptPolicyRequest adopt = Proto<v1::AdoptPolicyRequest>(R"pb(
    command {
      policy {
        policy_id: "halves"
        title: "H"
        effective_from: "2025-01-01"
        provenance {
          citation: "c"
          legal_status: LEGAL_STATUS_IN_FORCE
          enforcement_status: ENFORCEMENT_STATUS_ENFORCED
        }
        rules {
          rule_id: "all"
          title: "A"
          measure: MEASURE_GPUS
          accrual: ACCRUAL_EXPORTED
          window { open {} }
          limit { constant: "50" }
          enforcement { mode: MODE_REPORT_ONLY }
          test_point: TEST_POINT_REPORTING_DATE
          reporting_dates: "02-01"
          reporting_dates: "08-01"
        }
      }
    })pb");
  adopt.set_request_id(NewRequestId());
  Context adopt_context;
  v1::AdoptPolicyResponse adopted;
  ASSERT_TRUE(policies_->AdoptPolicy(&adopt_context, adopt, &adopted).ok());
  uint64_t size = Record("S-1", 51);
  for (const char* day : {"2099-02-02T00:00:00Z", "2099-08-02T00:00:00Z",
                          "2100-02-02T00:00:00Z"}) {
    clock.Set(day);
    WaitForSize(++size);
  }

  v1::ListReportsRequest request;
  request.set_policy_id("halves");
  request.set_page_size(1);
  std::vector<std::string> dates;
  do {
    Context context;
    v1::ListReportsResponse page;
    ASSERT_TRUE(policies_->ListReports(&context, request, &page).ok());
    EXPECT_EQ(page.size(), size);
    ASSERT_EQ(page.reports_size(), 1);
    dates.push_back(page.reports(0).date());
    EXPECT_EQ(page.reports(0).rules(0).over_limit(), 1);
    EXPECT_FALSE(page.reports(0).totals(0).has_now())
        << "what comes between pages is not in them";
    Record(absl::StrCat("late", dates.size()));
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(dates, (std::vector<std::string>{"2099-02-01", "2099-08-01",
                                             "2100-02-01"}));
  Context last;
  v1::ListReportsResponse all;
  request.clear_page_token();
  request.clear_page_size();
  ASSERT_TRUE(policies_->ListReports(&last, request, &all).ok());
  ASSERT_EQ(all.reports_size(), 3);
  EXPECT_EQ(all.reports(0).totals(0).reported().used(), 51);
  EXPECT_EQ(all.reports(0).totals(0).now().used(), 54);
  StopServer();
}

// A shipment as a command, which is to be explained.
std::string CommandText(int quantity) {
  return absl::StrCat(
      "command { record_shipment { assurance: ASSURANCE_BEFORE_EXPORT shipment "
      "{ exporter: 'acme' shipment_reference: 'S-9' export_date: '2025-06-01' "
      "destination_country: 'MY' items { product_code: 'H100' quantity: ",
      quantity, " } } } }");
}

TEST_F(ReadTest, AnExplanationSaysWhatWasDecidedWhenItWas) {
  const auto explain = [&](const std::string& request) {
    Context context;
    v1::ExplainFactResponse response;
    const grpc::Status status = policies_->ExplainFact(
        &context, Proto<v1::ExplainFactRequest>(request), &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  };
  const uint64_t first = Record("S-1", 900) - 1;
  Context refused_context;
  v1::RecordShipmentResponse none;
  EXPECT_FALSE(shipments_
                   ->RecordShipment(&refused_context,
                                    ShipmentOf("H100", 200, "MY", "S-2"), &none)
                   .ok());
  const uint64_t refused = server().ledger().Latest()->size - 1;
  const uint64_t last = Record("S-3", 100) - 1;

  const auto evaluation = [](const v1::ExplainFactResponse& response) {
    EXPECT_EQ(response.facts_size(), 1);
    return response.facts(0).policies(0).rules(0).evaluations(0);
  };
  // Each as it was decided, whatever came after it.
  const v1::ExplainFactResponse accepted =
      explain("shipment { exporter: 'acme' shipment_reference: 'S-1' }");
  EXPECT_EQ(accepted.index(), first);
  EXPECT_EQ(accepted.size(), first);
  EXPECT_FALSE(accepted.refused());
  EXPECT_EQ(evaluation(accepted).headroom_before(), 1'000);
  const v1::ExplainFactResponse not_accepted =
      explain(absl::StrCat("index: ", refused));
  EXPECT_TRUE(not_accepted.refused());
  EXPECT_GT(not_accepted.record_time().seconds(), 0);
  EXPECT_EQ(evaluation(not_accepted).headroom_after(), -100);
  EXPECT_EQ(not_accepted.facts(0).judgement().violations_size(), 1);

  // A command, now and then; nothing of it is recorded.
  EXPECT_TRUE(explain(CommandText(1)).refused());
  const v1::ExplainFactResponse then = explain(
      absl::StrCat(CommandText(1), " read_point { at_size: ", refused, " }"));
  EXPECT_FALSE(then.refused());
  EXPECT_EQ(then.size(), refused);
  EXPECT_FALSE(then.has_index());
  EXPECT_EQ(evaluation(then).headroom_before(), 100);
  EXPECT_EQ(server().ledger().Latest()->size, last + 1);

  const auto reason = [&](const std::string& request) {
    return ReasonOfRead(*policies_, &v1::PolicyService::Stub::ExplainFact,
                        request);
  };
  EXPECT_EQ(reason(""), "INVALID_FIELD");
  EXPECT_EQ(reason("command {}"), "INVALID_FIELD");
  EXPECT_EQ(reason("index: 1 read_point { through_date: '2025-01-01' }"),
            "INVALID_FIELD");
  EXPECT_EQ(reason(absl::StrCat("index: ", last + 1)), "INDEX_OUT_OF_RANGE");
  EXPECT_EQ(reason(absl::StrCat("index: ", last,
                                " read_point { at_size: ", last, " }")),
            "INDEX_OUT_OF_RANGE");
  EXPECT_EQ(reason("shipment { exporter: 'acme' shipment_reference: 'S-2' }"),
            "SHIPMENT_NOT_FOUND");
  EXPECT_EQ(reason(absl::StrCat("shipment { exporter: 'acme' "
                                "shipment_reference: 'S-3' } read_point { "
                                "at_size: ",
                                last, " }")),
            "SHIPMENT_NOT_FOUND")
      << "it was not there yet";
}

// What became of a shipment before the last mark is not in a past state by
// itself.
TEST_F(ReadTest, AnExplanationKnowsWhatBecameOfAShipmentBeforeTheMark) {
  StopServer();
  StartServer([](ServerOptions& options) { options.ledger.mark_entries = 1; });
  Record("S-1", 10);
  const auto command = [](const std::string& rest) {
    return absl::StrCat(
        "command { retire_units { shipment { exporter: 'acme' "
        "shipment_reference: 'S-1' } cause: CAUSE_DAMAGE evidence: 'e' ",
        rest, " } }");
  };
  Context context;
  v1::VoidShipmentResponse voided;
  ASSERT_TRUE(
      shipments_
          ->VoidShipment(&context,
                         Proto<v1::VoidShipmentRequest>(absl::StrCat(
                             "request_id: '", NewRequestId(),
                             "' command { exporter: 'acme' "
                             "shipment_reference: 'S-1' reason: 'r' }")),
                         &voided)
          .ok());
  for (int i = 0; i < 5; ++i) Record(absl::StrCat("T", i));
  EXPECT_EQ(ReasonOfRead(*policies_, &v1::PolicyService::Stub::ExplainFact,
                         command("effective_date: '2025-06-02' units { item: 0 "
                                 "quantity: 1 }")),
            "WRONG_STATUS");
}

TEST_F(ReadTest, TheLedgerSaysHowItIs) {
  Context context;
  v1::GetLedgerResponse response;
  ASSERT_TRUE(admin_->GetLedger(&context, {}, &response).ok());
  EXPECT_EQ(response.ledger_id().size(), 36);
  EXPECT_EQ(response.size(), server().ledger().Latest()->size);
  EXPECT_GT(response.last_record_time().seconds(), 0);
  EXPECT_GT(response.format_version(), 0);
  EXPECT_FALSE(response.server_version().empty());
  EXPECT_FALSE(response.read_only());
  EXPECT_EQ(response.principal(), "development");
}

TEST_F(ReadTest, EntriesAreReadAsStoredFromAnyIndexToAnyOther) {
  for (int i = 0; i < 10; ++i) Record(absl::StrCat("S", i));
  const uint64_t size = server().ledger().Latest()->size;
  v1::ReadEntriesRequest request;
  request.set_start_index(3);
  request.set_end_index(size - 2);
  Context context;
  auto reader = audit_->ReadEntries(&context, request);
  v1::ReadEntriesResponse chunk;
  uint64_t next = 3;
  while (reader->Read(&chunk)) {
    EXPECT_EQ(chunk.first_index(), next);
    EXPECT_EQ(chunk.size(), size);
    for (const std::string& bytes : chunk.entries()) {
      v1::Entry entry;
      ASSERT_TRUE(entry.ParseFromString(bytes));
      EXPECT_EQ(entry.index(), next++);
    }
  }
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_EQ(next, size - 2);
}

}  // namespace
}  // namespace chipledger::testing
