// Goal: example E5: two exporters ask for the last of an allocation at the same
// time and exactly one gets it. Method: a real server, the shipped policy, two
// connections and a starting gun, over many countries.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "chipledger/scenario/v1/scenario.pb.h"
#include "gtest/gtest.h"
#include "ledger/scenario/text_file.h"
#include "tests/support/at_once.h"
#include "tests/support/server_fixture.h"

namespace chipledger::testing {
namespace {

using scenarios::ReadTextFile;

constexpr absl::string_view kPoliciesDir = CHIPLEDGER_POLICIES_DIR;
constexpr char kPolicyId[] = "us-diffusion-2025";
constexpr char kRuleId[] = "country_allocation";
// Of 790,000,000 TPP, 30,000 H100 leave room for 19,898 more and 14,864 TPP.
constexpr int64_t kFirstGrant = 30'000;
constexpr int64_t kAsked = 19'898;
constexpr int64_t kLeftMilliTpp = 14'864'000;

v1::GrantLicenseRequest Grant(absl::string_view license_id,
                              absl::string_view exporter,
                              absl::string_view country, int64_t quantity) {
  v1::GrantLicenseRequest request;
  request.set_request_id(NewRequestId());
  v1::License& license = *request.mutable_command()->mutable_license();
  license.set_license_id(std::string(license_id));
  license.set_exporter(std::string(exporter));
  license.add_destination_countries(std::string(country));
  license.set_grant_date("2025-02-10");
  license.set_expiry_date("2026-02-10");
  v1::LicenseLine& line = *license.add_lines();
  line.set_line_number(1);
  line.set_product_code("H100");
  line.set_quantity(quantity);
  return request;
}

class ConcurrentGrantTest : public ServerTest {
 protected:
  void SetUp() override {
    scenario::v1::Setup setup;
    const absl::Status read = ReadTextFile(
        absl::StrCat(kPoliciesDir, "/scenarios/setup/catalog.textproto"),
        setup);
    ASSERT_TRUE(read.ok()) << read;
    v1::SubmitPolicyCommandsRequest catalog;
    *catalog.mutable_commands() = setup.commands();
    Submit(catalog);

    v1::PolicyFile file;
    const absl::Status policy_read = ReadTextFile(
        absl::StrCat(kPoliciesDir, "/", kPolicyId, ".textproto"), file);
    ASSERT_TRUE(policy_read.ok()) << policy_read;
    v1::SubmitPolicyCommandsRequest adoption;
    for (const v1::ChangeCountryGroup& group : file.country_groups()) {
      *adoption.add_commands()->mutable_change_country_group() = group;
    }
    *adoption.add_commands()->mutable_adopt_policy()->mutable_policy() =
        file.policy();
    Submit(adoption);
  }

  void Submit(v1::SubmitPolicyCommandsRequest& request) {
    request.set_request_id(NewRequestId());
    Context context;
    v1::SubmitPolicyCommandsResponse response;
    const grpc::Status status =
        policies_->SubmitPolicyCommands(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  std::unique_ptr<v1::LicenseService::Stub> ConnectAnew() {
    return v1::LicenseService::NewStub(OwnChannel(address()));
  }

  int64_t HeadroomOf(const std::string& country) {
    v1::GetHeadroomRequest request;
    request.set_policy_id(kPolicyId);
    request.set_rule_id(kRuleId);
    request.mutable_group()->set_destination_country(country);
    request.set_on_date("2025-02-10");
    Context context;
    v1::GetHeadroomResponse response;
    const grpc::Status status =
        headroom_->GetHeadroom(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.row().headroom();
  }
};

TEST_F(ConcurrentGrantTest, ExactlyOneOfTwoExportersGetsTheLastOfAnAllocation) {
  const std::vector<std::string> countries = {
      "MY", "SG", "IN", "BR", "TH", "VN", "ID", "PH", "MX", "AR",
      "CL", "CO", "PE", "ZA", "KE", "NG", "EG", "MA", "TR", "PL"};
  const std::vector<std::string> exporters = {"exporter-x", "exporter-y"};
  const std::vector<std::unique_ptr<v1::LicenseService::Stub>> stubs = [&] {
    std::vector<std::unique_ptr<v1::LicenseService::Stub>> connections;
    connections.push_back(ConnectAnew());
    connections.push_back(ConnectAnew());
    return connections;
  }();

  for (const std::string& country : countries) {
    SCOPED_TRACE(country);
    {
      Context context;
      v1::GrantLicenseResponse response;
      const grpc::Status status =
          licenses_->GrantLicense(&context,
                                  Grant(absl::StrCat("first-", country),
                                        "exporter-x", country, kFirstGrant),
                                  &response);
      ASSERT_TRUE(status.ok()) << status.error_message();
    }
    std::vector<grpc::Status> answers(2);
    AtOnce(2, [&](int i) {
      Context context;
      v1::GrantLicenseResponse response;
      answers[i] =
          stubs[i]->GrantLicense(&context,
                                 Grant(absl::StrCat("last-", country, "-", i),
                                       exporters[i], country, kAsked),
                                 &response);
    });

    ASSERT_NE(answers[0].ok(), answers[1].ok())
        << answers[0].error_message() << " / " << answers[1].error_message();
    const grpc::Status& refused = answers[0].ok() ? answers[1] : answers[0];
    EXPECT_EQ(refused.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_EQ(ReasonOf(refused), "REFUSED_BY_RULES");
    const auto refusal = DetailOf<v1::Refusal>(refused);
    ASSERT_TRUE(refusal.has_value());
    ASSERT_EQ(refusal->violations_size(), 1);
    EXPECT_EQ(refusal->violations(0).rule_id(), kRuleId);
    EXPECT_EQ(refusal->violations(0).headroom(), kLeftMilliTpp);
    EXPECT_EQ(HeadroomOf(country), kLeftMilliTpp);
  }
}

}  // namespace
}  // namespace chipledger::testing
