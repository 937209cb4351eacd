// Goal: every kind of wrong command gets a clear error that names the field and
// the value, and leaves nothing behind.
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/substitute.h"
#include "gtest/gtest.h"
#include "ledger/base/error.h"
#include "ledger/scenario/memory_ledger.h"
#include "tests/support/commands.h"

namespace chipledger::testing {
namespace {

using scenarios::MemoryLedger;

class BadInputTest : public ::testing::Test {
 protected:
  BadInputTest() {
    Accept(R"pb(register_product {
                  product {
                    product_code: "H100"
                    gpus_per_unit: 1
                    milli_tpp_per_gpu: 15832000
                    source: "s"
                  }
                })pb");
    Accept(R"pb(register_product {
                  product {
                    product_code: "HUGE"
                    gpus_per_unit: 1000000
                    milli_tpp_per_gpu: 1000000000000
                    source: "s"
                  }
                })pb");
    Accept(R"pb(register_party { party { party_id: "x" name: "X" } })pb");
    Accept(R"pb(adopt_policy {
                  policy {
                    policy_id: "p"
                    title: "P"
                    effective_from: "2020-01-01"
                    provenance {
                      citation: "c"
                      legal_status: LEGAL_STATUS_IN_FORCE
                      enforcement_status: ENFORCEMENT_STATUS_ENFORCED
                    }
                    rules {
                      rule_id: "r"
                      title: "R"
                      measure: MEASURE_TPP
                      accrual: ACCRUAL_EXPORTED
                      window { open {} }
                      limit { none {} }
                      enforcement { mode: MODE_REPORT_ONLY }
                    }
                  }
                })pb");
    Accept(Grant("L1"));
  }

  static std::string Grant(const std::string& id) {
    return absl::StrCat(
        R"(grant_license { license { license_id: ")", id,
        R"(" exporter: "x" destination_countries: "MY" grant_date: "2025-01-01"
             expiry_date: "2025-12-31"
             lines { line_number: 1 product_code: "H100" quantity: 10 } } })");
  }

  // A shipment that is right but for what `fields` adds or replaces.
  static v1::Command Shipment(const std::string& fields) {
    v1::Command command = Cmd(R"pb(record_shipment {
                                     assurance: ASSURANCE_BEFORE_EXPORT
                                     shipment {
                                       exporter: "x"
                                       shipment_reference: "S1"
                                       export_date: "2025-02-01"
                                       destination_country: "MY"
                                     }
                                   })pb");
    v1::Shipment& shipment =
        *command.mutable_record_shipment()->mutable_shipment();
    shipment.MergeFrom(FromText<v1::Shipment>(fields));
    if (shipment.items().empty()) {
      shipment.MergeFrom(FromText<v1::Shipment>(
          R"pb(items { product_code: "H100" quantity: 1 })pb"));
    }
    return command;
  }

  // A policy of one GPU in all.
  static v1::Command Adoption(const std::string& id, const std::string& from) {
    return Cmd(absl::StrCat(
        R"(adopt_policy { policy { policy_id: ")", id,
        R"(" title: "T" effective_from: ")", from,
        R"(" provenance { citation: "c" legal_status: LEGAL_STATUS_IN_FORCE
                          enforcement_status: ENFORCEMENT_STATUS_ENFORCED }
             rules { rule_id: "r" title: "R" measure: MEASURE_GPUS
                     accrual: ACCRUAL_EXPORTED window { open {} }
                     limit { constant: "1" }
                     enforcement { mode: MODE_REFUSE } } } })"));
  }

  void Accept(const std::string& text) {
    const auto outcome = ledger_.Submit({Cmd(text)});
    ASSERT_TRUE(outcome.status.ok()) << outcome.status << text;
    ASSERT_FALSE(outcome.refused) << text;
  }

  // The command fails with this reason; the message says all of `says`; the
  // ledger is as before.
  void ExpectError(const v1::Command& command, absl::StatusCode code,
                   const std::string& reason,
                   const std::vector<std::string>& says) {
    const size_t before = ledger_.entries().size();
    const auto outcome = ledger_.Submit({command});
    EXPECT_EQ(outcome.status.code(), code) << outcome.status;
    const auto cause = GetErrorCause(outcome.status);
    ASSERT_TRUE(cause) << outcome.status;
    EXPECT_EQ(cause->reason, reason);
    for (const std::string& part : says) {
      EXPECT_TRUE(
          absl::StrContains(absl::string_view(outcome.status.message()), part))
          << part << " is not in: " << outcome.status;
    }
    EXPECT_EQ(ledger_.entries().size(), before);
    EXPECT_EQ(ledger_.state().size(), before);
  }

  void ExpectInvalid(const v1::Command& command, const std::string& field,
                     const std::string& value) {
    ExpectError(command, absl::StatusCode::kInvalidArgument, "INVALID_FIELD",
                {field, value});
  }

  MemoryLedger ledger_;
};

TEST_F(BadInputTest, AnUnknownCountry) {
  ExpectInvalid(Shipment(R"pb(destination_country: "XX")pb"),
                "shipment.destination_country", "XX");
  ExpectInvalid(Shipment(R"pb(destination_country: "my")pb"),
                "shipment.destination_country", "my");
}

TEST_F(BadInputTest, AnUnknownProductPartyOrLicense) {
  ExpectError(Shipment(R"pb(items { product_code: "H10" quantity: 1 })pb"),
              absl::StatusCode::kNotFound, "PRODUCT_NOT_FOUND", {"\"H10\""});
  ExpectError(Shipment(R"pb(exporter: "y")pb"), absl::StatusCode::kNotFound,
              "PARTY_NOT_FOUND", {"\"y\""});
  ExpectError(Shipment(R"pb(consignee: "z")pb"), absl::StatusCode::kNotFound,
              "PARTY_NOT_FOUND", {"\"z\""});
  ExpectError(Shipment(R"pb(authorization {
                              kind: AUTHORIZATION_KIND_LICENSE
                              license_id: "L2"
                            })pb"),
              absl::StatusCode::kNotFound, "LICENSE_NOT_FOUND", {"\"L2\""});
}

TEST_F(BadInputTest, QuantitiesThatAreNegativeZeroOrTooLarge) {
  for (const char* quantity :
       {"-1", "0", "1000000001", "9223372036854775807"}) {
    ExpectInvalid(
        Shipment(absl::StrCat(R"(items { product_code: "H100" quantity: )",
                              quantity, " }")),
        "shipment.items[0].quantity", quantity);
  }
}

TEST_F(BadInputTest, AnAmountThatLeaves64Bits) {
  ExpectError(Shipment(R"pb(items { product_code: "HUGE" quantity: 1000 })pb"),
              absl::StatusCode::kOutOfRange, "TOTAL_OVERFLOW", {"\"r\""});
}

TEST_F(BadInputTest, ATotalThatWouldLeave64Bits) {
  v1::Command command =
      Shipment(R"pb(items { product_code: "HUGE" quantity: 9 })pb");
  ASSERT_TRUE(ledger_.Submit({command}).status.ok());
  command.mutable_record_shipment()->mutable_shipment()->set_shipment_reference(
      "S2");
  ExpectError(command, absl::StatusCode::kOutOfRange, "TOTAL_OVERFLOW",
              {"\"r\""});
}

TEST_F(BadInputTest, DatesThatDoNotExist) {
  for (const char* date : {"2025-02-30", "2025-2-1", "yesterday", ""}) {
    v1::Command command = Shipment("");
    command.mutable_record_shipment()->mutable_shipment()->set_export_date(
        date);
    ExpectInvalid(command, "shipment.export_date", date);
  }
}

TEST_F(BadInputTest, StringsOverTheLimitOrWithControlCharacters) {
  ExpectInvalid(Shipment(absl::StrCat("shipment_reference: \"",
                                      std::string(65, 'a'), "\"")),
                "shipment.shipment_reference", "64 bytes");
  ExpectInvalid(Shipment(R"pb(shipment_reference: "a\nb")pb"),
                "shipment.shipment_reference", "control");
  ExpectInvalid(
      Shipment(absl::StrCat("source: \"", std::string(2049, 'a'), "\"")),
      "shipment.source", "2048 bytes");
  ExpectInvalid(Shipment(R"pb(exporter: "Not A Slug")pb"), "shipment.exporter",
                "Not A Slug");
}

TEST_F(BadInputTest, ALongValueIsQuotedUpToAWholeCharacter) {
  // Of what is quoted, 80 bytes, the last would be the first half of a letter.
  const std::string good(79, 'a');
  ExpectInvalid(Shipment(absl::StrCat("exporter: \"", good, "\u00E4\"")),
                "shipment.exporter",
                absl::StrCat("\"", good, "...\" (81 bytes)"));
}

TEST_F(BadInputTest, KeysWithCharactersThatAreNotSeen) {
  const std::pair<const char*, const char*> hidden[] = {
      {"LK\u00A01", "U+00A0"},         // No-break space.
      {"LK\u00AD-1", "U+00AD"},        // Soft hyphen.
      {"LK-1\u200B", "U+200B"},        // Zero-width space.
      {"LK\u202E-1", "U+202E"},        // Right-to-left override.
      {"\uFEFFLK-1", "U+FEFF"},        // Byte order mark.
      {"LK\u3000-1", "U+3000"},        // Ideographic space.
      {"LK-1\U000E0041", "U+E0041"}};  // Tag letter.
  for (const auto& [key, point] : hidden) {
    v1::Command command = Shipment("");
    v1::Shipment& shipment =
        *command.mutable_record_shipment()->mutable_shipment();
    shipment.set_shipment_reference(key);
    ExpectInvalid(command, "shipment.shipment_reference", point);
    shipment.set_shipment_reference("S1");
    shipment.mutable_authorization()->set_kind(v1::AUTHORIZATION_KIND_LICENSE);
    shipment.mutable_authorization()->set_license_id(key);
    ExpectInvalid(command, "shipment.authorization.license_id", point);
    v1::Command product;
    product.mutable_register_product()->mutable_product()->set_product_code(
        key);
    ExpectInvalid(product, "product.product_code", point);
  }
  // What is seen is taken, in any script.
  v1::Command command = Shipment("");
  command.mutable_record_shipment()->mutable_shipment()->set_shipment_reference(
      "Lieferung 7/\u00FC\u8A08\U0001F4E6");
  EXPECT_TRUE(ledger_.Submit({command}).status.ok());
}

TEST_F(BadInputTest, EveryWrongFieldIsReportedAtOnce) {
  const auto outcome = ledger_.Submit(
      {Shipment(R"pb(destination_country: "XX"
                     export_date: "2025-13-01"
                     items { product_code: "H100" quantity: 0 }
                     items { product_code: "" quantity: 1 })pb")});
  std::vector<std::string> fields;
  for (const FieldViolation& violation : GetFieldViolations(outcome.status)) {
    fields.push_back(violation.field);
  }
  EXPECT_EQ(fields, (std::vector<std::string>{
                        "shipment.export_date", "shipment.destination_country",
                        "shipment.items[0].quantity",
                        "shipment.items[1].product_code"}));
}

TEST_F(BadInputTest, AnAssuranceThatIsNotStated) {
  v1::Command command = Shipment("");
  command.mutable_record_shipment()->clear_assurance();
  ExpectInvalid(command, "assurance", "ASSURANCE_BEFORE_EXPORT");
}

TEST_F(BadInputTest, ALicenseIdOfAnotherKindOfAuthorization) {
  const auto outcome =
      ledger_.Submit({Shipment(R"pb(authorization {
                                      kind: AUTHORIZATION_KIND_LPP
                                      license_id: "L1"
                                    })pb")});
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  ASSERT_TRUE(outcome.refused);
  const v1::Violation& violation = outcome.judgements[0].violations(0);
  EXPECT_EQ(violation.rule_id(), "license_wrong_kind");
  EXPECT_TRUE(absl::StrContains(violation.description(), "L1"))
      << violation.description();
}

TEST_F(BadInputTest, AReferenceOrLicenseOrPolicyUsedASecondTime) {
  ASSERT_TRUE(ledger_.Submit({Shipment("")}).status.ok());
  ExpectError(Shipment(R"pb(destination_country: "SG")pb"),
              absl::StatusCode::kAlreadyExists, "SHIPMENT_REFERENCE_REUSED",
              {"\"S1\"", "entry 6"});
  ExpectError(Cmd(Grant("L1")), absl::StatusCode::kAlreadyExists,
              "LICENSE_EXISTS", {"\"L1\"", "entry 5"});
}

TEST_F(BadInputTest, ALicenseThatContradictsItself) {
  v1::Command command = Cmd(Grant("L2"));
  v1::License& license = *command.mutable_grant_license()->mutable_license();
  license.set_expiry_date("2024-12-31");
  ExpectInvalid(command, "license.expiry_date", "2024-12-31");
  license.set_expiry_date("2025-12-31");
  license.add_destination_countries("SG");
  ExpectInvalid(command, "license.lines[0].destination_country",
                "is not set, and there are 2 destinations");
  license.mutable_lines(0)->set_destination_country("DE");
  ExpectInvalid(command, "license.lines[0].destination_country",
                "\"DE\" is not one of the license's destinations");
  license.mutable_lines(0)->set_destination_country("SG");
  *license.add_lines() = license.lines(0);
  ExpectInvalid(command, "license.lines[1].line_number", "used twice");
}

TEST_F(BadInputTest, ChangesThatDoNotFitTheStandingOfALicense) {
  ExpectError(Cmd(R"pb(reinstate_license {
                         license_id: "L1"
                         effective_date: "2025-03-01"
                         reason: "r"
                       })pb"),
              absl::StatusCode::kFailedPrecondition, "WRONG_STATUS",
              {"granted", "suspended"});
  Accept(R"pb(revoke_license {
                license_id: "L1"
                effective_date: "2025-03-01"
                reason: "r"
              })pb");
  ExpectError(Cmd(R"pb(suspend_license {
                         license_id: "L1"
                         effective_date: "2025-03-02"
                         reason: "r"
                       })pb"),
              absl::StatusCode::kFailedPrecondition, "WRONG_STATUS",
              {"revoked"});
}

TEST_F(BadInputTest, ReplacementsTransfersAndCorrectionsThatMakeNoSense) {
  v1::Command grant = Cmd(Grant("L2"));
  v1::GrantLicense& command = *grant.mutable_grant_license();
  command.set_replaces("L404");
  ExpectError(grant, absl::StatusCode::kNotFound, "LICENSE_NOT_FOUND",
              {"L404"});
  command.set_replaces("L2");
  ExpectInvalid(grant, "replaces", "is the license itself");
  command.set_replaces("L1");
  command.mutable_license()->set_grant_date("2024-12-31");
  ExpectError(grant, absl::StatusCode::kFailedPrecondition, "WRONG_DATE",
              {"license.grant_date", "2024-12-31",
               "before that of the license it replaces, 2025-01-01"});
  command.clear_replaces();
  command.set_reservation_effect(v1::RESERVATION_EFFECT_KEEP);
  ExpectInvalid(grant, "reservation_effect", "goes with replaces only");

  const std::string transfer =
      "transfer_license { license_id: 'L1' exporter: '$0' effective_date: "
      "'$1' reason: 'r' }";
  ExpectError(Cmd(absl::Substitute(transfer, "nobody", "2025-03-01")),
              absl::StatusCode::kNotFound, "PARTY_NOT_FOUND", {"nobody"});
  ExpectInvalid(Cmd(absl::Substitute(transfer, "x", "2025-03-01")), "exporter",
                "\"x\" is the licensee already");
  Accept("register_party { party { party_id: 'y' name: 'Y' } }");
  ExpectError(Cmd(absl::Substitute(transfer, "y", "2024-12-31")),
              absl::StatusCode::kFailedPrecondition, "WRONG_DATE",
              {"is before the grant date, 2025-01-01"});

  const std::string change =
      "$0 { license_id: 'L1' effective_date: '$1' reason: 'r' }";
  Accept(absl::Substitute(change, "suspend_license", "2025-03-01"));
  Accept(absl::Substitute(change, "reinstate_license", "2025-04-01"));
  const uint64_t reinstatement = ledger_.state().size() - 1;
  const auto correction = [&](uint64_t index, const std::string& date) {
    return Cmd(absl::StrCat("correct_license_change { license_id: 'L1' ",
                            "change_index: ", index, " effective_date: '", date,
                            "' reason: 'r' }"));
  };
  ExpectInvalid(correction(1, "2025-03-02"), "change_index",
                absl::StrCat("these are: ", reinstatement - 1,
                             " (suspended from 2025-03-01), ", reinstatement,
                             " (granted from 2025-04-01)"));
  ExpectError(
      correction(reinstatement, "2025-02-28"),
      absl::StatusCode::kFailedPrecondition, "WRONG_DATE",
      {"is not after the change that entry", "suspended from 2025-03-01"});
  ExpectError(
      correction(reinstatement - 1, "2025-04-02"),
      absl::StatusCode::kFailedPrecondition, "WRONG_DATE",
      {"is not before the change that entry", "granted from 2025-04-01"});
}

TEST_F(BadInputTest, ARevocationInPartIsCorrectedUntilTheLicenseIsAmended) {
  Accept(R"pb(revoke_license {
                license_id: "L1"
                effective_date: "2025-03-01"
                reason: "r"
                parts { line_number: 1 quantity: 4 }
              })pb");
  const uint64_t revocation = ledger_.state().size() - 1;
  const auto correction = [&](uint64_t index, const std::string& date) {
    return Cmd(absl::StrCat("correct_license_change { license_id: 'L1' ",
                            "change_index: ", index, " effective_date: '", date,
                            "' reason: 'r' }"));
  };
  ExpectInvalid(
      correction(1, "2025-03-02"), "change_index",
      absl::StrCat("these are: ", revocation, " (revoked in part from "));
  ExpectError(correction(revocation, "2025-03-01"),
              absl::StatusCode::kFailedPrecondition, "WRONG_DATE",
              {"is the date it has"});
  ExpectError(correction(revocation, "2024-12-31"),
              absl::StatusCode::kFailedPrecondition, "WRONG_DATE",
              {"effective_date"});
  ASSERT_TRUE(
      ledger_.Submit({correction(revocation, "2025-02-01")}).status.ok());
  const domain::LicenseState& license = *ledger_.state().FindLicense("L1");
  EXPECT_EQ(license.ToView(*Date::Parse("2025-01-31")).drawdown(0).authorized(),
            10);
  EXPECT_EQ(license.ToView(*Date::Parse("2025-02-01")).drawdown(0).authorized(),
            6);
  v1::Command amendment = Cmd(absl::StrReplaceAll(
      Grant("L1"), {{"grant_license {", "amend_license { reason: 'r'"}}));
  ASSERT_TRUE(ledger_.Submit({amendment}).status.ok());
  ExpectError(correction(revocation, "2025-03-01"),
              absl::StatusCode::kFailedPrecondition, "WRONG_STATUS",
              {"amended or transferred by entry"});
}

TEST_F(BadInputTest, ADepartureThatIsNoTimeOrOfAnotherDay) {
  ExpectInvalid(Shipment(R"pb(departure_time: "2025-02-01")pb"),
                "shipment.departure_time", "is no RFC 3339 time");
  ExpectInvalid(Shipment(R"pb(departure_time: "2025-02-03T00:00:00Z")pb"),
                "shipment.departure_time",
                "is nowhere on the export_date, 2025-02-01");
  v1::Command grant = Cmd(Grant("L2"));
  v1::License& license = *grant.mutable_grant_license()->mutable_license();
  license.set_utc_offset("EST");
  ExpectInvalid(grant, "license.utc_offset", "\"EST\" is no offset from UTC");
  license.set_utc_offset("-05:00");
  Accept(absl::StrCat("grant_license { ",
                      grant.grant_license().ShortDebugString(), " }"));
  const auto departs = [&](const std::string& time) {
    return Shipment(absl::StrCat(
        "departure_time: '", time,
        "' authorization { kind: AUTHORIZATION_KIND_LICENSE license_id: 'L2' "
        "}"));
  };
  ExpectInvalid(departs("2025-02-01T04:59:59Z"), "shipment.departure_time",
                "is on 2025-01-31 at the place of export (UTC-05:00 by license "
                "L2), and export_date says 2025-02-01");
  const auto in_time = ledger_.Submit({departs("2025-02-01T05:00:00Z")});
  EXPECT_TRUE(in_time.status.ok() && !in_time.refused) << in_time.status;
}

TEST_F(BadInputTest, ARevisionThatIsNotTheExpectedOne) {
  ExpectError(Cmd(R"pb(suspend_license {
                         license_id: "L1"
                         effective_date: "2025-03-01"
                         reason: "r"
                         expected_revision: 7
                       })pb"),
              absl::StatusCode::kAborted, "REVISION_MISMATCH",
              {"revision 1", "expected 7"});
}

TEST_F(BadInputTest, AllFailedRevisionChecksOfARequestComeBack) {
  ASSERT_TRUE(ledger_.Submit({Shipment("")}).status.ok());
  const size_t before = ledger_.entries().size();
  const auto outcome = ledger_.Submit({Cmd(R"pb(void_shipment {
                                                  exporter: "x"
                                                  shipment_reference: "S1"
                                                  reason: "r"
                                                  expected_revision: 9
                                                })pb"),
                                       Cmd(R"pb(suspend_license {
                                                  license_id: "L1"
                                                  effective_date: "2025-03-01"
                                                  reason: "r"
                                                  expected_revision: 8
                                                })pb")});
  EXPECT_EQ(outcome.status.code(), absl::StatusCode::kAborted);
  const std::string failed =
      GetErrorCause(outcome.status)->metadata.at("failed_checks");
  EXPECT_TRUE(absl::StrContains(failed, "shipment x/S1 has revision 1"));
  EXPECT_TRUE(absl::StrContains(failed, "license L1 has revision 1"));
  EXPECT_EQ(ledger_.entries().size(), before);
}

TEST_F(BadInputTest, WhatIsMissingIsNotHiddenBehindAnothersRevision) {
  ASSERT_TRUE(ledger_.Submit({Shipment("")}).status.ok());
  const auto outcome =
      ledger_.Submit({Cmd(R"pb(void_shipment {
                                 exporter: "x"
                                 shipment_reference: "S404"
                                 reason: "r"
                               })pb"),
                      Cmd(R"pb(void_shipment {
                                 exporter: "x"
                                 shipment_reference: "S1"
                                 reason: "r"
                                 expected_revision: 9
                               })pb"),
                      Cmd(R"pb(suspend_license {
                                 license_id: "L404"
                                 effective_date: "2025-03-01"
                                 reason: "r"
                               })pb"),
                      Cmd(Grant("L2")), Cmd(R"pb(suspend_license {
                                                   license_id: "L2"
                                                   effective_date: "2025-03-01"
                                                   reason: "r"
                                                 })pb")});
  EXPECT_EQ(GetErrorCause(outcome.status)->reason, "REVISION_MISMATCH");
  EXPECT_EQ(GetErrorCause(outcome.status)->metadata.at("failed_checks"),
            "shipment x/S1 has revision 1, expected 9; shipment x/S404 does "
            "not exist; license L404 does not exist");
}

TEST_F(BadInputTest, AMembershipThatComesTooLateNamesTheFactItWouldJudge) {
  Accept(
      "change_country_group { group_id: 'g' changes { country: 'AE' kind: "
      "KIND_JOIN } }");
  v1::Command adoption = Adoption("by-group", "2025-01-01");
  v1::Rule& rule =
      *adoption.mutable_adopt_policy()->mutable_policy()->mutable_rules(0);
  rule.mutable_scope()->mutable_where()->add_except_destination_groups("g");
  rule.mutable_enforcement()->set_mode(v1::Enforcement::MODE_REPORT_ONLY);
  ASSERT_TRUE(ledger_.Submit({adoption}).status.ok());
  ASSERT_TRUE(ledger_.Submit({Shipment("")}).status.ok());
  const uint64_t index = ledger_.state().size() - 1;
  const auto change = [](const std::string& country, const std::string& date,
                         const std::string& kind = "KIND_JOIN") {
    return Cmd(absl::StrCat(
        "change_country_group { group_id: 'g' changes { country: '", country,
        "' kind: ", kind, " effective_date: '", date, "' } reason: 'r' }"));
  };
  // The shipment goes to Malaysia on 2025-02-01.
  ExpectError(
      change("MY", "2025-02-01"), absl::StatusCode::kFailedPrecondition,
      "CHANGE_TOO_LATE",
      {absl::StrCat("entry ", index, ", of MY on 2025-02-01"), "by-group"});
  for (const v1::Command& good :
       {change("MY", "2025-02-02"), change("SG", "2025-01-01"),
        // It changes nothing.
        change("AE", "2025-01-01")}) {
    const auto outcome = ledger_.Submit({good});
    EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  }
}

TEST_F(BadInputTest, AMembershipIsTooLateForUnitsThatWereFoundThereToo) {
  Accept(
      "change_country_group { group_id: 'g' changes { country: 'AE' kind: "
      "KIND_JOIN } }");
  v1::Command adoption = Adoption("by-group", "2025-01-01");
  v1::Rule& rule =
      *adoption.mutable_adopt_policy()->mutable_policy()->mutable_rules(0);
  rule.set_accrual(v1::ACCRUAL_INSTALLED_NET);
  rule.mutable_scope()->mutable_where()->add_except_destination_groups("g");
  rule.mutable_enforcement()->set_mode(v1::Enforcement::MODE_REPORT_ONLY);
  ASSERT_TRUE(ledger_.Submit({adoption}).status.ok());
  ASSERT_TRUE(ledger_.Submit({Shipment("")}).status.ok());
  Accept(R"(report_diversion {
              shipment { exporter: "x" shipment_reference: "S1" }
              effective_date: "2025-02-03" units { item: 0 quantity: 1 }
              found_country: "SG" evidence: "e" })");
  const uint64_t index = ledger_.state().size() - 1;
  ExpectError(
      Cmd("change_country_group { group_id: 'g' changes { country: 'SG' kind: "
          "KIND_JOIN effective_date: '2025-02-03' } reason: 'r' }"),
      absl::StatusCode::kFailedPrecondition, "CHANGE_TOO_LATE",
      {absl::StrCat("entry ", index, ", of SG on 2025-02-03"), "by-group"});
  Accept(
      "change_country_group { group_id: 'g' changes { country: 'SG' kind: "
      "KIND_JOIN effective_date: '2025-02-04' } reason: 'r' }");
}

TEST_F(BadInputTest, AMembershipIsNotTooLateForWhatWasTakenBackWhole) {
  Accept(
      "change_country_group { group_id: 'g' changes { country: 'AE' kind: "
      "KIND_JOIN } }");
  v1::Command adoption = Adoption("by-group", "2025-01-01");
  v1::Rule& rule =
      *adoption.mutable_adopt_policy()->mutable_policy()->mutable_rules(0);
  rule.set_accrual(v1::ACCRUAL_LICENSED);
  rule.set_revocation_effect(v1::REVOCATION_EFFECT_RELEASE_UNSHIPPED);
  rule.mutable_scope()->mutable_where()->add_except_destination_groups("g");
  rule.mutable_enforcement()->set_mode(v1::Enforcement::MODE_REPORT_ONLY);
  ASSERT_TRUE(ledger_.Submit({adoption}).status.ok());
  const v1::Command change =
      Cmd("change_country_group { group_id: 'g' changes { country: 'MY' kind: "
          "KIND_JOIN effective_date: '2025-01-02' } reason: 'r' }");
  const auto too_late = [&](const std::string& fact) {
    ExpectError(change, absl::StatusCode::kFailedPrecondition,
                "CHANGE_TOO_LATE", {fact});
  };
  const auto grant = [&](const std::string& id) {
    Accept(absl::StrReplaceAll(Grant(id), {{"2025-01-01", "2025-06-01"}}));
    return absl::StrCat("entry ", ledger_.state().size() - 1,
                        ", of MY on 2025-06-01");
  };
  const auto void_license = [&](const std::string& id) {
    Accept(absl::StrCat("void_license { license_id: '", id,
                        "' reason: 'mistyped' reservation_effect: "
                        "RESERVATION_EFFECT_RELEASE }"));
  };
  // Of two grants the first is told until it is voided, then the second.
  const std::string first = grant("L2");
  const std::string second = grant("L3");
  too_late(first);
  void_license("L2");
  too_late(second);
  // A reservation is a fact until it has ended.
  Accept(R"(reserve_shipment {
              shipment {
                exporter: "x" shipment_reference: "R1"
                export_date: "2025-07-01" destination_country: "MY"
                items { product_code: "H100" quantity: 1 } }
              hold_seconds: 3600 })");
  const uint64_t reservation = ledger_.state().size() - 1;
  void_license("L3");
  too_late(absl::StrCat("entry ", reservation, ", of MY on 2025-07-01"));
  Accept(absl::StrCat("release_reservation { reservation_index: ", reservation,
                      " reason: 'r' }"));
  // What is drawn counts on when its license is voided.
  const std::string drawn = grant("L4");
  v1::Command shipment = Shipment(
      R"(authorization { kind: AUTHORIZATION_KIND_LICENSE license_id: "L4" }
         export_date: "2025-06-02")");
  ASSERT_TRUE(ledger_.Submit({shipment}).status.ok());
  void_license("L4");
  too_late(drawn);
}

TEST_F(BadInputTest, HeadquartersAndOwnersThatComeTooLateNameTheFactToo) {
  const auto party = [](const std::string& id, const std::string& more = "") {
    return Cmd(absl::StrCat("register_party { party { party_id: '", id,
                            "' name: 'N' ", more, " } }"));
  };
  const auto in = [](const std::string& country, const std::string& from) {
    return absl::StrCat("headquarters { country: '", country,
                        "' effective_from: '", from, "' } ");
  };
  const auto owned_by = [](const std::string& parent, const std::string& from) {
    return absl::StrCat("ultimate_parents { party_id: '", parent,
                        "' effective_from: '", from, "' } ");
  };
  for (const v1::Command& command :
       {party("parent", in("US", "2020-01-01")), party("user"),
        party("dealer", owned_by("parent", "2020-01-01"))}) {
    ASSERT_TRUE(ledger_.Submit({command}).status.ok());
  }
  v1::Command adoption = Adoption("by-seat", "2025-01-01");
  v1::Rule& rule =
      *adoption.mutable_adopt_policy()->mutable_policy()->mutable_rules(0);
  rule.mutable_scope()->add_group_by(v1::Scope::GROUP_BY_HEADQUARTERS_COUNTRY);
  rule.mutable_enforcement()->set_mode(v1::Enforcement::MODE_REPORT_ONLY);
  ASSERT_TRUE(ledger_.Submit({adoption}).status.ok());
  v1::Command shipment = Shipment("");
  shipment.mutable_record_shipment()->mutable_shipment()->set_consignee(
      "dealer");
  ASSERT_TRUE(ledger_.Submit({shipment}).status.ok());
  const uint64_t index = ledger_.state().size() - 1;
  // The shipment goes to the dealer, whom the parent owns, on 2025-02-01.
  const struct {
    std::string who;
    v1::Command late;
  } changes[] = {
      {"dealer", party("dealer", owned_by("parent", "2020-01-01") +
                                     owned_by("user", "2025-02-01"))},
      {"dealer", party("dealer")},
      {"parent",
       party("parent", in("US", "2020-01-01") + in("CN", "2025-02-01"))},
      {"parent", party("parent", owned_by("user", "2025-01-01") +
                                     in("US", "2020-01-01"))}};
  for (const auto& change : changes) {
    ExpectError(
        change.late, absl::StatusCode::kFailedPrecondition, "CHANGE_TOO_LATE",
        {"the change of party " + change.who,
         absl::StrCat("entry ", index, ", of ", change.who, " on 2025-02-01"),
         "by-seat"});
  }
  for (const v1::Command& good :
       {party("dealer", owned_by("parent", "2020-01-01") +
                            owned_by("user", "2025-02-02")),
        party("parent", in("US", "2020-01-01") + in("CN", "2025-02-02")),
        // Nobody has counted by what is said of the user.
        party("user", in("CN", "2020-01-01"))}) {
    const auto outcome = ledger_.Submit({good});
    EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  }
}

TEST_F(BadInputTest, AGroupIdIsPlainLettersAndDigits) {
  const auto change = [](const std::string& group_id) {
    return Cmd(absl::StrCat("change_country_group { group_id: '", group_id,
                            "' changes { country: 'MY' kind: KIND_JOIN } }"));
  };
  for (const char* wrong : {"", "a b", "\303\244", "a,b"}) {
    ExpectError(change(wrong), absl::StatusCode::kInvalidArgument,
                "INVALID_FIELD", {"group_id", "is not 1 to 64 letters"});
  }
  ExpectError(change(std::string(65, 'a')), absl::StatusCode::kInvalidArgument,
              "INVALID_FIELD", {"group_id"});
  for (const std::string& good : {std::string("D:5"), std::string(64, 'a')}) {
    EXPECT_TRUE(ledger_.Submit({change(good)}).status.ok()) << good;
  }
}

TEST_F(BadInputTest, AnAtomicRequestWithOneWrongCommandLeavesNothing) {
  const size_t before = ledger_.entries().size();
  const auto totals = ledger_.state().SortedTotals();
  const auto outcome = ledger_.Submit(
      {Shipment(""),
       Shipment(R"pb(shipment_reference: "S2"
                     items { product_code: "no" quantity: 1 })pb")});
  EXPECT_EQ(outcome.status.code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(absl::StrContains(absl::string_view(outcome.status.message()),
                                "commands[1]"));
  EXPECT_EQ(ledger_.entries().size(), before);
  EXPECT_EQ(ledger_.state().SortedTotals(), totals);
}

TEST_F(BadInputTest, TheSameShipmentTwiceInOneRequest) {
  const auto outcome = ledger_.Submit({Shipment(""), Shipment("")});
  EXPECT_EQ(outcome.status.code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(BadInputTest, VoidingWhatIsNotThereOrVoidedAlready) {
  const v1::Command voiding = Cmd(R"pb(void_shipment {
                                         exporter: "x"
                                         shipment_reference: "S1"
                                         reason: "r"
                                       })pb");
  ExpectError(voiding, absl::StatusCode::kNotFound, "SHIPMENT_NOT_FOUND",
              {"\"S1\""});
  ASSERT_TRUE(ledger_.Submit({Shipment("")}).status.ok());
  ASSERT_TRUE(ledger_.Submit({voiding}).status.ok());
  ExpectError(voiding, absl::StatusCode::kFailedPrecondition, "WRONG_STATUS",
              {"voided"});
}

TEST_F(BadInputTest, ARequestThatNoEntryCanHold) {
  std::vector<v1::Command> commands;
  for (int i = 0; i < 30; ++i) {
    commands.push_back(
        Shipment(absl::StrCat("shipment_reference: \"T", i, "\" source: \"",
                              std::string(2000, 'a'), "\"")));
  }
  const size_t before = ledger_.entries().size();
  const auto outcome = ledger_.Submit(commands);
  EXPECT_EQ(outcome.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(GetErrorCause(outcome.status)->reason, "ENTRY_TOO_LARGE");
  EXPECT_EQ(ledger_.entries().size(), before);
}

TEST_F(BadInputTest, PartiesThatOwnEachOther) {
  Accept(R"pb(register_party {
                party {
                  party_id: "y"
                  name: "Y"
                  ultimate_parents { party_id: "x" }
                }
              })pb");
  ExpectInvalid(Cmd(R"pb(register_party {
                           party {
                             party_id: "x"
                             name: "X"
                             ultimate_parents { party_id: "y" }
                           }
                         })pb"),
                "party.ultimate_parents[0].party_id", "owned by");
}

TEST_F(BadInputTest, ThreePartiesThatOwnEachOtherInACircle) {
  const auto party = [](const std::string& id, const std::string& owner) {
    v1::Command command;
    v1::Party& its = *command.mutable_register_party()->mutable_party();
    its.set_party_id(id);
    its.set_name(id);
    if (!owner.empty()) its.add_ultimate_parents()->set_party_id(owner);
    return command;
  };
  for (const auto& [id, owner] : {std::pair("a", ""), {"b", "a"}, {"c", "b"}}) {
    ASSERT_TRUE(ledger_.Submit({party(id, owner)}).status.ok());
  }
  ExpectInvalid(party("a", "c"), "party.ultimate_parents[0].party_id",
                "owned by");
}

TEST_F(BadInputTest, ALineRevokedTwiceInOneCommand) {
  ExpectInvalid(Cmd(R"pb(revoke_license {
                           license_id: "L1"
                           effective_date: "2025-03-01"
                           reason: "r"
                           parts { line_number: 1 quantity: 2 }
                           parts { line_number: 1 quantity: 3 }
                         })pb"),
                "parts[1].line_number", "named twice");
}

TEST_F(BadInputTest, AmendmentsThatMoveADrawnLineOrNameWhatIsNotThere) {
  ASSERT_TRUE(ledger_
                  .Submit({UnderLicense(
                      Shipment(R"pb(shipment_reference: "S9")pb"), "L1")})
                  .status.ok());
  const auto amended = [](const std::string& line) {
    return Cmd(absl::StrCat(
        R"(amend_license { reason: "r" license { license_id: "L1" exporter: "x"
             destination_countries: "MY" destination_countries: "SG"
             grant_date: "2025-01-01" expiry_date: "2025-12-31" lines { )",
        line, " } } }"));
  };
  const auto code = absl::StatusCode::kFailedPrecondition;
  ExpectError(amended(R"(line_number: 1 product_code: "H100" quantity: 10
                         destination_country: "SG")"),
              code, "WRONG_STATUS", {"line 1", "drawn", "destination"});
  ExpectError(amended(R"(line_number: 2 product_code: "H100" quantity: 10
                         destination_country: "MY")"),
              code, "WRONG_STATUS", {"line 1", "drawn"});
  ExpectError(amended(R"(line_number: 1 product_code: "H100" quantity: 10
                         destination_country: "MY" }
                         lines { line_number: 2 product_code: "H999"
                                 quantity: 1 destination_country: "SG")"),
              absl::StatusCode::kNotFound, "PRODUCT_NOT_FOUND", {"H999"});
}

TEST_F(BadInputTest, GoodsThatHaveLeftTomorrowOrLater) {
  v1::Command command = Shipment(R"pb(export_date: "2027-01-03")pb");
  ASSERT_TRUE(ledger_.Submit({command}, true).status.ok()) << "beforehand";
  command.mutable_record_shipment()->set_assurance(
      v1::ASSURANCE_AFTER_THE_FACT);
  ExpectError(command, absl::StatusCode::kFailedPrecondition, "WRONG_DATE",
              {"2027-01-03", "2027-01-01"});
  // Where the exporter is, it may be tomorrow.
  command.mutable_record_shipment()->mutable_shipment()->set_export_date(
      "2027-01-02");
  EXPECT_TRUE(ledger_.Submit({command}).status.ok());
}

TEST_F(BadInputTest, ARevocationAheadOfItsDateOrBeforeTheGrant) {
  ExpectError(Cmd(R"pb(revoke_license {
                         license_id: "L1"
                         effective_date: "2027-01-02"
                         reason: "r"
                       })pb"),
              absl::StatusCode::kFailedPrecondition, "WRONG_DATE",
              {"2027-01-02", "2027-01-01"});
  ExpectError(Cmd(R"pb(revoke_license {
                         license_id: "L1"
                         effective_date: "2024-12-31"
                         reason: "r"
                       })pb"),
              absl::StatusCode::kFailedPrecondition, "WRONG_DATE",
              {"2024-12-31", "2025-01-01"});
}

TEST_F(BadInputTest, WhatIsPlannedIsNotTooFarAhead) {
  // A year and a day ahead of today at most, in every command that dates a
  // fact.
  const Date today = Date::FromUnixNs(ledger_.now_ns());
  const std::string latest = Date::FromDays(today.days() + 366).ToString();
  const std::string later = Date::FromDays(today.days() + 367).ToString();
  const auto expect_too_far = [&](const v1::Command& command) {
    ExpectError(command, absl::StatusCode::kFailedPrecondition, "WRONG_DATE",
                {later, "more than 366 days ahead", latest});
  };
  expect_too_far(Shipment(
      absl::StrCat("shipment_reference: 'S2' export_date: '", later, "'")));
  const auto outcome = ledger_.Submit({Shipment(
      absl::StrCat("shipment_reference: 'S2' export_date: '", latest, "'"))});
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  v1::Command grant = Cmd(Grant("L9"));
  grant.mutable_grant_license()->mutable_license()->set_grant_date(later);
  grant.mutable_grant_license()->mutable_license()->set_expiry_date(
      "2999-12-31");
  expect_too_far(grant);
  expect_too_far(Cmd(absl::StrCat(
      "suspend_license { license_id: 'L1' reason: 'r' effective_date: '", later,
      "' }")));
  const auto shipped = ledger_.Submit({Shipment("shipment_reference: 'S3'")});
  ASSERT_TRUE(shipped.status.ok()) << shipped.status;
  v1::Command correction;
  *correction.mutable_correct_shipment()->mutable_shipment() =
      Shipment(
          absl::StrCat("shipment_reference: 'S3' export_date: '", later, "'"))
          .record_shipment()
          .shipment();
  correction.mutable_correct_shipment()->set_reason("r");
  correction.mutable_correct_shipment()->set_assurance(
      v1::ASSURANCE_BEFORE_EXPORT);
  expect_too_far(correction);
  // A grant that was mistyped within the year is taken back.
  v1::Command planned = Cmd(Grant("L8"));
  planned.mutable_grant_license()->mutable_license()->set_grant_date(latest);
  planned.mutable_grant_license()->mutable_license()->set_expiry_date(
      "2999-12-31");
  const auto granted = ledger_.Submit({planned});
  ASSERT_TRUE(granted.status.ok()) << granted.status;
  Accept(
      "void_license { license_id: 'L8' reason: 'mistyped' "
      "reservation_effect: RESERVATION_EFFECT_RELEASE }");
}

// Everywhere on Earth it is tomorrow at most.
TEST_F(BadInputTest, WhatHasNotHappenedIsNotRecorded) {
  Accept(R"(record_shipment { assurance: ASSURANCE_BEFORE_EXPORT shipment {
              exporter: "x" shipment_reference: "S1" export_date: "2025-02-01"
              destination_country: "MY"
              items { product_code: "H100" quantity: 10 } } })");
  const std::string goods =
      "shipment { exporter: 'x' shipment_reference: 'S1' } "
      "units { item: 0 quantity: 2 } ";
  Accept(absl::StrCat("receive_shipment { ", goods,
                      "effective_date: '2025-03-01' }"));
  const std::string application =
      "apply_for_license { application { application_id: '$0' exporter: 'x' "
      "application_date: '$1' destination_countries: 'MY' "
      "lines { line_number: 1 product_code: 'H100' quantity: 1 } } }";
  Accept(absl::Substitute(application, "A1", "2025-01-01"));
  const std::vector<std::string> table = {
      absl::StrCat("receive_shipment { ", goods, "effective_date: '$1' }"),
      absl::StrCat("return_shipment { ", goods,
                   "reason: 'r' effective_date: '$1' }"),
      absl::StrCat("retire_units { ", goods,
                   "cause: CAUSE_SCRAP evidence: 'e' effective_date: '$1' }"),
      absl::StrCat("report_diversion { ", goods,
                   "found_country: 'AE' evidence: 'e' effective_date: '$1' }"),
      absl::StrCat("relocate_units { ", goods,
                   "site: 's' effective_date: '$1' }"),
      "declare_compute { party: 'x' source: 's' effective_date: '$1' "
      "lines { country: 'MY' gpus: 1 } }",
      "record_condition { license_id: 'L1' condition { kind: 'k' "
      "evidence: 'e' satisfied_date: '$1' } }",
      application,
      "record_application_step { application_id: 'A1' reason: 'r' "
      "step: APPLICATION_STEP_REFERRED effective_date: '$1' }",
      "return_application { application_id: 'A1' reason: 'r' "
      "effective_date: '$1' }",
      "deny_application { application_id: 'A1' reason: 'r' "
      "effective_date: '$1' }",
  };
  const Date today = Date::FromUnixNs(ledger_.now_ns());
  const std::string tomorrow = Date::FromDays(today.days() + 1).ToString();
  const std::string later = Date::FromDays(today.days() + 2).ToString();
  for (const std::string& text : table) {
    ExpectError(Cmd(absl::Substitute(text, "A2", later)),
                absl::StatusCode::kFailedPrecondition, "WRONG_DATE",
                {later, "has not come yet"});
    const auto outcome =
        ledger_.Submit({Cmd(absl::Substitute(text, "A2", tomorrow))},
                       /*validate_only=*/true);
    EXPECT_TRUE(outcome.status.ok()) << outcome.status << text;
  }
}

}  // namespace
}  // namespace chipledger::testing
