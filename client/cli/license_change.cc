// chipledger license suspend, reinstate, revoke and the like: what happens to a
// license after its grant.
#include <algorithm>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "client/cli/cli.h"
#include "client/cli/print.h"
#include "client/cli/table.h"
#include "client/cli/terminal.h"
#include "google/protobuf/struct.pb.h"
#include "ledger/domain/license_moves.h"

namespace chipledger::cli {
namespace {

// Prints the shipments under a license of which `tell` tells something, under a
// heading; without any, nothing.
int PrintShipmentsUnder(
    Cli& cli, const std::string& license_id, absl::string_view heading,
    const std::function<std::string(const v1::ShipmentView&)>& tell) {
  v1::ListShipmentsRequest request;
  request.set_page_size(1000);
  request.set_license_id(license_id);
  Table table({"EXPORTER", "REFERENCE", "DATE", "TO", "ITEMS", ""});
  bool any = false;
  const absl::Status status = ForEachPage(
      request,
      [&](const auto& page) { return cli.client().ListShipments(page); },
      [&](const v1::ListShipmentsResponse& page) {
        for (const v1::ShipmentView& view : page.shipments()) {
          if (view.status() != v1::SHIPMENT_STATUS_RECORDED) continue;
          std::string told = tell(view);
          if (told.empty()) continue;
          any = true;
          const v1::Shipment& shipment = view.shipment();
          table.AddRow({shipment.exporter(), shipment.shipment_reference(),
                        shipment.export_date(), shipment.destination_country(),
                        FormatItems(shipment), std::move(told)});
        }
        return true;
      });
  if (!status.ok()) return Fail(cli, status);
  if (any) std::cout << heading << "\n" << table.ToString();
  return kDone;
}

// What of a shipment is on the way: "1,000 in transit"; empty for none.
std::string InTransitText(const v1::ShipmentView& view) {
  int64_t units = 0;
  for (const v1::ItemBalance& balance : view.balances()) {
    units += balance.in_transit();
  }
  return units == 0 ? "" : absl::StrCat(FormatCount(units), " in transit");
}

// A change of standing.
struct ChangeOptions {
  std::string license_id;
  std::string date;
  std::string reason;
  std::vector<std::string> lines;
  bool keep_reservations = false;
  std::optional<uint64_t> expected_revision;
  WriteOptions write;
};

void AddChangeOptions(CLI::App& app, ChangeOptions& options) {
  app.add_option("LICENSE", options.license_id, "the license")->required();
  app.add_option("--date", options.date, "first date on which it holds")
      ->required();
  app.add_option("--reason", options.reason, "why")->required();
  AddRevisionOption(app, options.expected_revision);
  AddWriteOptions(app, options.write);
}

template <typename Request>
Request MakeChange(const ChangeOptions& options) {
  Request request;
  SetWriteOptions(options.write, request);
  auto& command = *request.mutable_command();
  command.set_license_id(options.license_id);
  command.set_effective_date(options.date);
  command.set_reason(options.reason);
  if (options.expected_revision) {
    command.set_expected_revision(*options.expected_revision);
  }
  return request;
}

int Suspend(Cli& cli, const ChangeOptions& options) {
  return Finish(cli,
                cli.client().SuspendLicense(
                    MakeChange<v1::SuspendLicenseRequest>(options)),
                [](const v1::SuspendLicenseResponse& response) {
                  PrintWriteResult(response.result());
                });
}

int Reinstate(Cli& cli, const ChangeOptions& options) {
  return Finish(cli,
                cli.client().ReinstateLicense(
                    MakeChange<v1::ReinstateLicenseRequest>(options)),
                [](const v1::ReinstateLicenseResponse& response) {
                  PrintWriteResult(response.result());
                });
}

int Revoke(Cli& cli, const ChangeOptions& options) {
  auto request = MakeChange<v1::RevokeLicenseRequest>(options);
  for (const std::string& text : options.lines) {
    const auto line = ParseNumberedQuantity("--line", "NUMBER=QUANTITY", text);
    if (!line.ok()) return Fail(cli, line.status());
    auto& part = *request.mutable_command()->add_parts();
    part.set_line_number(line->first);
    part.set_quantity(line->second);
  }
  if (options.keep_reservations) {
    request.mutable_command()->set_reservation_effect(
        v1::RESERVATION_EFFECT_KEEP);
  }
  const int code =
      Finish(cli, cli.client().RevokeLicense(request),
             [](const v1::RevokeLicenseResponse& response) {
               PrintWriteResult(response.result());
               PrintJudged(response.evidence(), response.judgement());
               PrintReleased(response.released_reservations());
             });
  if (code != kDone || cli.json || !options.lines.empty()) return code;
  return PrintShipmentsUnder(
      cli, options.license_id,
      "On the way under it; where they are ordered back, record the return:",
      InTransitText);
}

struct ExtendOptions {
  v1::ExtendLicense command;
  WriteOptions write;
};

int Extend(Cli& cli, const ExtendOptions& options) {
  v1::ExtendLicenseRequest request;
  SetWriteOptions(options.write, request);
  *request.mutable_command() = options.command;
  return Finish(cli, cli.client().ExtendLicense(request),
                [](const v1::ExtendLicenseResponse& response) {
                  PrintWriteResult(response.result());
                });
}

void AddExtendOptions(CLI::App& app, ExtendOptions& options) {
  v1::ExtendLicense& command = options.command;
  AddText(app, "LICENSE", "the license", [&](const std::string& text) {
    command.set_license_id(text);
  })->required();
  AddText(app, "--expiry-date", "the new last date, after the old one",
          [&](const std::string& text) { command.set_expiry_date(text); })
      ->required();
  AddText(app, "--reason", "why, such as the letter",
          [&](const std::string& text) { command.set_reason(text); })
      ->required();
  AddRevisionOption(app, command);
  AddWriteOptions(app, options.write);
}

struct VoidOptions {
  v1::VoidLicense command;
  bool keep_reservations = false;
  WriteOptions write;
};

int Void(Cli& cli, const VoidOptions& options) {
  v1::VoidLicenseRequest request;
  SetWriteOptions(options.write, request);
  *request.mutable_command() = options.command;
  if (options.keep_reservations) {
    request.mutable_command()->set_reservation_effect(
        v1::RESERVATION_EFFECT_KEEP);
  }
  const int code = Finish(cli, cli.client().VoidLicense(request),
                          [](const v1::VoidLicenseResponse& response) {
                            PrintWriteResult(response.result());
                            PrintEvent(response.event(), response.judgement());
                          });
  if (code != kDone || cli.json) return code;
  return PrintShipmentsUnder(
      cli, options.command.license_id(),
      "Shipped under it, and unauthorized with it:",
      [](const v1::ShipmentView& view) {
        const std::string in_transit = InTransitText(view);
        return in_transit.empty() ? std::string("arrived") : in_transit;
      });
}

void AddVoidOptions(CLI::App& app, VoidOptions& options) {
  v1::VoidLicense& command = options.command;
  AddText(app, "LICENSE", "the license", [&](const std::string& text) {
    command.set_license_id(text);
  })->required();
  AddText(app, "--reason", "why, such as a false statement",
          [&](const std::string& text) { command.set_reason(text); })
      ->required();
  AddKeepOption(app, options.keep_reservations);
  AddRevisionOption(app, command);
  AddWriteOptions(app, options.write);
}

struct ConditionOptions {
  v1::RecordCondition command;
  WriteOptions write;
};

int RecordCondition(Cli& cli, const ConditionOptions& options) {
  v1::RecordConditionRequest request;
  SetWriteOptions(options.write, request);
  *request.mutable_command() = options.command;
  return Finish(cli, cli.client().RecordCondition(request),
                [](const v1::RecordConditionResponse& response) {
                  PrintWriteResult(response.result());
                });
}

// What a license and a party meet alike.
void AddConditionOptions(CLI::App& app, ConditionOptions& options) {
  v1::RecordCondition& command = options.command;
  AddText(app, "--kind", "what kind, as rules require it, such as kyc",
          [&](const std::string& text) {
            command.mutable_condition()->set_kind(text);
          })
      ->required();
  AddText(app, "--evidence", "what shows it: a document's name or address",
          [&](const std::string& text) {
            command.mutable_condition()->set_evidence(text);
          })
      ->required();
  AddText(app, "--date", "the date it was met", [&](const std::string& text) {
    command.mutable_condition()->set_satisfied_date(text);
  })->required();
  AddText(app, "--valid-through", "the last date it holds (default: for good)",
          [&](const std::string& text) {
            command.mutable_condition()->set_valid_through(text);
          });
  AddText(app, "--sha256", "the SHA-256 of the document, in hexadecimal",
          [&](const std::string& text) {
            command.mutable_condition()->set_evidence_sha256(text);
          });
  AddWriteOptions(app, options.write);
}

struct TransferOptions {
  v1::TransferLicense command;
  OverrideOptions overrides;
  WriteOptions write;
};

int Transfer(Cli& cli, const TransferOptions& options) {
  v1::TransferLicenseRequest request;
  SetWriteOptions(options.write, request);
  *request.mutable_command() = options.command;
  if (const absl::Status set = SetOverrides(
          options.overrides, *request.mutable_command()->mutable_overrides());
      !set.ok()) {
    return Fail(cli, set);
  }
  return Finish(cli, cli.client().TransferLicense(request),
                [](const v1::TransferLicenseResponse& response) {
                  PrintWriteResult(response.result());
                  PrintEvent(response.event(), response.judgement());
                });
}

void AddTransferOptions(CLI::App& app, TransferOptions& options) {
  v1::TransferLicense& command = options.command;
  AddText(app, "LICENSE", "the license", [&](const std::string& text) {
    command.set_license_id(text);
  })->required();
  AddText(app, "--exporter", "party id of the new licensee",
          [&](const std::string& text) { command.set_exporter(text); })
      ->required();
  AddText(app, "--date", "the new licensee's first date",
          [&](const std::string& text) { command.set_effective_date(text); })
      ->required();
  AddText(app, "--reason", "why, such as the approval",
          [&](const std::string& text) { command.set_reason(text); })
      ->required();
  AddOverrideOptions(app, options.overrides);
  AddRevisionOption(app, command);
  AddWriteOptions(app, options.write);
}

struct CorrectOptions {
  v1::CorrectLicenseChange command;
  WriteOptions write;
};

// Tells the shipments whose export date is between the dates that a change had
// and has, and whether they are authorized now. Dates are ISO, which sort as
// text.
int PrintShipmentsBetween(Cli& cli, const CorrectOptions& options,
                          const v1::LicenseChangeCorrected& corrected) {
  const v1::CorrectLicenseChange& command = corrected.command();
  const auto [first, end] =
      std::minmax(corrected.corrected_date(), command.effective_date());
  return PrintShipmentsUnder(
      cli, command.license_id(),
      absl::StrCat("Exported from ", first, " to before ", end,
                   options.write.validate_only ? ", as it is now:" : ":"),
      [&](const v1::ShipmentView& view) -> std::string {
        const std::string& date = view.shipment().export_date();
        if (date < first || date >= end) return "";
        return view.unauthorized().empty() ? "authorized" : "unauthorized";
      });
}

int Correct(Cli& cli, const CorrectOptions& options) {
  v1::CorrectLicenseChangeRequest request;
  SetWriteOptions(options.write, request);
  *request.mutable_command() = options.command;
  const auto response = cli.client().CorrectLicenseChange(request);
  const int code =
      Finish(cli, response, [](const v1::CorrectLicenseChangeResponse& done) {
        PrintWriteResult(done.result());
        PrintEvent(done.event(), done.judgement());
      });
  if (code != kDone || cli.json) return code;
  return PrintShipmentsBetween(cli, options,
                               response->event().license_change_corrected());
}

void AddCorrectOptions(CLI::App& app, CorrectOptions& options) {
  v1::CorrectLicenseChange& command = options.command;
  AddText(app, "LICENSE", "the license", [&](const std::string& text) {
    command.set_license_id(text);
  })->required();
  app.add_option_function<uint64_t>(
         "--entry", [&](uint64_t index) { command.set_change_index(index); },
         "the entry that suspended, reinstated or revoked it, as `license get` "
         "tells it")
      ->required();
  AddText(app, "--date", "the date it should have had",
          [&](const std::string& text) { command.set_effective_date(text); })
      ->required();
  AddText(app, "--reason", "why", [&](const std::string& text) {
    command.set_reason(text);
  })->required();
  AddRevisionOption(app, command);
  AddWriteOptions(app, options.write);
}

struct StatesOptions {};

// "granted, suspended".
template <typename List>
std::string NamesOf(const List& standings) {
  std::string names;
  for (const auto standing : standings) {
    absl::StrAppend(&names, names.empty() ? "" : ", ",
                    domain::NameOf(standing));
  }
  return names;
}

// One row of a table of moves.
struct MoveRow {
  std::string what;
  std::string move;
  std::string from;
  std::string to;
  std::string note;
};

std::vector<MoveRow> MoveRows() {
  std::vector<MoveRow> rows;
  for (const domain::ApplicationMoveRule& rule : domain::ApplicationMoves()) {
    rows.push_back({"application", std::string(rule.name), NamesOf(rule.from),
                    rule.to ? std::string(domain::NameOf(*rule.to)) : "",
                    !rule.clock_runs   ? ""
                    : *rule.clock_runs ? "while it runs"
                                       : "while it stands"});
  }
  for (const domain::LicenseMoveRule& rule : domain::LicenseMoves()) {
    rows.push_back({"license", std::string(rule.name), NamesOf(rule.from),
                    rule.to ? domain::NameOf(*rule.to) : "",
                    std::string(rule.note)});
  }
  return rows;
}

int PrintStates(Cli& cli, const StatesOptions&) {
  Table table({"OF", "MOVE", "FROM", "TO", "NOTE"});
  for (const MoveRow& row : MoveRows()) {
    if (cli.json) {
      google::protobuf::Struct json;
      auto& fields = *json.mutable_fields();
      fields["of"].set_string_value(row.what);
      fields["move"].set_string_value(row.move);
      fields["from"].set_string_value(row.from);
      fields["to"].set_string_value(row.to);
      fields["note"].set_string_value(row.note);
      PrintJson(json);
    } else {
      table.AddRow({row.what, row.move, row.from,
                    row.to.empty() ? "(stays)" : row.to, row.note});
    }
  }
  if (!cli.json) std::cout << table.ToString();
  return kDone;
}

}  // namespace

void AddLicenseChangeCommands(CLI::App& license, Cli& cli) {
  AddCommand<ChangeOptions>(license, cli, "suspend",
                            "suspend it from a date on", AddChangeOptions,
                            Suspend);
  AddCommand<ChangeOptions>(license, cli, "reinstate",
                            "end a suspension from a date on", AddChangeOptions,
                            Reinstate);
  AddCommand<ChangeOptions>(
      license, cli, "revoke", "revoke it from a date on, whole or in part",
      [](CLI::App& sub, ChangeOptions& options) {
        AddChangeOptions(sub, options);
        sub.add_option("--line", options.lines,
                       "NUMBER=QUANTITY to take from a line; repeat it "
                       "(default: the whole license)");
        AddKeepOption(sub, options.keep_reservations);
      },
      Revoke);
  AddCommand<ExtendOptions>(license, cli, "extend",
                            "extend it: the same quantities, a later expiry",
                            AddExtendOptions, Extend);
  AddCommand<VoidOptions>(
      license, cli, "void",
      "void it from issuance: what was shipped under it was unauthorized",
      AddVoidOptions, Void);
  AddCommand<ConditionOptions>(
      license, cli, "condition", "record that it has met a condition",
      [](CLI::App& sub, ConditionOptions& options) {
        AddText(sub, "LICENSE", "the license or other authorization",
                [&](const std::string& text) {
                  options.command.set_license_id(text);
                })
            ->required();
        AddConditionOptions(sub, options);
        AddRevisionOption(sub, options.command);
      },
      RecordCondition);
  AddCommand<TransferOptions>(license, cli, "transfer",
                              "transfer it to another licensee, once",
                              AddTransferOptions, Transfer);
  AddCommand<CorrectOptions>(
      license, cli, "correct-date",
      "correct the date of a suspension, reinstatement or revocation",
      AddCorrectOptions, Correct);
  AddCommand<StatesOptions>(
      license, cli, "states",
      "what can happen to applications and licenses, and where",
      [](CLI::App&, StatesOptions&) {}, PrintStates);
}

void AddPartyConditionCommand(CLI::App& party, Cli& cli) {
  AddCommand<ConditionOptions>(
      party, cli, "condition",
      "record that it has met a condition, which holds for every shipment that "
      "it or a party it owns sends, receives or uses",
      [](CLI::App& sub, ConditionOptions& options) {
        AddText(sub, "PARTY", "the party", [&](const std::string& text) {
          options.command.set_party(text);
        })->required();
        AddConditionOptions(sub, options);
      },
      RecordCondition);
}

}  // namespace chipledger::cli
