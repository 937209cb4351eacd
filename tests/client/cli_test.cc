// Goal: the command line does each person's job, exits as it documents, and an
// error says what to do next. Method: the real binary against a real server.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/substitute.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "chipledger/v1/shipment_service.pb.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"
#include "tests/client/files.h"
#include "tests/support/server_fixture.h"
#include "tests/support/subprocess.h"
#include "tests/support/test_clock.h"

namespace chipledger::testing {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr absl::Duration kTimeout = absl::Seconds(30);

struct Result {
  int code = -1;
  std::string output;
  std::string error;
};

class CliTest : public ServerTest {
 protected:
  void SetUp() override { RecordCatalog(); }

  Result Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     {CHIPLEDGER_PATH, "--server", address()});
    return RunProgram(arguments);
  }

  // Runs `chipledger ARGUMENTS` as a shell does.
  Result RunInShell(const std::string& arguments) {
    return RunProgram({"/bin/bash", "-c",
                       absl::StrCat("exec ", CHIPLEDGER_PATH, " --server ",
                                    address(), " ", arguments)});
  }

  static Result RunProgram(const std::vector<std::string>& arguments) {
    Subprocess program(arguments);
    const auto code = program.Wait(kTimeout);
    EXPECT_TRUE(code) << "still running";
    return {code.value_or(-1), program.standard_output(),
            program.standard_error()};
  }

  // Runs what must succeed; returns its output.
  std::string Do(const std::vector<std::string>& arguments) {
    const Result result = Run(arguments);
    EXPECT_EQ(result.code, 0) << result.error << result.output;
    return result.output;
  }

  // The same of a write; returns the entry that it was recorded as.
  std::string DoAndGetEntry(const std::vector<std::string>& arguments) {
    const std::string output = Do(arguments);
    EXPECT_THAT(output, StartsWith("Recorded as entry "));
    const std::vector<std::string> words = absl::StrSplit(output, ' ');
    return words.size() > 3 ? words[3] : "";
  }

  // `shipment VERB` of acme's shipment.
  static std::vector<std::string> Of(const std::string& reference,
                                     const std::string& verb,
                                     const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {
        "shipment", verb, "--exporter", "acme", "--reference", reference};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  // `shipment VERB`: units of acme's shipment make one of their own.
  static std::vector<std::string> SendOn(const std::string& origin,
                                         const std::string& verb,
                                         const std::string& reference,
                                         const std::vector<std::string>& more) {
    std::vector<std::string> arguments =
        Of(reference, verb, {"--origin-reference", origin, "--after-the-fact"});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  // Where `shipment trace --json` says units are, each as
  // "EXPORTER/REFERENCE ITEM: UNITS PRODUCT STATE, COUNTRY, HOLDER".
  std::vector<std::string> Positions(
      const std::string& reference, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = Of(reference, "trace", more);
    arguments.insert(arguments.begin(), "--json");
    std::vector<std::string> positions;
    for (const auto line :
         absl::StrSplit(Do(arguments), '\n', absl::SkipEmpty())) {
      google::protobuf::Struct json;
      EXPECT_TRUE(
          google::protobuf::util::JsonStringToMessage(std::string(line), &json)
              .ok())
          << line;
      const auto text = [&](const char* field) {
        return json.fields().at(field).string_value();
      };
      const auto number = [&](const char* field) {
        return json.fields().at(field).number_value();
      };
      positions.push_back(absl::StrCat(
          text("exporter"), "/", text("shipmentReference"), " ", number("item"),
          ": ", number("units"), " ", text("productCode"), " ", text("state"),
          ", ", text("country"), ", ", text("holder")));
    }
    return positions;
  }

  std::vector<std::string> Record(const std::string& reference,
                                  const std::string& product,
                                  const std::string& to = "FR") {
    return {"shipment",       "record",     "--exporter", "acme",
            "--reference",    reference,    "--to",       to,
            "--export-date",  "2025-03-01", "--product",  product,
            "--before-export"};
  }
};

TEST_F(CliTest, RecordsAShipmentAndShowsTheEvidence) {
  EXPECT_THAT(Do(Record("S-1", "H100=400", "France")),
              AllOf(HasSubstr("Recorded as entry"), HasSubstr("caps/gpus"),
                    HasSubstr("400 GPUs"), HasSubstr("1,000 GPUs"),
                    HasSubstr("600 GPUs"), HasSubstr("within-limit")));
  EXPECT_THAT(
      Do({"shipment", "get", "--exporter", "acme", "--reference", "S-1"}),
      AllOf(HasSubstr("400 x H100 to FR on 2025-03-01"),
            HasSubstr("revision 1")));
  EXPECT_THAT(Do({"headroom", "get", "--policy", "caps", "--rule", "gpus",
                  "--country", "FR", "--on-date", "2025-06-01"}),
              AllOf(HasSubstr("600 GPUs"), HasSubstr("40"),
                    HasSubstr("2025-01-01 to 2026-01-01")));
}

TEST_F(CliTest, ARefusalPrintsEveryNumberAndExitsWithOne) {
  Do(Record("S-1", "H100=400"));
  const Result refused = Run(Record("S-2", "RACK=10"));
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.output, IsEmpty());
  EXPECT_THAT(refused.error,
              AllOf(HasSubstr("Refused by the rules (entry"),
                    HasSubstr("caps/gpus"), HasSubstr("1,000 GPUs"),
                    HasSubstr("400 GPUs"), HasSubstr("720 GPUs"),
                    HasSubstr("600 GPUs"), HasSubstr("120 GPUs")));
}

TEST_F(CliTest, ValidateOnlyRecordsNothing) {
  auto arguments = Record("S-1", "H100=400");
  arguments.push_back("--validate-only");
  EXPECT_THAT(Do(arguments), HasSubstr("Nothing was recorded"));
  EXPECT_THAT(Do({"shipment", "list"}), Not(HasSubstr("S-1")));
}

TEST_F(CliTest, CorrectsAndVoidsAShipment) {
  Do(Record("S-1", "H100=400"));
  auto correct = Record("S-1", "H100=300");
  correct[1] = "correct";
  correct.insert(correct.end(),
                 {"--reason", "miscounted", "--expected-revision", "1"});
  EXPECT_THAT(Do(correct),
              AllOf(HasSubstr("-400 GPUs"), HasSubstr("300 GPUs")));
  EXPECT_EQ(Run(correct).code, 2) << "the revision is 2 now";
  Do({"shipment", "void", "--exporter", "acme", "--reference", "S-1",
      "--reason", "canceled"});
  EXPECT_THAT(Do({"shipment", "list", "--to", "FR"}), HasSubstr("voided"));
}

TEST_F(CliTest, ErrorsSayWhatToDoNext) {
  const Result product = Run(Record("S-1", "NOPE=1"));
  EXPECT_EQ(product.code, 2);
  EXPECT_THAT(product.error, AllOf(HasSubstr("NOPE"),
                                   HasSubstr("chipledger product register")));
  const Result party =
      Run({"shipment", "record", "--exporter", "nobody", "--reference", "S-1",
           "--to", "FR", "--export-date", "2025-03-01", "--product", "H100=1",
           "--after-the-fact"});
  EXPECT_EQ(party.code, 2);
  EXPECT_THAT(party.error,
              HasSubstr("chipledger party register --id 'nobody'"));
  Do(Record("S-1", "H100=1"));
  EXPECT_THAT(Run(Record("S-1", "H100=2")).error,
              HasSubstr("chipledger shipment correct"));
}

TEST_F(CliTest, AMistypedNameIsAnsweredWithWhatThereIs) {
  const auto error = [&](const std::vector<std::string>& arguments) {
    const Result result = Run(arguments);
    EXPECT_EQ(result.code, 2) << result.output;
    EXPECT_THAT(result.output, IsEmpty());
    return result.error;
  };
  EXPECT_EQ(error({"headroom", "list", "--policy", "caps", "--rule", "gpu"}),
            "chipledger: policy \"caps\" has no rule \"gpu\"\n"
            "  did you mean \"gpus\"?\n"
            "  next: see its rules: chipledger policy show caps\n");
  EXPECT_EQ(error({"headroom", "list", "--rule", "gpu"}),
            "chipledger: no policy has a rule \"gpu\"\n"
            "  did you mean \"gpus\"?\n"
            "  next: see what there is: chipledger policy list\n");
  EXPECT_THAT(error({"headroom", "watch", "--policy", "cap"}),
              HasSubstr("did you mean \"caps\"?"));
  EXPECT_THAT(error({"shipment", "list", "--exporter", "acne"}),
              HasSubstr("did you mean \"acme\"?"));
  EXPECT_THAT(error(Record("S-1", "h1OO=1")),
              HasSubstr("did you mean \"H100\"?"));
  EXPECT_THAT(error(Record("S-1", "H10=1")),
              HasSubstr("did you mean \"H100\"?"));
  Do({"license", "grant", "--id", "D123456", "--exporter", "acme", "--to", "FR",
      "--grant-date", "2025-01-01", "--expiry-date", "2026-01-01", "--line",
      "H100=5"});
  for (const char* command : {"list", "reservations"}) {
    EXPECT_THAT(error({"shipment", command, "--license", "D123465"}),
                HasSubstr("did you mean \"D123456\"?"));
    EXPECT_EQ(Run({"shipment", command, "--license", "D123456"}).code, 0);
  }
  Do({"policy", "group", "change", "tier-1", "--join", "FR"});
  EXPECT_EQ(error({"policy", "group", "list", "--group", "tier-2"}),
            "chipledger: there is no country group \"tier-2\", did you mean "
            "\"tier-1\"?\n");
  // Programs get the error alone.
  EXPECT_THAT(error({"--json", "headroom", "list", "--rule", "gpu"}),
              AllOf(HasSubstr("RULE_NOT_FOUND"), Not(HasSubstr("did you"))));
}

TEST_F(CliTest, AnEmptyListSaysWhy) {
  const Result shipments = Run({"shipment", "list"});
  EXPECT_EQ(shipments.code, 0);
  EXPECT_THAT(shipments.error,
              AllOf(HasSubstr("There is no shipment yet.\n"),
                    HasSubstr("next: chipledger shipment record")));
  EXPECT_EQ(Run({"shipment", "list", "--to", "FR"}).error,
            "No shipment matches.\n");
  EXPECT_EQ(Run({"--json", "shipment", "list"}).error, "");
  EXPECT_THAT(Run({"license", "list"}).error, HasSubstr("no license yet"));
  EXPECT_THAT(Run({"license", "applications", "--exporter", "acme"}).error,
              HasSubstr("No application matches."));

  // A policy is adopted and nothing has counted.
  const Result all = Run({"headroom", "list"});
  EXPECT_EQ(all.code, 0);
  EXPECT_THAT(all.error,
              AllOf(HasSubstr("Nothing counts here yet"),
                    HasSubstr("chipledger headroom list --country")));
  const Result france = Run({"headroom", "list", "--country", "FR"});
  EXPECT_EQ(france.error, "");
  EXPECT_THAT(france.output, HasSubstr("1,000 GPUs"));
  EXPECT_THAT(
      Run({"headroom", "list", "--country", "FR", "--on-date", "2001-01-01"})
          .error,
      HasSubstr("No rule covers FR by its destination alone on 2001-01-01"));
  EXPECT_EQ(Run({"--json", "headroom", "list"}).error, "");
  // Before the policy.
  EXPECT_THAT(Run({"headroom", "list", "--at-size", "1"}).error,
              HasSubstr("No policy is adopted"));
}

TEST_F(CliTest, TimesAreLocalForPeopleAndUtcForPrograms) {
  setenv("TZ", "Fixed/UTC+05:30:00", 1);
  Do(Record("S-1", "H100=1"));
  const std::string shown =
      Do({"shipment", "get", "--exporter", "acme", "--reference", "S-1"});
  const std::string json = Do({"--json", "shipment", "get", "--exporter",
                               "acme", "--reference", "S-1"});
  EXPECT_THAT(shown, ContainsRegex(" of [0-9-]+T[0-9:.]+\\+05:30, revision 1"));
  EXPECT_THAT(json, ContainsRegex("\"recordTime\":\"[0-9-]+T[0-9:.]+Z\""));
  // What is shown can be asked for.
  const size_t begin = shown.find(" of ") + 4;
  const std::string time = shown.substr(begin, shown.find(',', begin) - begin);
  EXPECT_THAT(Do({"shipment", "list", "--at-record-time", time}),
              HasSubstr("S-1"));
  unsetenv("TZ");
}

TEST_F(CliTest, TextFromOutsideCannotPassForOurs) {
  const std::string evil = "Ev\x1b[31mil\nrow2\tx\u202egnp\u2066\u061c\u0085";
  Do({"party", "register", "--id", "evil", "--name", evil});
  const std::string listed = Do({"party", "list"});
  EXPECT_THAT(
      listed,
      HasSubstr(R"(Ev\u001b[31mil\nrow2\tx\u202egnp\u2066\u061c\u0085)"));
  EXPECT_THAT(listed, Not(HasSubstr("\x1b")));
  EXPECT_THAT(Do({"--json", "party", "list"}), HasSubstr("\u2066\u061c"));
  // Our own words are left as they are: letters of other scripts, too.
  Do({"party", "register", "--id", "named", "--name", "Ünïcödé 東京 🚢"});
  EXPECT_THAT(Do({"party", "list"}), HasSubstr("Ünïcödé 東京 🚢"));
  // What an error quotes.
  const Result product = Run(Record("S-1", "N\u202eOPE=1"));
  EXPECT_EQ(product.code, 2);
  EXPECT_THAT(product.error,
              AllOf(HasSubstr(R"(N\u202eOPE)"), Not(HasSubstr("\u202e"))));
  const Result usage = Run({"shipment", "list", "--limit", "x\x1b[2J"});
  EXPECT_EQ(usage.code, 2);
  EXPECT_THAT(usage.output + usage.error,
              AllOf(HasSubstr(R"(x\u001b[2J)"), Not(HasSubstr("\x1b"))));
  // What the log says of it.
  auto record = Record("S-2", "H100=1");
  record.insert(record.end(),
                {"--source", "a\nb", "--consignee-name", "c\u200fd"});
  Do(record);
  EXPECT_THAT(
      Do({"shipment", "get", "--exporter", "acme", "--reference", "S-2"}),
      AllOf(HasSubstr(R"(Source: a\nb)"), HasSubstr(R"(c\u200fd)")));
}

TEST_F(CliTest, AShipmentIsShownWithAllThatWasSaidOfIt) {
  auto record = Record("S-1", "H100=1");
  record.insert(record.end(), {"--consignee", "globex", "--source", "AES 7"});
  Do(record);
  EXPECT_THAT(
      Do({"shipment", "get", "--exporter", "acme", "--reference", "S-1"}),
      AllOf(HasSubstr("Consignee: globex\n"), HasSubstr("Source: AES 7\n")));
}

TEST_F(CliTest, WhatIsAdvisedHelps) {
  const std::string file =
      WriteFile(dir_, "in.csv",
                "shipment_reference,exporter,export_date,destination_country,"
                "product_code,quantity,assurance\n");
  const Result rejects = Run({"shipment", "import", file, "--format", "csv",
                              "--rejects", dir_.File("absent/rejects.csv")});
  EXPECT_NE(rejects.code, 0);
  EXPECT_THAT(rejects.error,
              AllOf(HasSubstr("rejects.csv"), HasSubstr("No such file"),
                    Not(HasSubstr("chipledgerd"))));
  Do(Record("S-1", "H100=1"));
  Do({"shipment", "void", "--exporter", "acme", "--reference", "S-1",
      "--reason", "canceled"});
  EXPECT_THAT(Run(Record("S-1", "H100=2")).error,
              HasSubstr("also when its shipment was voided: take another"));
}

TEST_F(CliTest, WrongUsageExitsWithTwoAndSendsNothing) {
  EXPECT_EQ(Run({}).code, 2);
  EXPECT_EQ(Run({"shipment", "teleport"}).code, 2);
  EXPECT_EQ(Run({"shipment", "record"}).code, 2);
  EXPECT_EQ(Run(Record("S-1", "H100")).code, 2);
  EXPECT_EQ(Run(Record("S-1", "H100=1", "Atlantis")).code, 2);
  auto both = Record("S-1", "H100=1");
  both.push_back("--after-the-fact");
  EXPECT_EQ(Run(both).code, 2);
  const Result bytes = Run(Record("S-\xFF", "H100=1"));
  EXPECT_EQ(bytes.code, 2);
  EXPECT_THAT(bytes.error, HasSubstr("not UTF-8"));
  EXPECT_EQ(Run({"--help"}).code, 0);
  EXPECT_THAT(Run({"--help"}).output, HasSubstr("Exit codes"));
}

TEST_F(CliTest, NegativeIndexesAreWrongUsage) {
  EXPECT_EQ(Run({"audit", "read", "--from", "-1"}).code, 2);
  EXPECT_EQ(Run({"audit", "read", "--to", "-1"}).code, 2);
  EXPECT_EQ(Run({"audit", "replay", "--at-size", "-1"}).code, 2);
}

TEST_F(CliTest, WrongUsageIsJsonForPrograms) {
  const std::vector<std::vector<std::string>> wrong = {
      {"--json", "shipment", "teleport"},
      {"shipment", "record", "--json"},
      {"--json", "shipment", "get", "--exporter", "\xFF"}};
  for (const auto& arguments : wrong) {
    const Result result = Run(arguments);
    EXPECT_EQ(result.code, 2);
    google::rpc::Status status;
    EXPECT_TRUE(
        google::protobuf::util::JsonStringToMessage(result.error, &status).ok())
        << result.error;
    EXPECT_EQ(status.code(), 3);
  }
  EXPECT_THAT(Run({"--json", "--help"}).output, HasSubstr("Exit codes"));
}

TEST_F(CliTest, EveryWrongFieldIsPrintedOnce) {
  auto arguments = Record("S-1", "H100=-5");
  std::replace(arguments.begin(), arguments.end(), std::string("2025-03-01"),
               std::string("2025-13-01"));
  const Result result = Run(arguments);
  EXPECT_EQ(result.code, 2);
  for (const char* field : {"export_date:", "quantity:"}) {
    const std::vector<std::string> parts = absl::StrSplit(result.error, field);
    EXPECT_THAT(parts, SizeIs(2)) << result.error;
  }
}

TEST_F(CliTest, APolicyFileThatSaysNothingIsCalledEmpty) {
  for (const char* text : {"", "# to be written\n"}) {
    const std::string file = WriteFile(dir_, "policy.textproto", text);
    const Result result = Run({"policy", "adopt", file});
    EXPECT_EQ(result.code, 2);
    EXPECT_THAT(result.error, AllOf(HasSubstr(file), HasSubstr("is empty")));
  }
}

TEST_F(CliTest, AServerThatIsNotThereExitsWithThree) {
  Subprocess program(
      {CHIPLEDGER_PATH, "--server", "127.0.0.1:1", "admin", "status"});
  EXPECT_EQ(program.Wait(kTimeout), 3);
  EXPECT_THAT(program.standard_error(),
              AllOf(HasSubstr("127.0.0.1:1"), HasSubstr("CHIPLEDGER_SERVER")));
}

TEST_F(CliTest, JsonIsProtobufJson) {
  auto arguments = Record("S-1", "H100=400");
  arguments.push_back("--json");
  v1::RecordShipmentResponse response;
  ASSERT_TRUE(
      google::protobuf::util::JsonStringToMessage(Do(arguments), &response)
          .ok());
  EXPECT_EQ(response.judgement().rules(0).headroom_after(), 600);

  Do(Record("S-2", "H100=1"));
  const std::vector<std::string> lines = absl::StrSplit(
      Do({"--json", "shipment", "list"}), '\n', absl::SkipEmpty());
  ASSERT_THAT(lines, SizeIs(2));
  v1::ShipmentView view;
  ASSERT_TRUE(
      google::protobuf::util::JsonStringToMessage(lines[1], &view).ok());
  EXPECT_EQ(view.shipment().shipment_reference(), "S-2");

  auto refused = Record("S-3", "H100=5000");
  refused.push_back("--json");
  const Result result = Run(refused);
  EXPECT_EQ(result.code, 1);
  google::rpc::Status status;
  ASSERT_TRUE(
      google::protobuf::util::JsonStringToMessage(result.error, &status).ok())
      << result.error;
  EXPECT_EQ(DetailOf<v1::Refusal>(status)->violations(0).asked(), 5000);
}

TEST_F(CliTest, ALicenseFromGrantToRevocation) {
  Do({"license", "grant", "--id", "L-1", "--exporter", "acme", "--to", "FR",
      "--to", "DE", "--grant-date", "2025-01-01", "--expiry-date", "2026-12-31",
      "--line", "H100=100@FR", "--line", "H100=50@Germany"});
  auto ship = Record("S-1", "H100=40");
  ship.insert(ship.end(), {"--license", "L-1"});
  EXPECT_THAT(Do(ship), HasSubstr("Drawn from license L-1 line 1: 40 units"));
  Do({"license", "revoke", "L-1", "--date", "2025-06-01", "--reason", "less",
      "--line", "2=20"});
  EXPECT_THAT(Do({"license", "get", "L-1"}),
              AllOf(HasSubstr("valid 2025-01-01 to 2026-12-31"),
                    HasSubstr("60"), HasSubstr("30")));
  Do({"license", "suspend", "L-1", "--date", "2025-07-01", "--reason",
      "check"});
  Do({"license", "reinstate", "L-1", "--date", "2025-08-01", "--reason", "ok"});
  Do({"license", "revoke", "L-1", "--date", "2025-09-01", "--reason", "end"});
  EXPECT_THAT(Do({"license", "list"}), HasSubstr("revoked from 2025-09-01"));
  const Result again = Run(
      {"license", "revoke", "L-1", "--date", "2025-09-01", "--reason", "end"});
  EXPECT_EQ(again.code, 2);
}

TEST_F(CliTest, ARevocationShowsWhatIsOnTheWayBeforeAndAfter) {
  Do({"license", "grant", "--id", "L-1", "--exporter", "acme", "--to", "FR",
      "--grant-date", "2025-01-01", "--expiry-date", "2026-12-31", "--line",
      "H100=100"});
  for (const char* reference : {"S-1", "S-2", "S-3"}) {
    auto ship = Record(reference, "H100=20");
    ship.insert(ship.end(), {"--license", "L-1"});
    Do(ship);
  }
  Do({"shipment", "receive", "--exporter", "acme", "--reference", "S-1",
      "--date", "2025-03-20"});
  EXPECT_THAT(Do({"shipment", "list", "--license", "L-1", "--in-transit"}),
              AllOf(HasSubstr("S-2"), HasSubstr("S-3"), Not(HasSubstr("S-1"))));

  std::vector<std::string> revoke = {"license", "revoke",         "L-1",
                                     "--date",  "2025-09-01",     "--reason",
                                     "end",     "--validate-only"};
  const auto on_the_way =
      AllOf(ContainsRegex("On the way under it.*\n.*EXPORTER"),
            ContainsRegex("S-2 .*20 in transit"),
            ContainsRegex("S-3 .*20 in transit"), Not(HasSubstr("S-1")));
  EXPECT_THAT(Do(revoke), on_the_way);
  revoke.pop_back();
  EXPECT_THAT(Do(revoke), on_the_way);
  EXPECT_THAT(Do({"shipment", "list", "--unauthorized"}),
              Not(HasSubstr("S-2")));

  // It was to hold from before these left.
  const std::string got = Do({"license", "get", "L-1"});
  const size_t at = got.find("revoked (entry ") + sizeof("revoked (entry ") - 1;
  const std::string entry = got.substr(at, got.find(')', at) - at);
  EXPECT_THAT(Do({"license", "correct-date", "L-1", "--entry", entry, "--date",
                  "2025-02-01", "--reason", "mistyped"}),
              AllOf(HasSubstr("Exported from 2025-02-01 to before 2025-09-01:"),
                    ContainsRegex("S-1 .*unauthorized"),
                    ContainsRegex("S-3 .*unauthorized")));
  EXPECT_THAT(Do({"license", "get", "L-1"}),
              ContainsRegex("From 2025-02-01: revoked .entry " + entry +
                            ", its date corrected by entry"));
  EXPECT_THAT(Do({"shipment", "list", "--unauthorized"}),
              AllOf(HasSubstr("S-1"), HasSubstr("S-2"), HasSubstr("S-3")));
  EXPECT_THAT(
      Do({"shipment", "get", "--exporter", "acme", "--reference", "S-2"}),
      HasSubstr("Unauthorized by what is known now: license L-1 was "
                "revoked from 2025-02-01 on"));
  EXPECT_THAT(Do({"shipment", "list", "--unauthorized", "--in-transit"}),
              AllOf(HasSubstr("S-2"), Not(HasSubstr("S-1"))));
}

TEST_F(CliTest, WhatWasShippedUnderAVoidLicenseIsListed) {
  Do({"license", "grant", "--id", "L-1", "--exporter", "acme", "--to", "FR",
      "--grant-date", "2025-01-01", "--expiry-date", "2026-12-31", "--line",
      "H100=100"});
  auto ship = Record("S-1", "H100=20");
  ship.insert(ship.end(), {"--license", "L-1"});
  Do(ship);
  Do(Record("S-2", "H100=1"));
  EXPECT_THAT(Do({"license", "void", "L-1", "--reason", "false statement"}),
              AllOf(HasSubstr("Shipped under it, and unauthorized with it:"),
                    HasSubstr("S-1"), Not(HasSubstr("S-2"))));
  EXPECT_THAT(Do({"shipment", "list", "--unauthorized"}),
              AllOf(HasSubstr("S-1"), Not(HasSubstr("S-2"))));
  Do({"shipment", "void", "--exporter", "acme", "--reference", "S-1",
      "--reason", "not loaded"});
  EXPECT_THAT(Run({"shipment", "list", "--unauthorized"}).output,
              Not(HasSubstr("S-1")));
}

TEST_F(CliTest, ALicenseIsReplacedAndTransferred) {
  Do({"party", "register", "--id", "globex", "--name", "Globex"});
  const auto grant = [&](const std::string& id) {
    return std::vector<std::string>{
        "license",      "grant",      "--id",          id,
        "--exporter",   "acme",       "--to",          "FR",
        "--grant-date", "2025-01-01", "--expiry-date", "2026-12-31",
        "--line",       "H100=100",   "--utc-offset",  "+01:00"};
  };
  Do(grant("L-1"));
  auto replace = grant("L-2");
  replace.insert(replace.end(), {"--replaces", "L-1"});
  Do(replace);
  EXPECT_THAT(Do({"license", "get", "L-1"}),
              AllOf(HasSubstr("replaced by license L-2"),
                    HasSubstr("From 2025-01-01: replaced")));
  EXPECT_THAT(
      Do({"license", "get", "L-2"}),
      AllOf(HasSubstr("replaces license L-1"), HasSubstr("at UTC+01:00")));
  Do({"license", "transfer", "L-2", "--exporter", "globex", "--date",
      "2025-06-01", "--reason", "approved"});
  EXPECT_THAT(Do({"license", "get", "L-2"}),
              AllOf(HasSubstr("License L-2 of globex"),
                    HasSubstr("Transferred from acme on 2025-06-01")));
  EXPECT_THAT(Do({"license", "list", "--exporter", "globex"}),
              HasSubstr("L-2"));
  EXPECT_THAT(Do({"license", "list", "--exporter", "acme", "--through-date",
                  "2025-05-31"}),
              HasSubstr("L-2"));
  auto ship = Record("S-1", "H100=1");
  ship.insert(ship.end(),
              {"--license", "L-2", "--departure-time", "2025-03-01T23:30:00Z"});
  const Result wrong = Run(ship);
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.error, HasSubstr("at the place of export (UTC+01:00 by "
                                     "license L-2)"));
}

TEST_F(CliTest, AnApplicationGoesItsWay) {
  Do({"license", "apply", "--id", "A-1", "--exporter", "acme", "--date",
      "2025-01-01", "--to", "FR", "--line", "H100=100", "--value", "3000000"});
  Do({"license", "step", "A-1", "referred", "--date", "2025-01-09", "--reason",
      "State, Defense"});
  Do({"license", "step", "A-1", "clock-stopped", "--date", "2025-01-11",
      "--reason", "questions"});
  EXPECT_THAT(Do({"license", "application", "A-1"}),
              AllOf(HasSubstr("On 2025-01-09: referred (entry"),
                    HasSubstr("State, Defense"),
                    ContainsRegex("pending for .* days, 10 on the clock, "
                                  "clock-stopped since 2025-01-11")));
  EXPECT_THAT(
      Do({"license", "application", "A-1", "--through-date", "2025-01-10"}),
      AllOf(HasSubstr("pending for 9 days, referred since "
                      "2025-01-09"),
            Not(HasSubstr("clock"))));
  const Result unknown = Run({"license", "step", "A-1", "approved", "--date",
                              "2025-01-12", "--reason", "r"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.error,
              HasSubstr("STEP \"approved\" is none of referred, "
                        "clock-stopped, clock-restarted, intent-to-deny"));
}

TEST_F(CliTest, WhatWasAnnouncedStandsBesideWhatCameOfIt) {
  const auto announce = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments = {
        "deal",     "announce", "--date", "2025-01-05", "--to",  "FR",
        "--source", "press",    "--by",   "A magazine", "--unit"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  };
  Do(announce({"chips", "--minimum", "10000", "--maximum", "100000",
               "--confidence", "tens of thousands"}));
  Do(announce({"units", "--minimum", "300", "--product", "H100", "--exporter",
               "acme", "--for-name", "Data Hall 7"}));
  Do({"license", "apply", "--id", "A-1", "--exporter", "acme", "--date",
      "2025-01-06", "--to", "FR", "--line", "H100=200"});
  Do({"license", "grant", "--id", "L-1", "--exporter", "acme", "--to", "FR",
      "--grant-date", "2025-02-01", "--expiry-date", "2026-12-31", "--line",
      "H100=100"});
  Do(Record("S-1", "H100=30"));
  Do(Record("S-2", "H100=20"));
  Do(Record("S-3", "H100=1", "DE"));
  Do({"shipment", "receive", "--exporter", "acme", "--reference", "S-2",
      "--date", "2025-03-10"});
  // None of what was said counts.
  EXPECT_THAT(Do({"headroom", "get", "--policy", "caps", "--rule", "gpus",
                  "--country", "FR", "--on-date", "2025-03-01"}),
              HasSubstr("50 GPUs"));
  EXPECT_THAT(
      Do({"deal", "list", "--country", "FR"}),
      AllOf(ContainsRegex("announced +FR +A magazine +10,000 to 100,000 "
                          "+chips +unknown +2025-01-05 +entry [0-9]+ +tens of "
                          "thousands: press"),
            ContainsRegex("announced +FR +A magazine +Data Hall 7 +300 +units "
                          "+H100 +4,747,200 TPP"),
            ContainsRegex("asked +FR +acme +200 +units +H100"),
            ContainsRegex("granted +FR +acme +100 +units +H100 .*L-1"),
            ContainsRegex("shipped +FR +acme +50 +units +H100 .*2 shipments"),
            ContainsRegex("installed +FR +acme +20 +units +H100 .*S-2"),
            Not(HasSubstr("DE"))));
  EXPECT_THAT(Do({"deal", "list", "--party", "acme", "--stage", "announced"}),
              AllOf(HasSubstr("Data Hall 7"), Not(HasSubstr("100,000"))));
  EXPECT_THAT(Do({"deal", "list", "--through-date", "2025-01-05"}),
              AllOf(HasSubstr("announced"), Not(HasSubstr("asked"))));
  const Result wrong = Run(announce({"racks", "--minimum", "1"}));
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.error, HasSubstr("--unit \"racks\" is none of units, gpus, "
                                     "servers, equivalents, milli-tpp, usd, "
                                     "megawatts, chips"));
  const Result range =
      Run(announce({"chips", "--minimum", "5", "--maximum", "4"}));
  EXPECT_EQ(range.code, 2);
  EXPECT_THAT(range.error, HasSubstr("4 is below the minimum, 5"));
  const Result of_what = Run(announce({"units", "--minimum", "5"}));
  EXPECT_EQ(of_what.code, 2);
  EXPECT_THAT(of_what.error, HasSubstr("announcement.product_code"));
}

TEST_F(CliTest, AShipmentDrawsSeveralLicenses) {
  for (const char* id : {"L-1", "L-2"}) {
    Do({"license", "grant", "--id", id, "--exporter", "acme", "--to", "FR",
        "--grant-date", "2025-01-01", "--expiry-date", "2026-12-31", "--line",
        "H100=50"});
  }
  auto ship = Record("S-1", "H100=40");
  ship.insert(ship.end(), {"--product", "H100=30", "--license", "L-1",
                           "--item-license", "-", "--item-license", "L-2"});
  EXPECT_THAT(Do(ship),
              AllOf(HasSubstr("Drawn from license L-1 line 1: 40 units"),
                    HasSubstr("Drawn from license L-2 line 1: 30 units")));
  for (const char* id : {"L-1", "L-2"}) {
    EXPECT_THAT(Do({"shipment", "list", "--license", id}), HasSubstr("S-1"));
  }
  EXPECT_THAT(
      Do({"shipment", "get", "--exporter", "acme", "--reference", "S-1"}),
      HasSubstr("Items under other licenses: H100 under L-2"));
  // It is unauthorized as soon as one of them never authorized anything.
  Do({"license", "void", "L-2", "--reason", "false statement"});
  EXPECT_THAT(Do({"shipment", "list", "--unauthorized"}), HasSubstr("S-1"));

  // In a file each row names its own.
  const std::string file =
      WriteFile(dir_, "in.csv",
                "shipment_reference,exporter,export_date,destination_country,"
                "product_code,quantity,assurance,license_id\n"
                "S-2,acme,2025-03-01,FR,H100,5,after-the-fact,L-1\n"
                "S-2,acme,2025-03-01,FR,H100,6,after-the-fact,L-2\n"
                "S-2,acme,2025-03-01,FR,H100,1,after-the-fact,\n");
  EXPECT_THAT(Do({"shipment", "import", file}), HasSubstr("Recorded: 1"));
  EXPECT_THAT(Do({"license", "get", "L-1"}), ContainsRegex("50 +0 +46 "));
  EXPECT_THAT(Do({"license", "get", "L-2"}), ContainsRegex("50 +0 +36 "));
}

TEST_F(CliTest, WhatPartiesMeetAndDeclareIsListed) {
  Do({"party", "condition", "acme", "--kind", "kyc", "--evidence", "KYC-7.pdf",
      "--date", "2025-02-01", "--valid-through", "2025-12-31"});
  EXPECT_THAT(Do({"party", "list"}),
              ContainsRegex("acme .*kyc .2025-02-01 to 2025-12-31"));
  EXPECT_THAT(Do({"party", "list", "--through-date", "2025-01-31"}),
              Not(HasSubstr("kyc")));
  Do({"party", "declare", "acme", "--date", "2025-02-01", "--source", "report",
      "--units", "FR=30:H100", "--line", "DE=4:8000.5"});
  EXPECT_THAT(
      Do({"party", "declarations"}),
      AllOf(ContainsRegex("acme +2025-02-01 +FR +30 +H100 +by the catalog"),
            ContainsRegex("acme +2025-02-01 +DE +4 +GPUs +8,000.5 TPP")));
  EXPECT_THAT(Do({"party", "declarations", "--country", "FR"}),
              Not(HasSubstr("8,000.5")));
  const Result wrong = Run({"party", "declare", "acme", "--date", "2025-02-01",
                            "--source", "report", "--units", "FR=30"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.error, HasSubstr("is not COUNTRY=UNITS:PRODUCT"));
}

TEST_F(CliTest, AMovementRecordedInErrorIsTakenBack) {
  Do(Record("S-1", "H100=30"));
  const std::string entry =
      DoAndGetEntry({"shipment", "receive", "--exporter", "acme", "--reference",
                     "S-1", "--date", "2025-03-10"});
  Do({"shipment", "void-movement", "--exporter", "acme", "--reference", "S-1",
      "--entry", entry, "--reason", "another shipment's"});
  EXPECT_THAT(Do({"shipment", "list", "--in-transit"}), HasSubstr("S-1"));
  const Result again =
      Run({"shipment", "void-movement", "--exporter", "acme", "--reference",
           "S-1", "--entry", entry, "--reason", "again"});
  EXPECT_EQ(again.code, 2);
  EXPECT_THAT(again.error, HasSubstr("is no movement of shipment acme/S-1 that "
                                     "still holds"));
}

TEST_F(CliTest, AListOfHolidaysIsAdopted) {
  Do({"policy", "group", "holidays", "adopt",
      std::string(CHIPLEDGER_SOURCE_DIR) +
          "/ledger/policies/holidays/us-federal.textproto"});
  EXPECT_THAT(Do({"policy", "group", "holidays", "list"}),
              HasSubstr("us.federal: 2021-12-31, 2022-01-01, 2022-01-17"));
  Do({"license", "grant", "--id", "L-1", "--exporter", "acme", "--to", "FR",
      "--grant-date", "2025-01-01", "--expiry-date", "2026-07-03", "--line",
      "H100=100", "--holiday-calendar", "us.federal"});
  // The Friday on which a Saturday's Independence Day is observed.
  EXPECT_THAT(Do({"license", "get", "L-1"}),
              HasSubstr("exports through 2026-07-06, by us.federal"));
}

TEST_F(CliTest, WhatIsAskedStandsBesideWhatIsGranted) {
  const auto apply = [&](const std::string& id) {
    Do({"license", "apply", "--id", id, "--exporter", "acme", "--date",
        "2025-01-01", "--to", "FR", "--line", "H100=100"});
  };
  for (const char* id : {"A-1", "A-2", "A-3"}) apply(id);
  EXPECT_THAT(Do({"license", "applications", "--status", "pending"}),
              AllOf(ContainsRegex("A-1 .*100 x H100 .*pending for .* days"),
                    HasSubstr("A-2"), HasSubstr("A-3")));
  // It counts nowhere.
  EXPECT_THAT(Do({"headroom", "get", "--policy", "caps", "--rule", "gpus",
                  "--country", "FR", "--on-date", "2025-03-01"}),
              HasSubstr("0 GPUs"));
  Do({"license", "grant", "--application", "A-1", "--id", "L-1", "--exporter",
      "acme", "--to", "FR", "--grant-date", "2025-02-01", "--expiry-date",
      "2026-12-31", "--line", "H100=80"});
  EXPECT_THAT(
      Do({"license", "application", "A-1"}),
      AllOf(HasSubstr("Asked:   100 x H100"), HasSubstr("Granted: 80 x H100"),
            HasSubstr("granted as license L-1")));
  Do({"license", "return", "A-2", "--date", "2025-02-01", "--reason",
      "incomplete"});
  Do({"license", "deny", "A-3", "--date", "2025-02-01", "--reason", "risk"});
  EXPECT_THAT(Do({"license", "application", "A-2"}),
              AllOf(HasSubstr("returned by entry"), Not(HasSubstr("days"))));
  EXPECT_THAT(Do({"license", "applications", "--status", "denied"}),
              AllOf(HasSubstr("A-3"), Not(HasSubstr("A-1"))));
  EXPECT_EQ(Run({"license", "deny", "A-1", "--date", "2025-02-01", "--reason",
                 "late"})
                .code,
            2);
}

TEST_F(CliTest, UnitsAreFollowedFromExportToScrap) {
  Do(Record("S-1", "H100=40"));
  Do(Of("S-1", "receive", {"--date", "2025-03-10", "--units", "0=30"}));
  Do(Of("S-1", "return",
        {"--date", "2025-03-11", "--units", "0=10", "--reason", "faulty"}));
  Do(Of("S-1", "retire",
        {"--date", "2025-03-12", "--units", "0=5", "--cause", "scrap",
         "--evidence", "report 1"}));
  Do(Of("S-1", "divert",
        {"--date", "2025-03-13", "--units", "0=2", "--found-country", "DE",
         "--evidence", "report 2"}));
  const Result early = Run(Of("S-1", "retire",
                              {"--date", "2025-03-02", "--units", "0=1",
                               "--cause", "loss", "--evidence", "report 3"}));
  EXPECT_EQ(early.code, 2);
  EXPECT_THAT(early.error, HasSubstr("on hand on 2025-03-02"));
  Do({"shipment", "reexport", "--origin-reference", "S-1", "--exporter", "acme",
      "--reference", "S-2", "--to", "DE", "--export-date", "2025-03-20",
      "--product", "H100=3", "--before-export"});
  const std::string json = Do({"--json", "shipment", "get", "--exporter",
                               "acme", "--reference", "S-1"});
  EXPECT_THAT(
      json,
      AllOf(HasSubstr("\"shipped\":\"40\""), HasSubstr("\"onHand\":\"20\""),
            HasSubstr("\"returned\":\"10\""), HasSubstr("\"retired\":\"5\""),
            HasSubstr("\"diverted\":\"2\""), HasSubstr("\"sentOn\":\"3\"")));
}

TEST_F(CliTest, AChipIsTracedFromExportToScrap) {
  std::vector<std::string> record = Record("S-1", "H100=40");
  record.insert(record.end(), {"--product", "RACK=2", "--consignee", "globex"});
  EXPECT_EQ(DoAndGetEntry(record), "6");
  Do(Of("S-1", "receive", {"--date", "2025-03-10"}));
  Do(SendOn("S-1", "reexport", "S-2",
            {"--to", "DE", "--export-date", "2025-04-01", "--consignee",
             "globex", "--product", "H100=10"}));
  Do(Of("S-2", "receive", {"--date", "2025-04-05", "--units", "0=9"}));
  Do(Of("S-2", "retire",
        {"--date", "2025-05-02", "--units", "0=1", "--cause", "scrap",
         "--evidence", "report 1"}));
  Do(Of("S-2", "divert",
        {"--date", "2025-05-03", "--units", "0=2", "--found-country", "SG",
         "--found-party", "acme", "--evidence", "report 2"}));
  Do(Of("S-2", "divert",
        {"--date", "2025-05-04", "--units", "0=1", "--found-country", "MY",
         "--evidence", "report 3"}));
  Do(SendOn("S-2", "transfer", "S-3",
            {"--to", "DE", "--export-date", "2025-05-20", "--consignee-name",
             "Data Hall 7", "--product", "H100=3"}));
  // Recorded last, and no more than the second that happened to S-1.
  Do(Of("S-1", "return",
        {"--date", "2025-03-12", "--units", "0=4", "--reason", "faulty"}));
  EXPECT_EQ(
      Do(Of("S-1", "trace", {})),
      "DATE        ENTRY  SHIPMENT    WHAT\n"
      "2025-03-01      6  acme S-1    shipped 40 x H100 (item 0), 2 x RACK "
      "(item 1) to FR\n"
      "2025-03-10      7  acme S-1    received 40 x H100 (item 0), 2 x RACK "
      "(item 1)\n"
      "2025-03-12     14  acme S-1    returned 4 x H100 (item 0): faulty\n"
      "2025-04-01      8  acme S-1    re-exported 10 x H100 (item 0) to DE as "
      "acme S-2\n"
      "2025-04-05      9    acme S-2  received 9 x H100 (item 0)\n"
      "2025-05-02     10    acme S-2  retired 1 x H100 (item 0), scrap: report "
      "1\n"
      "2025-05-03     11    acme S-2  diverted 2 x H100 (item 0), found in SG "
      "with acme: report 2\n"
      "2025-05-04     12    acme S-2  diverted 1 x H100 (item 0), found in MY: "
      "report 3\n"
      "2025-05-20     13    acme S-2  transferred 3 x H100 (item 0) to Data "
      "Hall 7 as acme S-3\n"
      "\n"
      "SHIPMENT  ITEM  PRODUCT  UNITS  STATE       COUNTRY            HOLDER\n"
      "acme S-1     0  H100        26  installed   FR                 globex\n"
      "acme S-1     0  H100         4  returned    exporting country  acme\n"
      "acme S-1     1  RACK         2  installed   FR                 globex\n"
      "acme S-2     0  H100         1  in transit  DE                 globex\n"
      "acme S-2     0  H100         2  installed   DE                 globex\n"
      "acme S-2     0  H100         1  retired     DE                 globex\n"
      "acme S-2     0  H100         1  diverted    MY                 -\n"
      "acme S-2     0  H100         2  diverted    SG                 acme\n"
      "acme S-3     0  H100         3  in transit  DE                 Data "
      "Hall "
      "7\n"
      "In all 40 x H100, 2 x RACK, as many as were shipped.\n"
      "As of ledger size 15.\n");
  EXPECT_THAT(Positions("S-2"),
              ElementsAre("acme/S-2 0: 1 H100 in transit, DE, globex",
                          "acme/S-2 0: 2 H100 installed, DE, globex",
                          "acme/S-2 0: 1 H100 retired, DE, globex",
                          "acme/S-2 0: 1 H100 diverted, MY, ",
                          "acme/S-2 0: 2 H100 diverted, SG, acme",
                          "acme/S-3 0: 3 H100 in transit, DE, Data Hall 7"));
  EXPECT_THAT(
      Do(Of("S-2", "trace", {})),
      AllOf(StartsWith("DATE        ENTRY  SHIPMENT  WHAT\n"
                       "2025-04-01      8  acme S-2  re-exported 10 x H100 "
                       "(item 0) to DE, from acme S-1\n"),
            HasSubstr("In all 10 x H100, as many as were shipped.")));
  std::vector<std::string> get = Of("S-1", "get", {});
  get.insert(get.begin(), "--json");
  EXPECT_THAT(Do(get), AllOf(HasSubstr("UNIT_STATE_SENT_ON"),
                             HasSubstr("\"sentOnAs\":{\"exporter\":\"acme\","
                                       "\"shipmentReference\":\"S-2\"}")));
  // What was known then, and what had happened then.
  EXPECT_THAT(Positions("S-1", {"--at-size", "8"}),
              ElementsAre("acme/S-1 0: 40 H100 installed, FR, globex",
                          "acme/S-1 1: 2 RACK installed, FR, globex"));
  EXPECT_THAT(Positions("S-1", {"--through-date", "2025-04-01"}),
              ElementsAre("acme/S-1 0: 26 H100 installed, FR, globex",
                          "acme/S-1 0: 4 H100 returned, , acme",
                          "acme/S-1 1: 2 RACK installed, FR, globex",
                          "acme/S-2 0: 10 H100 in transit, DE, globex"));
}

TEST_F(CliTest, WhatIsFoundAgainIsInstalledAgain) {
  Do(Record("S-1", "H100=40"));
  Do(Of("S-1", "receive", {"--date", "2025-03-10"}));
  const std::string diverted =
      DoAndGetEntry(Of("S-1", "divert",
                       {"--date", "2025-04-02", "--units", "0=5",
                        "--found-country", "SG", "--evidence", "report 1"}));
  const std::string retired =
      DoAndGetEntry(Of("S-1", "retire",
                       {"--date", "2025-04-03", "--units", "0=4", "--cause",
                        "theft", "--evidence", "report 2"}));
  Do(Of("S-1", "recover",
        {"--date", "2025-05-01", "--entry", diverted, "--units", "0=3",
         "--evidence", "bill of lading"}));
  Do(Of("S-1", "recover",
        {"--date", "2025-05-02", "--entry", retired, "--units", "0=1",
         "--evidence", "serial number"}));
  Do(Of("S-1", "relocate",
        {"--date", "2025-05-03", "--units", "0=35", "--site", "hall 2"}));
  EXPECT_THAT(Positions("S-1"),
              ElementsAre("acme/S-1 0: 35 H100 installed, FR, ",
                          "acme/S-1 0: 3 H100 retired, FR, ",
                          "acme/S-1 0: 2 H100 diverted, SG, "));
  EXPECT_THAT(Do(Of("S-1", "trace", {})),
              AllOf(HasSubstr("recovered 3 x H100 (item 0) of entry " +
                              diverted + ": bill of lading\n"),
                    HasSubstr("relocated 35 x H100 (item 0) to hall 2\n"),
                    HasSubstr("In all 40 x H100, as many as were shipped.\n")));
}

TEST_F(CliTest, ATraceShowsWhatWasVoidedAndDoesNotFollowIt) {
  Do(Record("S-1", "H100=40"));
  Do(Of("S-1", "receive", {"--date", "2025-03-10"}));
  const std::string sent_on = DoAndGetEntry(SendOn(
      "S-1", "reexport", "S-2",
      {"--to", "DE", "--export-date", "2025-04-01", "--product", "H100=10"}));
  const std::string diverted =
      DoAndGetEntry(Of("S-1", "divert",
                       {"--date", "2025-04-02", "--units", "0=5",
                        "--found-country", "SG", "--evidence", "report 1"}));
  for (const std::string& entry : {sent_on, diverted}) {
    Do(Of("S-1", "void-movement", {"--entry", entry, "--reason", "mistaken"}));
  }
  EXPECT_THAT(Do(Of("S-1", "trace", {})),
              AllOf(HasSubstr("to DE as acme S-2; voided by entry 10: "
                              "mistaken\n"),
                    HasSubstr("found in SG: report 1; voided by entry 11: "
                              "mistaken\n")));
  EXPECT_THAT(Positions("S-1"),
              ElementsAre("acme/S-1 0: 40 H100 installed, FR, "));
  EXPECT_THAT(Do(Of("S-2", "trace", {})),
              AllOf(HasSubstr("from acme S-1; voided by entry 10: mistaken\n"),
                    HasSubstr("It is voided: its units never were.\n"),
                    Not(HasSubstr("In all"))));
  EXPECT_THAT(Positions("S-2"), IsEmpty());
  // Before it was known to be mistaken.
  EXPECT_THAT(Positions("S-1", {"--at-size", "10"}),
              ElementsAre("acme/S-1 0: 25 H100 installed, FR, ",
                          "acme/S-1 0: 5 H100 diverted, SG, ",
                          "acme/S-2 0: 10 H100 in transit, DE, "));
  EXPECT_THAT(Do(Of("S-1", "trace", {"--at-size", "10"})),
              Not(HasSubstr("voided")));
  // A movement of a later date has not happened, voided or not.
  EXPECT_THAT(Do(Of("S-1", "trace", {"--through-date", "2025-03-31"})),
              AllOf(HasSubstr("received 40"), Not(HasSubstr("voided"))));
}

TEST_F(CliTest, ATraceTellsWhatAShipmentWasBeforeItWasCorrected) {
  Do(Record("S-1", "H100=40"));
  const std::string received =
      DoAndGetEntry(Of("S-1", "receive", {"--date", "2025-03-10"}));
  Do(Of("S-1", "void-movement",
        {"--entry", received, "--reason", "too early"}));
  std::vector<std::string> correct = Record("S-1", "RACK=1");
  correct[1] = "correct";
  correct.insert(correct.end(), {"--reason", "a rack"});
  Do(correct);
  EXPECT_THAT(Do(Of("S-1", "trace", {})),
              AllOf(HasSubstr("shipped 40 x H100 (item 0) to FR\n"),
                    HasSubstr("corrected to 1 x RACK (item 0) to FR: a rack\n"),
                    HasSubstr("received 40 x H100 (item 0); voided by entry 8: "
                              "too early\n"),
                    HasSubstr("In all 1 x RACK, as many as were shipped.\n")));
  Do(Of("S-1", "void", {"--reason", "canceled"}));
  EXPECT_THAT(Do(Of("S-1", "trace", {})),
              AllOf(HasSubstr("voided: canceled\n"),
                    HasSubstr("It is voided: its units never were.\n")));
  EXPECT_THAT(Positions("S-1"), IsEmpty());
}

TEST_F(CliTest, ATraceOfWhatIsNotThereSaysSo) {
  Do(Record("S-1", "H100=40"));
  const Result unknown = Run(Of("S-2", "trace", {}));
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.output, IsEmpty());
  EXPECT_THAT(unknown.error, AllOf(HasSubstr("has no shipment \"S-2\""),
                                   HasSubstr("shipment list --exporter acme")));
  EXPECT_EQ(Run(Of("S-1", "trace", {"--through-date", "2025-02-28"})).code, 2)
      << "it had not left";
  EXPECT_EQ(Run(Of("S-1", "trace", {"--at-size", "99"})).code, 2);
}

TEST_F(CliTest, ALongChainIsTracedToItsEnd) {
  const auto submit = [&](const std::string& command) {
    Context context;
    v1::SubmitShipmentCommandsResponse response;
    const grpc::Status status = shipments_->SubmitShipmentCommands(
        &context,
        Proto<v1::SubmitShipmentCommandsRequest>(absl::Substitute(
            R"(request_id: "$0" commands { $1 })", NewRequestId(), command)),
        &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  };
  // Handed on in one country again and again.
  Do(Record("L-0", "H100=5"));
  for (int i = 0; i < 60; ++i) {
    submit(absl::Substitute(
        R"(receive_shipment {
             shipment { exporter: "acme" shipment_reference: "L-$0" }
             effective_date: "2025-03-02" })",
        i));
    submit(absl::Substitute(
        R"(transfer_shipment {
             origin { exporter: "acme" shipment_reference: "L-$0" }
             units { quantity: 5 }
             shipment { exporter: "acme" shipment_reference: "L-$1"
                        export_date: "2025-03-02" destination_country: "FR"
                        items { product_code: "H100" quantity: 5 } }
             assurance: ASSURANCE_AFTER_THE_FACT })",
        i, i + 1));
  }
  EXPECT_THAT(Positions("L-0"),
              ElementsAre("acme/L-60 0: 5 H100 in transit, FR, "));
  EXPECT_THAT(Do(Of("L-0", "trace", {})),
              HasSubstr("  acme L-59  transferred 5 x H100 (item 0) as acme "
                        "L-60\n"));
}

TEST_F(CliTest, WhatLeftIsVoidedOnlyAsAnError) {
  auto left = Record("S-1", "H100=40");
  left.back() = "--after-the-fact";
  Do(left);
  const std::vector<std::string> voids = {
      "shipment",    "void", "--exporter", "acme",
      "--reference", "S-1",  "--reason",   "canceled"};
  const Result refused = Run(voids);
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.error, HasSubstr("recorded as having left"));
  auto mistaken = voids;
  mistaken.insert(mistaken.end(), {"--recorded-in-error", "doubles S-0"});
  Do(mistaken);
}

TEST_F(CliTest, AReservationIsUsedInPartAndTheRestIsReleased) {
  Do({"--json", "shipment", "reserve", "--exporter", "acme", "--reference",
      "plan", "--to", "FR", "--export-date", "2025-03-01", "--product",
      "H100=40", "--hold-seconds", "3600"});
  EXPECT_THAT(Do({"shipment", "reservations"}), HasSubstr("40 x H100"));
  // The catalog is six entries.
  auto ship = Record("S-1", "H100=30");
  ship.insert(ship.end(), {"--reservation", "6", "--release-rest"});
  Do(ship);
  EXPECT_THAT(Do({"--json", "headroom", "get", "--policy", "caps", "--rule",
                  "gpus", "--country", "FR", "--on-date", "2025-03-01"}),
              AllOf(HasSubstr("\"used\":\"30\""),
                    Not(HasSubstr("\"reserved\":\"10\""))));
}

TEST_F(CliTest, ALicenseIsGrantedAndAmendedFromAFile) {
  // With a byte order mark, as some editors write it.
  const std::string file =
      WriteFile(dir_, "license.textproto",
                "\xEF\xBB\xBF"
                R"pb(
                  license_id: "L-2"
                  exporter: "acme"
                  destination_countries: "FR"
                  grant_date: "2025-01-01"
                  expiry_date: "2025-12-31"
                  lines { line_number: 1 product_code: "H100" quantity: 10 }
                )pb");
  Do({"license", "grant", "--file", file});
  Do({"license", "amend", "--reason", "more", "--id", "L-2", "--exporter",
      "acme", "--to", "FR", "--grant-date", "2025-01-01", "--expiry-date",
      "2026-12-31", "--line", "H100=20"});
  EXPECT_THAT(Do({"license", "get", "L-2"}),
              AllOf(HasSubstr("to 2026-12-31"), HasSubstr("20"),
                    HasSubstr("revision 2")));
}

TEST_F(CliTest, AdoptsEveryShippedPolicyFile) {
  const std::string folder = CHIPLEDGER_SOURCE_DIR "/ledger/policies";
  // What they name must be known; parties come with them.
  Do({"product", "import", folder + "/catalog/products.textproto"});
  int files = 0;
  const std::string rescission =
      folder + "/us-diffusion-2025-rescission.textproto";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".textproto") continue;
    if (entry.path() == rescission) continue;
    ++files;
    Do({"policy", "adopt", entry.path().string(), "--report-only"});
    const std::string id = entry.path().stem().string();
    EXPECT_THAT(
        Do({"policy", "show", id}),
        AllOf(HasSubstr(id), HasSubstr("Citation"), HasSubstr("report-only")));
  }
  EXPECT_GT(files, 0);
  EXPECT_THAT(Do({"policy", "show", "us-diffusion-2025"}),
              HasSubstr("790,000,000 TPP"));
  EXPECT_THAT(Do({"policy", "list"}), HasSubstr("historical"));
  EXPECT_THAT(Do({"policy", "group", "list"}), HasSubstr("join"));
  Do({"policy", "rescind", "caps", "--date", "2027-01-01", "--reason", "over"});
  EXPECT_THAT(Do({"policy", "list"}), HasSubstr("rescinded from 2027-01-01"));
  EXPECT_THAT(Do({"policy", "adopt", rescission}),
              HasSubstr("Policy us-diffusion-2025-lpp ends with 2025-05-13"));
  EXPECT_THAT(Do({"policy", "show", "us-diffusion-2025"}),
              HasSubstr("rescinded from 2025-05-13"));
}

// A file with a parameter for each of the kinds.
std::string FileWithParameters() {
  return R"(
    policy {
      policy_id: "chosen" title: "Chosen" effective_from: "2025-01-01"
      provenance {
        citation: "test" legal_status: LEGAL_STATUS_PROPOSED
        enforcement_status: ENFORCEMENT_STATUS_NOT_ENFORCED
      }
      rules {
        rule_id: "a-year" title: "A year" measure: MEASURE_GPUS
        accrual: ACCRUAL_EXPORTED window { calendar_year {} }
        limit { constant: "500" } enforcement { mode: MODE_REFUSE }
      }
    }
    parameters {
      name: "year.date" question: "Which date decides the year?"
      default_value: "export"
      choices { value: "export" meaning: "That of the export." }
      choices {
        value: "receipt" meaning: "That of the receipt."
        rules { rule_id: "a-year" accrual: ACCRUAL_RECEIVED }
      }
    }
    parameters {
      name: "year.gpus" question: "How many?" default_value: "500"
      amount {
        unit: "GPUs" min: "1" max: "1000" fields: "a-year.limit.constant"
      }
    }
  )";
}

TEST_F(CliTest, ParametersAreChosenAtAdoptionAndStandInThePolicy) {
  const std::string file =
      WriteFile(dir_, "chosen.textproto", FileWithParameters());
  EXPECT_THAT(Run({"policy", "adopt", file, "--set", "year.dat=receipt"}).error,
              AllOf(HasSubstr("has no parameter \"year.dat\""),
                    HasSubstr("did you mean \"year.date\"?")));
  EXPECT_THAT(
      Run({"policy", "adopt", file, "--set", "year.date=arrival"}).error,
      AllOf(HasSubstr(file + ":14:5: "),
            HasSubstr("\"arrival\" is none of export, receipt")));
  EXPECT_THAT(Run({"policy", "adopt", file, "--set", "year.gpus=7 TPP"}).error,
              HasSubstr("is not a number of GPUs from 1 to 1000"));
  EXPECT_EQ(Run({"policy", "adopt", file, "--set", "year.gpus"}).code, 2);
  EXPECT_THAT(
      Do({"policy", "adopt", file, "--set", "year.date=receipt", "--set",
          "year.gpus=1,000 GPUs"}),
      AllOf(HasSubstr("year.date=receipt"), HasSubstr("year.gpus=1000")));
  EXPECT_THAT(Do({"policy", "show", "chosen"}),
              AllOf(HasSubstr("received"), HasSubstr("1,000 GPUs"),
                    HasSubstr("That of the receipt. (year.date=receipt)")));
  // The same file as it is written differs from what was adopted.
  EXPECT_THAT(Do({"policy", "diff", "chosen", file}),
              AllOf(HasSubstr("ACCRUAL_RECEIVED"), HasSubstr("limit.constant"),
                    HasSubstr("500"),
                    // One setting a row, and only those that differ.
                    ContainsRegex("settings +name: \"year.date\""),
                    ContainsRegex("\n +name: \"year.gpus\""),
                    Not(ContainsRegex("year.date[^\n]*year.gpus"))));
  EXPECT_THAT(Do({"policy", "diff", file, "chosen", "--set", "year.gpus=1000"}),
              Not(HasSubstr("year.gpus")));
  EXPECT_THAT(Do({"policy", "diff", file, file}), HasSubstr("alike"));
  EXPECT_EQ(Run({"policy", "diff", file}).code, 2);
}

TEST_F(CliTest, ANewPolicyAndItsScenarioPass) {
  const std::string folder = dir_.File("new");
  std::filesystem::create_directory(folder);
  Do({"policy", "new", "mine", "--folder", folder});
  EXPECT_THAT(Do({"policy", "check", folder + "/mine.textproto"}),
              HasSubstr("ok"));
  EXPECT_THAT(Do({"policy", "test", folder}), HasSubstr("(3 steps)"));
  // Nothing of somebody's is written over.
  EXPECT_THAT(Run({"policy", "new", "mine", "--folder", folder}).error,
              HasSubstr("is there already"));
  EXPECT_EQ(Run({"policy", "new", "Not A Name", "--folder", folder}).code, 2);
}

TEST_F(CliTest, ChecksAPolicyWithoutAServer) {
  std::string text = FileWithParameters();
  const auto replace = [&](const std::string& from, const std::string& to) {
    text.replace(text.find(from), from.size(), to);
  };
  replace("constant: \"500\"", "constant: \"many\"");
  const std::string bad = WriteFile(dir_, "bad-limit.textproto", text);
  const Result result = RunProgram(
      {CHIPLEDGER_PATH, "--server", "127.0.0.1:1", "policy", "check", bad});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.output,
              HasSubstr(bad + ":11:17: error: policy.rules[0].limit.constant"));
  replace("limit { constant: \"many\" }", "limit { none {} }");
  EXPECT_THAT(
      Run({"policy", "check", WriteFile(dir_, "none.textproto", text)}).output,
      HasSubstr("is not set in the rule"));
}

TEST_F(CliTest, ATypoInAPolicyFileIsNamedByLineAndColumn) {
  const std::string file =
      WriteFile(dir_, "bad.textproto",
                "policy {\n  policy_id: \"p\"\n  rules {\n    measur: "
                "MEASURE_GPUS\n  }\n}\n");
  const Result result = Run({"policy", "adopt", file});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.error,
              AllOf(HasSubstr(absl::StrCat(file, ":4:")), HasSubstr("measur")));
  EXPECT_EQ(Run({"policy", "adopt", dir_.File("absent")}).code, 2);
}

TEST_F(CliTest, CountryGroupsProductsAndParties) {
  Do({"policy", "group", "change", "D:9", "--join", "Malaysia@2025-01-01",
      "--join", "VN", "--leave", "VN@2026-01-01", "--reason", "test"});
  EXPECT_THAT(
      Do({"policy", "group", "list", "--group", "D:9"}),
      AllOf(HasSubstr("MY"), HasSubstr("2025-01-01"), HasSubstr("leave")));
  Do({"product", "register", "--code", "MI300X", "--gpus-per-unit", "1",
      "--tpp", "20919.2", "--source", "test"});
  EXPECT_THAT(Do({"product", "list"}),
              AllOf(HasSubstr("20,919.2"), HasSubstr("15,824")));
  EXPECT_EQ(Run({"product", "register", "--code", "X", "--gpus-per-unit", "1",
                 "--tpp", "1.2345", "--source", "test"})
                .code,
            2);
  Do({"party", "register", "--id", "sub", "--name", "Sub", "--headquarters",
      "JP", "--headquarters", "SG@2025-01-01", "--ultimate-parent", "acme"});
  EXPECT_THAT(Do({"party", "list"}),
              AllOf(HasSubstr("JP, SG from 2025-01-01"), HasSubstr("acme")));
}

TEST_F(CliTest, APolicyIsAmendedAndItsDifferencesAreShownBefore) {
  const auto file_with = [&](const std::string& limit,
                             const std::string& more = "") {
    return WriteFile(dir_, "cap-" + limit + ".textproto",
                     absl::Substitute(R"(
        parties { party_id: "listed" name: "Listed" }
        policy {
          policy_id: "cap" title: "Cap" effective_from: "2025-01-01"
          provenance { citation: "c" legal_status: LEGAL_STATUS_IN_FORCE
                       enforcement_status: ENFORCEMENT_STATUS_ENFORCED }
          rules {
            rule_id: "yearly" title: "Y" measure: MEASURE_GPUS
            accrual: ACCRUAL_EXPORTED
            scope { group_by: GROUP_BY_DESTINATION_COUNTRY }
            window { calendar_year {} } limit { constant: "$0" }
            exemptions { parties: "listed" }
            enforcement { mode: MODE_REFUSE } }
          rules {
            rule_id: "unchanged" title: "U" measure: MEASURE_GPUS
            accrual: ACCRUAL_EXPORTED
            window { open {} } limit { none {} }
            enforcement { mode: MODE_REPORT_ONLY } }
          $1 })",
                                      limit, more));
  };
  EXPECT_THAT(Do({"policy", "adopt", file_with("500")}),
              HasSubstr("Parties registered: listed"));
  Do({"shipment", "record", "--exporter", "acme", "--reference", "AM-1",
      "--export-date", "2025-03-01", "--to", "FR", "--product", "H100=400",
      "--before-export"});
  const std::string diff =
      Do({"policy", "diff", file_with("700"), "--date", "2025-07-01"});
  EXPECT_THAT(diff, AllOf(HasSubstr("limit.constant"), HasSubstr("500 GPUs"),
                          HasSubstr("700 GPUs"), HasSubstr("FR"),
                          HasSubstr("300 GPUs"), Not(HasSubstr("unchanged"))));
  // What the file brings along is known when it is compared, too.
  const std::string with_party = file_with("700", R"(
          rules {
            rule_id: "their-own" title: "T" measure: MEASURE_GPUS
            accrual: ACCRUAL_EXPORTED
            scope { where { consignees: "newcomer" } }
            window { open {} } limit { none {} }
            enforcement { mode: MODE_REPORT_ONLY } } }
          parties { party_id: "newcomer" name: "Newcomer" } # )");
  EXPECT_THAT(Do({"policy", "diff", with_party, "--date", "2025-07-01"}),
              HasSubstr("their-own"));
  EXPECT_THAT(Do({"policy", "show", "cap"}), Not(HasSubstr("Version")));
  Do({"policy", "amend", file_with("700"), "--date", "2025-07-01", "--reason",
      "raised"});
  EXPECT_THAT(
      Do({"policy", "show", "cap"}),
      AllOf(HasSubstr("Version 2 from 2025-07-01"), HasSubstr("700 GPUs")));
  EXPECT_THAT(Do({"policy", "show", "cap", "--version", "1"}),
              AllOf(HasSubstr("followed by another from 2025-07-01"),
                    HasSubstr("500 GPUs")));
  EXPECT_THAT(Do({"policy", "list"}), HasSubstr("amended from 2025-07-01"));
}

TEST_F(CliTest, StandardInputIsAFileEverywhere) {
  const std::string policy =
      CHIPLEDGER_SOURCE_DIR "/ledger/policies/us-2023-license.textproto";
  EXPECT_EQ(RunInShell("policy adopt - --report-only < " + policy).code, 0);
  const std::string license =
      WriteFile(dir_, "license.textproto",
                R"pb(license_id: "L-3"
                     exporter: "acme"
                     destination_countries: "FR"
                     grant_date: "2025-01-01"
                     expiry_date: "2025-12-31"
                     lines { line_number: 1 product_code: "H100" quantity: 10 }
                )pb");
  EXPECT_EQ(RunInShell("license grant --file - < " + license).code, 0);
  const Result empty = RunInShell("license grant --file - < /dev/null");
  EXPECT_EQ(empty.code, 2);
  EXPECT_THAT(empty.error, HasSubstr("standard input is empty"));
  const std::string products =
      WriteFile(dir_, "chips.csv", "chip,tpp_epoch\nA,100.5\n");
  EXPECT_EQ(RunInShell("product import - < " + products).code, 0);
  const std::string shipments =
      WriteFile(dir_, "shipments.csv",
                "shipment_reference,exporter,export_date,destination_country,"
                "product_code,quantity,assurance\n"
                "S-1,acme,2025-03-01,FR,A,10,before-export\n");
  EXPECT_THAT(
      RunInShell("shipment import - --format csv < " + shipments).output,
      HasSubstr("Recorded: 1"));
  EXPECT_THAT(RunInShell("shipment import - < " + shipments).error,
              HasSubstr("say it with --format"));
}

TEST_F(CliTest, ATerminalShowsHowFarAnImportIs) {
  const std::string script = "/usr/bin/script";
  const auto on_terminal = [&](const std::string& command) {
    return RunProgram(
        {script, "--quiet", "--return", "--command", command, "/dev/null"});
  };
  if (!std::filesystem::exists(script) || on_terminal("true").code != 0) {
    GTEST_SKIP() << "there are no pseudo-terminals here (script, /dev/pts)";
  }
  const std::string shipments =
      WriteFile(dir_, "shipments.csv",
                "shipment_reference,exporter,export_date,destination_country,"
                "product_code,quantity,assurance\n"
                "S-1,acme,2025-03-01,FR,H100,10,before-export\n");
  const Result shown =
      on_terminal(absl::StrCat(CHIPLEDGER_PATH, " --server ", address(),
                               " shipment import ", shipments));
  EXPECT_EQ(shown.code, 0);
  // Drawn, and taken away before what stays.
  EXPECT_THAT(shown.output,
              ContainsRegex("\\[=* *\\] +[0-9]+ %  0 answered\x1b\\[K"));
  EXPECT_THAT(shown.output,
              HasSubstr("\r\x1b[KIn the ledger as the file says: 1 of 1"));
}

TEST_F(CliTest, ImportsProductsAndShipmentsFromFiles) {
  const std::string chips =
      WriteFile(dir_, "chips.csv",
                "chip,tpp_epoch,tpp_check_16_8,classification\n"
                "A,100.5,,3A090.a\nB,,200,\nC,,,\nD,fast,,\n");
  const Result products = Run({"product", "import", chips});
  EXPECT_EQ(products.code, 2);
  EXPECT_THAT(products.output,
              AllOf(HasSubstr("Registered: 3"),
                    HasSubstr("Of these with TPP unknown: 1\n"),
                    HasSubstr("Of these without a classification: 2\n")));
  EXPECT_THAT(Do({"product", "list"}), ContainsRegex("\nA +1 +100.5 +3A090.a"));
  EXPECT_THAT(products.error, HasSubstr("line 5"));

  const std::string shipments = WriteFile(
      dir_, "shipments.csv",
      "shipment_reference,export_date,destination_country,product_code,"
      "quantity\nS-1,2025-03-01,FR,A,10\nS-2,2025-03-01,FR,H100,5000\n");
  const std::vector<std::string> import = {
      "shipment",   "import", shipments,     "--format",     "csv",
      "--exporter", "acme",   "--assurance", "before-export"};
  const Result first = Run(import);
  EXPECT_EQ(first.code, 1) << "one was refused by the rules";
  EXPECT_THAT(first.output, AllOf(HasSubstr("Recorded: 1"),
                                  HasSubstr("Refused by the rules: 1")));
  EXPECT_THAT(first.error, IsEmpty()) << "no progress bar off a terminal";
  const Result second = Run(import);
  EXPECT_THAT(second.output,
              AllOf(HasSubstr("Recorded: 0"), HasSubstr("Already there: 1")));
  EXPECT_EQ(
      Run({"shipment", "import", dir_.File("absent"), "--format", "csv"}).code,
      2);
}

TEST_F(CliTest, AnImportSaysWhatIsWrongWhereAndWhatToDo) {
  const std::string file =
      WriteFile(dir_, "in.csv",
                "Shipment Reference;Exporter;Export-Date;DESTINATION_COUNTRY;"
                "product code;Quantity;Assurance;Remarks;\r\n"
                "S-1;acme;2025-03-01;FR;H100;5;before-export;x;\r\n"
                ";;;;RACK;2;;;\r\n"
                "S-2;acme;2025-03-01;FR;H10;5;before-export;;\r\n"
                "S-3;acmee;2025-03-01;FR;H100;5;before-export;;\r\n"
                "S-4;acme;2025-03-01;FR;H100;5;before-export;;\r\n");
  const Result result = Run({"shipment", "import", file});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.error, HasSubstr("Columns that are ignored: Remarks"));
  EXPECT_THAT(
      result.output,
      AllOf(HasSubstr("Recorded: 1"), HasSubstr("Rejected as bad input: 3"),
            HasSubstr("H10, did you mean \"H100\"?"),
            HasSubstr("chipledger product register"),
            HasSubstr("acmee, did you mean \"acme\"?"),
            HasSubstr("chipledger party register"),
            HasSubstr("  line 3: shipment_reference is empty"),
            HasSubstr("--rejects FILE")));

  const Result header = Run(
      {"shipment", "import", WriteFile(dir_, "h.csv", "exporter,quantity\n")});
  EXPECT_EQ(header.code, 2);
  EXPECT_THAT(header.error,
              AllOf(HasSubstr("\"shipment_reference\" is missing"),
                    HasSubstr("set --assurance")));

  const Result onto_itself =
      Run({"shipment", "import", file, "--rejects", dir_.File("./in.csv")});
  EXPECT_EQ(onto_itself.code, 2);
  EXPECT_THAT(onto_itself.error, HasSubstr("the same file"));
  EXPECT_THAT(ReadFile(file), HasSubstr("S-4")) << "untouched";
}

TEST_F(CliTest, AnImportOfWhatWasVoidedExitsWithOne) {
  const std::string file = WriteFile(
      dir_, "in.csv",
      absl::StrCat(Do({"shipment", "template"}),
                   "S-1,acme,2025-03-01,FR,H100,5,before-export,,,,,,,,,\n"));
  EXPECT_THAT(Do({"shipment", "import", file}), HasSubstr("Recorded: 1"));
  Do({"shipment", "void", "--exporter", "acme", "--reference", "S-1",
      "--reason", "canceled"});
  const Result again = Run({"shipment", "import", file});
  EXPECT_EQ(again.code, 1);
  EXPECT_THAT(again.output, AllOf(HasSubstr("Already there: 0"),
                                  HasSubstr("Voided in the ledger: 1"),
                                  HasSubstr("  line 2: voided")));
}

TEST_F(CliTest, ImportsMovementsFromAFile) {
  const std::string shipments = WriteFile(
      dir_, "shipments.csv",
      absl::StrCat(
          Do({"shipment", "template"}),
          "S-1,acme,2025-03-01,FR,H100,9,after-the-fact,,,,,,,,,,,\n"));
  Do({"shipment", "import", shipments});
  const std::string file =
      WriteFile(dir_, "movements.csv",
                absl::StrCat(Do({"shipment", "movements-template"}),
                             "receive,S-1,,2025-03-10,0,3,,,,,,,\n"
                             "receive,S-1,,2025-03-10,0,3,,,,,,,\n"
                             "return,S-9,,2025-03-11,0,1,faulty,,,,,,\n"
                             "retire,S-1,,2025-03-12,0,1,,loss,report,,,,\n"));
  const std::vector<std::string> import = {"shipment", "import-movements", file,
                                           "--exporter", "acme"};
  const Result first = Run(import);
  EXPECT_EQ(first.code, 2);
  EXPECT_THAT(
      first.output,
      AllOf(HasSubstr("In the ledger as the file says: 3 of 4\nRecorded: 3\n"),
            HasSubstr("  line 4: exporter \"acme\" has no shipment \"S-9\"")));
  EXPECT_THAT(Run(import).output, HasSubstr("Recorded: 0\nAlready there: 3\n"));
  EXPECT_THAT(
      Do({"shipment", "get", "--exporter", "acme", "--reference", "S-1"}),
      ContainsRegex("\n +0 +H100 +9 +3 +5 +0 +0 +1 +0"));
  EXPECT_THAT(Run({"shipment", "import-movements", "--help"}).output,
              AllOf(HasSubstr("two equal rows of a file are two movements"),
                    HasSubstr("chipledger shipment movements-template > my")));
}

TEST_F(CliTest, ImportsDeclaredStockAndConditionsFromFiles) {
  const std::string stock =
      WriteFile(dir_, "stock.csv",
                absl::StrCat(Do({"party", "stock-template"}),
                             "acme,2025-01-01,France,100,,,report\n"
                             "acme,,DE,50,,,\n"));
  EXPECT_THAT(Do({"party", "import-stock", stock}), HasSubstr("Recorded: 1\n"));
  EXPECT_THAT(Do({"party", "import-stock", stock}),
              HasSubstr("Already there: 1\n"));
  // The file names who declares.
  EXPECT_EQ(Run({"party", "import-stock", stock, "--exporter", "acme"}).code,
            2);

  const std::string licenses =
      WriteFile(dir_, "licenses.csv",
                absl::StrCat(Do({"license", "template"}),
                             "D-1,acme,FR,2025-01-01,2028-12-31,,,,H100,6,,,,,,"
                             ",,\n"));
  Do({"license", "import", licenses});
  const std::string conditions =
      WriteFile(dir_, "conditions.csv",
                absl::StrCat(Do({"license", "conditions-template"}),
                             "D-1,kyc,file 7,2025-02-01,\n"
                             "D-2,kyc,file 8,2025-02-01,\n"));
  const Result result = Run({"license", "import-conditions", conditions});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.output,
              AllOf(HasSubstr("Recorded: 1\n"),
                    HasSubstr("Licenses that are not granted:\n  D-2, did you "
                              "mean \"D-1\"?")));
  EXPECT_THAT(Do({"license", "get", "D-1"}),
              HasSubstr("Condition kyc met on 2025-02-01: file 7"));
}

TEST_F(CliTest, ImportsLicensesFromAFile) {
  const std::string file = WriteFile(
      dir_, "licenses.csv",
      "License ID,Exporter,Destination Countries,Grant Date,Expiry Date,"
      "Product Code,Quantity,Remarks\n"
      "D-1,acme,France; Germany,2025-01-01,2028-12-31,H100,\"1,000\",x\n"
      "D-2,acme,FR,2025-01-01,2028-12-31,H10,5,\n"
      "D-3,acme,FR,2025-01-01,2028-12-31,H100,5,\n"
      "D-3,,,,,RACK,2,\n");
  const std::string rejects = dir_.File("rejects.csv");
  const Result dry_run = Run({"license", "import", file, "--dry-run"});
  EXPECT_EQ(dry_run.code, 2);
  EXPECT_THAT(dry_run.output, HasSubstr("Would be granted: 1\n"));
  const Result first = Run({"license", "import", file, "--rejects", rejects});
  EXPECT_EQ(first.code, 2);
  EXPECT_THAT(first.error, HasSubstr("Columns that are ignored: Remarks"));
  EXPECT_THAT(
      first.output,
      AllOf(HasSubstr("In the ledger as the file says: 1 of 3\nGranted: 1\n"),
            HasSubstr("Rejected as bad input: 2"),
            HasSubstr("H10, did you mean \"H100\"?"),
            HasSubstr("--source WHERE\n"),
            HasSubstr("  line 2: license.lines[0].destination_country"),
            HasSubstr("  line 3: product \"H10\" is not registered")));
  EXPECT_THAT(ReadFile(rejects), HasSubstr("\n3,"));
  EXPECT_THAT(
      Do({"license", "list"}),
      ContainsRegex("\nD-3 +acme +FR +2025-01-01 +2028-12-31 +granted from "
                    "2025-01-01 +7"));

  const std::string good = WriteFile(
      dir_, "good.csv",
      absl::StrCat(Do({"license", "template"}),
                   "D-3,acme,FR,2025-01-01,2028-12-31,,,,H100,6,,,,,,,,\n"));
  const Result differs = Run({"license", "import", good});
  EXPECT_EQ(differs.code, 1);
  EXPECT_THAT(differs.output, HasSubstr("Otherwise in the ledger: 1"));
  EXPECT_THAT(Run({"--json", "license", "import", good}).output,
              HasSubstr("\"differs\":1"));

  const std::string shipments =
      WriteFile(dir_, "s.csv", Do({"shipment", "template"}));
  const Result other = Run({"license", "import", shipments});
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.error, HasSubstr("\"grant_date\" is missing"));
  const std::string filings =
      WriteFile(dir_, "f.csv", "itn,shipment_filing_action\n");
  const Result of_filings = Run({"license", "import", filings});
  EXPECT_EQ(of_filings.code, 2);
  EXPECT_THAT(
      of_filings.error,
      HasSubstr("looks like a file of format eei, which says nothing of "
                "licenses; if it does, say --format csv or jsonl"));
  EXPECT_EQ(RunProgram({CHIPLEDGER_PATH, "--server", "127.0.0.1:1", "--timeout",
                        "0.2", "license", "import", good})
                .code,
            3);
}

TEST_F(CliTest, AProductImportSaysWhatTheCatalogSaysAfterIt) {
  const auto import = [&](const std::string& rows) {
    return Do({"product", "import",
               WriteFile(dir_, "chips.csv", "chip,tpp_epoch\n" + rows)});
  };
  EXPECT_THAT(import("Z1,100\n"), HasSubstr("Registered: 1"));
  EXPECT_THAT(import("Z1,100\n"), HasSubstr("Already there: 1"));
  EXPECT_THAT(import("Z1,200\n"),
              AllOf(HasSubstr("Changed: 1"),
                    HasSubstr("milli_tpp_per_gpu: recorded 100000, file says "
                              "200000")));
  EXPECT_THAT(import("Z1,100\n"), HasSubstr("Changed: 1"));
  EXPECT_THAT(Do({"--json", "product", "list"}),
              HasSubstr("\"milliTppPerGpu\":\"100000\""));
  // Within one file the last row counts.
  EXPECT_THAT(import("Z1,200\nZ1,100\nZ1,200\n"), HasSubstr("Changed: 3"));
  EXPECT_THAT(Do({"--json", "product", "list"}),
              HasSubstr("\"milliTppPerGpu\":\"200000\""));
}

TEST_F(CliTest, AProductImportKeepsWhatTheTableDoesNotSay) {
  Do({"product", "register", "--code", "Z36", "--gpus-per-unit", "36", "--tpp",
      "100", "--source", "mine", "--classification", "3A090.a"});
  const std::string file =
      WriteFile(dir_, "chips.csv", "chip,tpp_epoch\nZ36,200\nH100,\n");
  EXPECT_THAT(Do({"product", "import", file}),
              AllOf(HasSubstr("Changed: 1"), HasSubstr("Already there: 1")));
  const std::string products = Do({"--json", "product", "list"});
  EXPECT_THAT(products, AllOf(HasSubstr("3A090.a"), HasSubstr("\"200000\""),
                              HasSubstr("\"gpusPerUnit\":\"36\""),
                              HasSubstr("\"15824000\"")));
}

TEST_F(CliTest, ADryRunOfAProductImportRegistersNothing) {
  // More than a page of the catalog, and a product that is there.
  std::string rows = "chip,tpp_epoch\nH100,1\n";
  for (int i = 0; i < 1'500; ++i) absl::StrAppend(&rows, "P-", i, ",100\n");
  const std::string file = WriteFile(dir_, "chips.csv", rows);
  const std::string before = Do({"--json", "admin", "status"});
  EXPECT_THAT(Do({"product", "import", file, "--dry-run"}),
              AllOf(HasSubstr("Would be registered: 1,500"),
                    HasSubstr("Would be changed: 1")));
  EXPECT_THAT(Do({"product", "list"}), Not(HasSubstr("P-")));
  EXPECT_EQ(Do({"--json", "admin", "status"}), before);
  EXPECT_THAT(Do({"product", "import", file}),
              AllOf(HasSubstr("Registered: 1,500"), HasSubstr("Changed: 1")));
  EXPECT_THAT(Do({"product", "import", file}),
              HasSubstr("Already there: 1,501"));
}

// Of the shipped catalog and classes.
std::string ShippedFile(const std::string& name) {
  return absl::StrCat(CHIPLEDGER_SOURCE_DIR "/ledger/policies/catalog/", name);
}

TEST_F(CliTest, ImportsTheShippedCatalog) {
  const std::string file = ShippedFile("products.textproto");
  // The H100 of the ledger has another TPP.
  EXPECT_THAT(Do({"product", "import", file}),
              AllOf(HasSubstr("milli_tpp_per_gpu: recorded 15824000, file says "
                              "15832000"),
                    HasSubstr("Changed: 1\nAlready there: 0\n"),
                    HasSubstr("Of these with TPP unknown: 4\n"),
                    HasSubstr("Rejected as bad input: 0")));
  const std::string products = Do({"product", "list"});
  EXPECT_THAT(products,
              AllOf(ContainsRegex("\nH20 +NVIDIA +1 +2,368 +- "),
                    ContainsRegex("\nGB300-NVL72 +NVIDIA +72 +60,000 "
                                  "+4A090.a "),
                    ContainsRegex("\nB20 +NVIDIA +1 +unknown +3A090.a +No "
                                  "figures are published")));
  const std::string size = Do({"--json", "admin", "status"});
  EXPECT_THAT(Do({"product", "import", file}),
              HasSubstr("Registered: 0\nChanged: 0\nAlready there: "));
  EXPECT_EQ(Do({"--json", "admin", "status"}), size);
}

TEST_F(CliTest, WhatTheShippedCatalogDoesNotKnowIsHeld) {
  Do({"product", "import", ShippedFile("products.textproto")});
  Do({"policy", "adopt",
      CHIPLEDGER_SOURCE_DIR "/ledger/policies/us-h200-2026.textproto"});
  const auto ship = [&](const std::string& product,
                        const std::string& assurance) {
    return Run(Of(product, "record",
                  {"--to", "CN", "--export-date", "2026-03-01", "--product",
                   product + "=8", assurance}));
  };
  for (const std::string product : {"MI308X", "B20"}) {
    const Result before = ship(product, "--before-export");
    EXPECT_EQ(before.code, 1) << product;
    EXPECT_THAT(before.error,
                HasSubstr(absl::StrCat("that of product \"", product,
                                       "\" is not known")));
    const Result after = ship(product, "--after-the-fact");
    EXPECT_EQ(after.code, 0) << after.error;
    EXPECT_THAT(after.output, HasSubstr("is not known"));
  }
  // Below every line, and known to be.
  const Result h20 = ship("H20", "--before-export");
  EXPECT_EQ(h20.code, 0) << h20.error;
  EXPECT_THAT(h20.output, Not(HasSubstr("us-h200-2026")));
}

TEST_F(CliTest, ACatalogsProblemsAreToldWithTheirPlaces) {
  const auto text = [](const std::string& tops, const std::string& units) {
    return absl::StrCat(
        "products {\n  product { product_code: \"Z1\" gpus_per_unit: 1\n",
        "    milli_tpp_per_gpu: 100000 }\n", "  rates { tops: \"", tops,
        "\" bits: 8 source: \"sheet\" }\n}\n",
        "products {\n  product { product_code: \"Z2\" gpus_per_unit: ", units,
        " source: \"x\" }\n}\n");
  };
  const auto import = [&](const std::string& name, const std::string& content,
                          const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {"product", "import",
                                          WriteFile(dir_, name, content)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Run(arguments);
  };
  const Result wrong = import("wrong.textproto", text("12", "0"));
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.output, AllOf(HasSubstr("Registered: 0"),
                                  HasSubstr("Rejected as bad input: 2")));
  EXPECT_THAT(
      wrong.error,
      AllOf(HasSubstr("wrong.textproto:3:5: product.milli_tpp_per_gpu: 100000"),
            // What only the ledger finds.
            HasSubstr("wrong.textproto:6:1: "), HasSubstr("gpus_per_unit")));
  EXPECT_THAT(import("typo.textproto", "products { producd {} }").error,
              AllOf(HasSubstr("typo.textproto:1:20"),
                    HasSubstr("did you mean \"product\"?")));
  const Result sourced =
      import("a.textproto", text("12.5", "1"), {"--source", "mine"});
  EXPECT_EQ(sourced.code, 2);
  EXPECT_THAT(sourced.error, HasSubstr("--source is for a table"));
  // Another name is a table, unless the format is said.
  EXPECT_EQ(import("a.txt", text("12.5", "1")).code, 2);
  EXPECT_THAT(
      import("a.txt", text("12.5", "1"), {"--format", "catalog"}).output,
      HasSubstr("Registered: 2"));
  EXPECT_THAT(import("b.textproto", text("25", "1")).error,
              HasSubstr("product.milli_tpp_per_gpu"));
}

TEST_F(CliTest, ADryRunRegistersNoMissingProducts) {
  const std::string file = WriteFile(
      dir_, "in.csv",
      absl::StrCat(Do({"shipment", "template"}),
                   "S-1,acme,2025-03-01,FR,NEW,5,after-the-fact,,,,,,,,,\n"));
  const Result dry = Run(
      {"shipment", "import", file, "--dry-run", "--register-missing-products"});
  EXPECT_THAT(dry.output,
              HasSubstr("Would be registered with TPP unknown: NEW"));
  EXPECT_THAT(Do({"product", "list"}), Not(HasSubstr("NEW")));
}

TEST_F(CliTest, HeadroomIsFilteredByEachKey) {
  Do({"policy", "group", "change", "tier-1", "--join", "FR"});
  Do({"license", "grant", "--id", "D123456", "--exporter", "acme", "--to", "FR",
      "--grant-date", "2025-01-01", "--expiry-date", "2026-01-01", "--line",
      "H100=5"});
  const auto error = [&](std::vector<std::string> filter) {
    filter.insert(filter.begin(), {"headroom", "list"});
    const Result result = Run(filter);
    EXPECT_EQ(result.code, 2) << result.output;
    return result.error;
  };
  EXPECT_THAT(error({"--end-user", "globes"}),
              HasSubstr("did you mean \"globex\"?"));
  EXPECT_THAT(error({"--product", "H10"}), HasSubstr("\"H100\"?"));
  EXPECT_THAT(error({"--country-group", "tier-2"}), HasSubstr("\"tier-1\"?"));
  EXPECT_THAT(error({"--headquarters", "Atlantis"}), HasSubstr("Atlantis"));
  EXPECT_THAT(error({"--line", "0"}), HasSubstr("--line"));
  EXPECT_THAT(error({"--license", "D123456", "--line", "2"}),
              HasSubstr("license \"D123456\" has no line 2"));
  for (const std::vector<std::string>& filter :
       {std::vector<std::string>{"--end-user", "globex"},
        {"--product", "H100"},
        {"--country-group", "tier-1"},
        {"--headquarters", "France"},
        {"--license", "D123456", "--line", "1"}}) {
    // The only rule groups by destination.
    Do(Record(absl::StrCat("S", filter[0]), "H100=1"));
    std::vector<std::string> list = {"--json", "headroom", "list"};
    EXPECT_THAT(Do(list), HasSubstr("\"ruleId\":\"gpus\""));
    list.insert(list.end(), filter.begin(), filter.end());
    EXPECT_THAT(Do(list), IsEmpty());
  }
}

TEST_F(CliTest, NoticesAreListed) {
  const std::string file = WriteFile(dir_, "watched.textproto", R"(
    policy {
      policy_id: "watched" title: "W" effective_from: "2024-01-01"
      provenance { citation: "c" legal_status: LEGAL_STATUS_IN_FORCE
                   enforcement_status: ENFORCEMENT_STATUS_ENFORCED }
      rules {
        rule_id: "large" title: "L"
        measure: MEASURE_GPUS accrual: ACCRUAL_EXPORTED
        window { per_order {} } limit { none {} }
        enforcement { mode: MODE_NOTIFY notify_at: "50" }
      }
    })");
  Do({"policy", "adopt", file});
  const Result none = Run({"headroom", "notices"});
  EXPECT_EQ(none.code, 0);
  EXPECT_THAT(none.error, HasSubstr("No entry has reached the threshold"));
  Do(Record("S-1", "H100=49"));
  Do(Record("S-2", "H100=50"));
  Do(Record("S-3", "H100=51"));
  EXPECT_THAT(Do({"headroom", "notices", "--policy", "watched"}),
              AllOf(HasSubstr("watched/large"), HasSubstr("50 GPUs"),
                    HasSubstr("shipment acme/S-2"), HasSubstr("51 GPUs"),
                    Not(HasSubstr("S-1"))));
  EXPECT_THAT(Do({"--json", "headroom", "notices", "--limit", "1"}),
              AllOf(HasSubstr("\"total\":\"50\""), Not(HasSubstr("S-3"))));
  const Result unknown = Run({"headroom", "notices", "--rule", "larg"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.error, HasSubstr("large"));
}

TEST_F(CliTest, ReportsOnReportingDatesAreListed) {
  TestClock clock("2099-01-31T00:00:00Z");
  StartServer([&](ServerOptions& options) {
    options.ledger.clock = &clock;
    options.ledger.trust_clock = true;
    options.ledger.tick = absl::Milliseconds(10);
  });
  const std::string file = WriteFile(dir_, "halves.textproto", R"(
    policy {
      policy_id: "halves" title: "H" effective_from: "2025-01-01"
      provenance { citation: "c" legal_status: LEGAL_STATUS_IN_FORCE
                   enforcement_status: ENFORCEMENT_STATUS_ENFORCED }
      rules {
        rule_id: "country" title: "C"
        measure: MEASURE_GPUS accrual: ACCRUAL_EXPORTED
        scope { group_by: GROUP_BY_DESTINATION_COUNTRY }
        window { open {} } limit { constant: "50" }
        enforcement { mode: MODE_REPORT_ONLY }
        test_point: TEST_POINT_REPORTING_DATE reporting_dates: "02-01"
      }
    })");
  Do({"policy", "adopt", file});
  const Result none = Run({"policy", "reports", "halves"});
  EXPECT_EQ(none.code, 0) << none.error;
  EXPECT_THAT(none.error, HasSubstr("No reporting date of the policy is over"));
  Do(Record("S-1", "H100=70"));
  Do(Record("S-2", "H100=20", "MY"));
  const uint64_t before = server().ledger().Latest()->size;
  clock.Set("2099-02-02T00:00:00Z");
  const absl::Time deadline = absl::Now() + kTimeout;
  while (server().ledger().Latest()->size == before && absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(5));
  }
  EXPECT_THAT(Do({"policy", "reports", "halves"}),
              AllOf(ContainsRegex("2099-02-01 .*country +FR +50 GPUs +70 GPUs "
                                  "+0 GPUs +-20 GPUs +over-limit +as reported"),
                    ContainsRegex("country +MY .*within-limit")));
  EXPECT_THAT(Do({"audit", "read", "--from", absl::StrCat(before)}),
              HasSubstr("halves on 2099-02-01: 2 totals, 1 over its limit"));
  Do({"shipment", "void", "--exporter", "acme", "--reference", "S-1",
      "--reason", "canceled"});
  EXPECT_THAT(Do({"policy", "reports", "halves"}),
              ContainsRegex("FR +50 GPUs +70 GPUs .*over-limit +0 GPUs of "
                            "50 GPUs, within-limit"));
  EXPECT_THAT(
      Do({"--json", "policy", "reports", "halves"}),
      AllOf(HasSubstr("\"overLimit\":\"1\""), HasSubstr("\"used\":\"70\"")));
  EXPECT_THAT(Do({"--json", "policy", "reports", "halves", "--through-date",
                  "2099-01-31"}),
              IsEmpty());
  const Result unknown = Run({"policy", "reports", "halve"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.error, HasSubstr("halve"));
  StopServer();
}

// A policy with one rule, whose standing is given and which may name a party.
std::string PolicyWith(const std::string& id, const std::string& standing,
                       const std::string& rest = "") {
  return absl::StrCat(
      "country_groups { group_id: 'near' reason: 'r'\n"
      "  changes { country: 'CA' kind: KIND_JOIN } }\n"
      "policy { policy_id: '",
      id, "' title: 'P' effective_from: '2020-01-01' provenance {",
      " citation: 'c' ", standing, " }\n",
      "  rules { rule_id: 'cap' title: 'R' measure: MEASURE_GPUS accrual: "
      "ACCRUAL_EXPORTED\n"
      "    scope { group_by: GROUP_BY_DESTINATION_COUNTRY } window { open {} "
      "}\n"
      "    limit { constant: '50' } enforcement { mode: MODE_REFUSE }\n",
      rest, "  } }\n");
}

TEST_F(CliTest, APolicyIsAdoptedByTheStandingThatItsFileStates) {
  const auto adopt = [&](const std::string& id, const std::string& standing) {
    return Do({"policy", "adopt", "--by-standing",
               WriteFile(dir_, id + ".textproto", PolicyWith(id, standing))});
  };
  EXPECT_THAT(adopt("kept",
                    "legal_status: LEGAL_STATUS_IN_FORCE enforcement_status: "
                    "ENFORCEMENT_STATUS_ENFORCED"),
              HasSubstr("Policy kept: 1 rule, 1 country group\n"));
  for (const char* standing :
       {"legal_status: LEGAL_STATUS_IN_FORCE enforcement_status: "
        "ENFORCEMENT_STATUS_NOT_ENFORCED",
        "legal_status: LEGAL_STATUS_HISTORICAL enforcement_status: "
        "ENFORCEMENT_STATUS_ENFORCED"}) {
    EXPECT_THAT(
        adopt(absl::StrContains(standing, "HIST") ? "past" : "told", standing),
        HasSubstr("1 country group, report only\n"));
  }
  EXPECT_EQ(
      Run({"policy", "adopt", "--by-standing", "--report-only", "x"}).code, 2);
  // What binds is only what can refuse.
  EXPECT_THAT(Do({"headroom", "list", "--country", "FR"}),
              AllOf(HasSubstr("kept/cap"), HasSubstr("told/cap"),
                    HasSubstr("past/cap")));
  EXPECT_THAT(Do({"headroom", "list", "--country", "FR", "--deciding"}),
              AllOf(HasSubstr("caps/gpus"), HasSubstr("kept/cap"),
                    Not(HasSubstr("told/cap")), Not(HasSubstr("past/cap"))));
}

TEST_F(CliTest, WhatIsWrongWithAnAdoptionIsToldByItsPlaceInTheFile) {
  const std::string in_force =
      "legal_status: LEGAL_STATUS_IN_FORCE enforcement_status: "
      "ENFORCEMENT_STATUS_ENFORCED";
  const std::string file = WriteFile(
      dir_, "wrong.textproto",
      PolicyWith("wrong", in_force, "    exemptions { parties: 'nobody' }\n"));
  const Result result = Run({"policy", "adopt", file});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(
      result.error,
      HasSubstr(absl::StrCat(
          file,
          ":7:18: policy.rules[0].exemptions[0].parties[0]: \"nobody\"")));
  EXPECT_THAT(result.error, Not(HasSubstr("commands[")));
  // What is wrong with the request is no part of the file.
  EXPECT_THAT(Run({"policy", "adopt", file, "--request-id", "no-uuid"}).error,
              AllOf(HasSubstr("request_id"), Not(HasSubstr("country_groups"))));
  // A program gets it as the server says it.
  EXPECT_THAT(
      Run({"--json", "policy", "adopt", file}).error,
      HasSubstr("commands[1].policy.rules[0].exemptions[0].parties[0]"));
  Do({"policy", "adopt",
      WriteFile(dir_, "right.textproto", PolicyWith("right", in_force))});
  const Result again =
      Run({"policy", "adopt",
           WriteFile(dir_, "again.textproto", PolicyWith("right", in_force))});
  EXPECT_EQ(again.code, 2);
  EXPECT_THAT(again.error,
              AllOf(HasSubstr("right"), Not(HasSubstr("commands["))));
}

TEST_F(CliTest, AnOfficerAsksWhyARuleCountedAShipmentOrNot) {
  Do(Record("S-1", "H100=900", "MY"));
  EXPECT_EQ(Run(Record("S-2", "H100=200", "MY")).code, 1);
  const uint64_t refused = server().ledger().Latest()->size - 1;
  Do({"policy", "adopt", WriteFile(dir_, "near.textproto", R"pb(
        policy {
          policy_id: "near"
          title: "N"
          effective_from: "2020-01-01"
          provenance {
            citation: "c"
            legal_status: LEGAL_STATUS_IN_FORCE
            enforcement_status: ENFORCEMENT_STATUS_ENFORCED
          }
          rules {
            rule_id: "neighbors"
            title: "R"
            measure: MEASURE_GPUS
            accrual: ACCRUAL_EXPORTED
            scope { where { destination_countries: "CA" } }
            window { open {} }
            limit { zero {} }
            enforcement { mode: MODE_REFUSE }
          }
        })pb")});
  EXPECT_THAT(
      Do({"policy", "explain", "--entry", absl::StrCat(refused)}),
      AllOf(HasSubstr(absl::StrCat("Entry ", refused, ", recorded ")),
            HasSubstr(", was refused (judged at size "),
            HasSubstr("shipment acme/S-2 to MY, 200 units, dated 2025-"),
            ContainsRegex("caps/gpus +counted +MY from 2025-01-01: 200 GPUs, "
                          "headroom 100 GPUs of 1,000 GPUs: violated"),
            Not(HasSubstr("near"))));
  const std::string file = WriteFile(dir_, "shipment.textproto", R"pb(
    exporter: "acme"
    shipment_reference: "S-3"
    export_date: "2025-06-01"
    destination_country: "MY"
    items { product_code: "H100" quantity: 100 }
  )pb");
  EXPECT_THAT(
      Do({"policy", "explain", file}),
      AllOf(HasSubstr("Would be accepted. Nothing was recorded"),
            ContainsRegex("caps/gpus +counted +MY .*: within-limit"),
            ContainsRegex("near/neighbors +passed over +MY is not CA")));
  EXPECT_THAT(Do({"policy", "explain", file, "--after-the-fact", "--at-size",
                  absl::StrCat(refused)}),
              HasSubstr("Would be accepted"));
  EXPECT_THAT(Do({"--json", "policy", "explain", "--exporter", "acme",
                  "--reference", "S-1"}),
              AllOf(HasSubstr("\"effectiveDate\":\"2025-"),
                    HasSubstr("\"headroomAfter\":\"100\"")));
  EXPECT_THAT(Do({"policy", "explain", "--command",
                  WriteFile(dir_, "command.textproto",
                            "void_shipment { exporter: 'acme' "
                            "shipment_reference: 'S-1' reason: 'r' }")}),
              HasSubstr("voiding of shipment acme/S-1"));
  const Result nothing = Run({"policy", "explain"});
  EXPECT_EQ(nothing.code, 2);
  EXPECT_THAT(nothing.error, HasSubstr("name one thing to explain"));
  EXPECT_EQ(Run({"policy", "explain", file, "--entry", "1"}).code, 2);
  EXPECT_EQ(Run({"policy", "explain", "--exporter", "acme"}).code, 2);
  const Result late = Run({"policy", "explain", "--entry", "1000"});
  EXPECT_EQ(late.code, 2);
  EXPECT_THAT(late.error, HasSubstr("1000"));
}

TEST_F(CliTest, AnAuditorReadsAndReplays) {
  for (int i = 0; i < 20; ++i) {
    Run(Record(absl::StrCat("S-", i), "H100=90"));
  }
  EXPECT_THAT(Do({"audit", "read", "--from", "6", "--to", "8"}),
              AllOf(HasSubstr("shipment_recorded"), HasSubstr("90 x H100"),
                    Not(HasSubstr("ledger_opened"))));
  EXPECT_THAT(Do({"audit", "read"}), HasSubstr("by caps/gpus"))
      << "refusals are entries";
  EXPECT_THAT(Do({"audit", "replay"}),
              AllOf(HasSubstr("990 GPUs"), HasSubstr("26 entries replayed"),
                    HasSubstr("Every total of the server is")));
  EXPECT_THAT(Do({"audit", "replay", "--at-size", "8"}),
              AllOf(HasSubstr("180 GPUs"), HasSubstr("8 entries replayed")));
  EXPECT_EQ(Run({"audit", "replay", "--at-size", "1000"}).code, 2);
  EXPECT_THAT(Do({"admin", "status"}), HasSubstr("26"));
}

TEST_F(CliTest, WatchesShowWhatChanges) {
  Subprocess headroom({CHIPLEDGER_PATH, "--server", address(), "headroom",
                       "watch", "--country", "FR"});
  Subprocess entries(
      {CHIPLEDGER_PATH, "--server", address(), "audit", "watch"});
  EXPECT_TRUE(entries.WaitForLine("       0", kTimeout));
  ASSERT_TRUE(headroom.WaitForLine("As of ledger size", kTimeout));
  Do(Record("S-1", "H100=123"));
  EXPECT_TRUE(entries.WaitForLine("       6", kTimeout));
  EXPECT_TRUE(headroom.WaitForLine("As of ledger size 7", kTimeout));
  EXPECT_THAT(headroom.standard_output(), HasSubstr("123 GPUs"));
}

}  // namespace
}  // namespace chipledger::testing
