// What an error says to people and programs, and its exit code.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "client/cli/cli.h"
#include "client/cli/known_names.h"
#include "client/cli/print.h"
#include "client/cli/terminal.h"
#include "client/errors.h"
#include "google/protobuf/util/json_util.h"
#include "ledger/base/near.h"

namespace chipledger::cli {
namespace {

int ExitCodeOf(const absl::Status& status,
               const client::ErrorDetails& details) {
  if (details.refusal) return kRefused;
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kUnimplemented:
      return kBadInput;
    default:
      return kFailed;
  }
}

// What to do about an error; empty where its message says all.
std::string NextStep(const absl::Status& status,
                     const client::ErrorDetails& details) {
  const auto value = [&](const std::string& key) {
    const auto it = details.metadata.find(key);
    return it == details.metadata.end() ? "..." : it->second;
  };
  switch (details.reason) {
    case v1::PRODUCT_NOT_FOUND:
      return absl::StrCat("register it: chipledger product register --code '",
                          value("product_code"),
                          "' --gpus-per-unit N --tpp N --classification CLASS "
                          "--source TEXT");
    case v1::PARTY_NOT_FOUND:
      return absl::StrCat("register it: chipledger party register --id '",
                          value("party_id"), "' --name NAME");
    case v1::COUNTRY_GROUP_NOT_FOUND:
      return "see what there is: chipledger policy group list";
    case v1::POLICY_NOT_FOUND:
      return "see what there is: chipledger policy list";
    case v1::RULE_NOT_FOUND:
      return details.metadata.count("policy_id") == 0
                 ? "see what there is: chipledger policy list"
                 : absl::StrCat("see its rules: chipledger policy show ",
                                value("policy_id"));
    case v1::LICENSE_NOT_FOUND:
      return "see what there is: chipledger license list";
    case v1::SHIPMENT_NOT_FOUND:
      return absl::StrCat(
          "see what there is: chipledger shipment list "
          "--exporter ",
          value("exporter"));
    case v1::REQUEST_ID_REUSED:
      return "leave --request-id out, or give a new one, for a new request";
    case v1::SHIPMENT_REFERENCE_REUSED:
      return "a reference is used once, also when its shipment was voided: "
             "take another one; what still stands can be changed with: "
             "chipledger shipment correct";
    case v1::LICENSE_EXISTS:
      return "to change what it authorizes use: chipledger license amend";
    case v1::POLICY_EXISTS:
      return "to change it use: chipledger policy amend; what that changes "
             "for whom says: chipledger policy diff";
    case v1::RECOUNT_NEEDED:
      return "amend it from a later date, or adopt the rule under a new "
             "rule_id";
    case v1::REVISION_MISMATCH:
      return "somebody else has changed it: read it again, then repeat with "
             "the revision it has now";
    case v1::QUEUE_FULL:
      return "the server is busy: repeat in a moment";
    case v1::RESOURCE_SHORTAGE:
      return "the server is short of files or memory: repeat in a moment, and "
             "if it lasts tell its operator";
    case v1::READ_ONLY:
      return "an operator must act: chipledger admin status says why";
    case v1::APPLICATION_EXISTS:
      return "an application is submitted once; apply under the authority's "
             "new number";
    case v1::APPLICATION_NOT_FOUND:
      return "see what there is: chipledger license applications";
    case v1::RESERVATION_NOT_FOUND:
      return "it was used, released or has expired; see what there is: "
             "chipledger shipment reservations";
    case v1::HOLIDAY_CALENDAR_NOT_FOUND:
      return absl::StrCat("make it: chipledger policy group holidays change '",
                          value("calendar_id"), "' --add DATE");
    case v1::COMMAND_RESERVED:
      return "the ledger records it by itself when its time has come";
    case v1::MOMENT_BEFORE_LEDGER:
      return "ask for a later time, or --at-size 1 for the first entry";
    case v1::OTHER_HISTORY:
      return "ask the operator which data the server serves; to read that log "
             "from its beginning start anew";
    case v1::INDEX_OUT_OF_RANGE:
      return "see how long the ledger is: chipledger admin status";
    default:
      break;
  }
  if (details.outcome_unknown_request_id) {
    return absl::StrCat("repeat it with --request-id ",
                        *details.outcome_unknown_request_id);
  }
  if (details.no_connection) {
    return "start it (chipledgerd --data DIR), or name the server with "
           "--server HOST:PORT or CHIPLEDGER_SERVER";
  }
  if (status.code() == absl::StatusCode::kDeadlineExceeded) {
    return "allow more time with --timeout SECONDS";
  }
  return "";
}

void PrintForPeople(Cli& cli, const absl::Status& status,
                    const client::ErrorDetails& details) {
  if (details.refusal) {
    std::cerr << "Refused by the rules";
    if (details.refusal->has_index()) {
      std::cerr << " (entry " << details.refusal->index() << ")";
    } else {
      std::cerr << " (validate only: nothing was recorded)";
    }
    std::cerr << ":\n" << FormatViolations(details.refusal->violations());
    return;
  }
  if (details.fields.size() > 1) {
    // The message is the same as one line.
    std::cerr << "chipledger: " << details.fields.size()
              << " fields are wrong:\n";
    for (const FieldViolation& field : details.fields) {
      std::cerr << "  - " << OneLine(field.field) << ": "
                << OneLine(field.description) << "\n";
    }
  } else {
    // Our own messages may have several lines; a server's quote what others
    // have written.
    const bool is_ours = details.reason == v1::ERROR_REASON_UNSPECIFIED;
    std::cerr << "chipledger: "
              << (is_ours ? std::string(status.message())
                          : OneLine(status.message()))
              << "\n";
  }
  if (details.reason != v1::ERROR_REASON_UNSPECIFIED) {
    const auto near = NamesLikeTheMissing(cli.client(), details);
    if (!near.empty()) std::cerr << "  " << OneLine(AskForOneOf(near)) << "\n";
  }
  if (const std::string step = NextStep(status, details); !step.empty()) {
    std::cerr << "  next: " << OneLine(step) << "\n";
  }
}

}  // namespace

int Fail(Cli& cli, const absl::Status& status) {
  const client::ErrorDetails details = client::GetErrorDetails(status);
  if (cli.json) {
    std::string json;
    const auto converted = google::protobuf::util::MessageToJsonString(
        client::ToRpcStatus(status), &json);
    std::cerr << (converted.ok() ? json : std::string(status.message()))
              << "\n";
  } else {
    PrintForPeople(cli, status, details);
  }
  return ExitCodeOf(status, details);
}

}  // namespace chipledger::cli
