// chipledger shipment: for exporters.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/cli.h"
#include "client/cli/print.h"
#include "client/cli/shipment_options.h"
#include "client/cli/table.h"
#include "client/cli/terminal.h"
#include "ledger/base/status_macros.h"

namespace chipledger::cli {
namespace {

struct RecordOptions {
  ShipmentOptions shipment;
  std::optional<uint64_t> reservation;
  bool release_rest = false;
};

int Record(Cli& cli, const RecordOptions& options) {
  auto request =
      MakeShipmentRequest<v1::RecordShipmentRequest>(options.shipment);
  if (!request.ok()) return Fail(cli, request.status());
  if (options.reservation) {
    request->mutable_command()->set_reservation_index(*options.reservation);
    request->mutable_command()->set_release_rest(options.release_rest);
  }
  return Finish(cli, cli.client().RecordShipment(*request),
                [](const v1::RecordShipmentResponse& response) {
                  PrintWriteResult(response.result());
                  PrintJudged(response.evidence(), response.judgement());
                });
}

void AddRecordOptions(CLI::App& app, RecordOptions& options) {
  AddShipmentOptions(app, options.shipment);
  AddAssuranceOptions(app, options.shipment);
  CLI::Option* reservation =
      app.add_option("--reservation", options.reservation,
                     "entry of the reservation it uses")
          ->check(AtLeast(0));
  app.add_flag("--release-rest", options.release_rest,
               "give up what it does not take of the reservation")
      ->needs(reservation);
}

struct CorrectOptions {
  ShipmentOptions shipment;
  std::string reason;
  std::optional<uint64_t> expected_revision;
};

int Correct(Cli& cli, const CorrectOptions& options) {
  auto request =
      MakeShipmentRequest<v1::CorrectShipmentRequest>(options.shipment);
  if (!request.ok()) return Fail(cli, request.status());
  v1::CorrectShipment& command = *request->mutable_command();
  command.set_reason(options.reason);
  if (options.expected_revision) {
    command.set_expected_revision(*options.expected_revision);
  }
  return Finish(cli, cli.client().CorrectShipment(*request),
                [](const v1::CorrectShipmentResponse& response) {
                  PrintWriteResult(response.result());
                  PrintJudgedAnew(response.reversal(), response.evidence(),
                                  response.judgement());
                });
}

// Which shipment.
struct KeyOptions {
  std::string exporter;
  std::string reference;
  std::string reason;
  std::string recorded_in_error;
  std::optional<uint64_t> expected_revision;
  WriteOptions write;
  v1::ReadPoint read_point;
};

void AddKeyOptions(CLI::App& app, KeyOptions& options) {
  app.add_option("--exporter", options.exporter, "party id of who exports")
      ->required();
  app.add_option("--reference", options.reference, "the exporter's own number")
      ->required();
}

int Void(Cli& cli, const KeyOptions& options) {
  v1::VoidShipmentRequest request;
  SetWriteOptions(options.write, request);
  v1::VoidShipment& command = *request.mutable_command();
  command.set_exporter(options.exporter);
  command.set_shipment_reference(options.reference);
  command.set_reason(options.reason);
  command.set_recorded_in_error(options.recorded_in_error);
  if (options.expected_revision) {
    command.set_expected_revision(*options.expected_revision);
  }
  return Finish(cli, cli.client().VoidShipment(request),
                [](const v1::VoidShipmentResponse& response) {
                  PrintWriteResult(response.result());
                  PrintJudged(response.evidence(), response.judgement());
                });
}

// Where the units of each item are.
std::string BalancesText(const v1::ShipmentView& view) {
  Table table({"ITEM>", "PRODUCT", "SHIPPED>", "IN TRANSIT>", "ON HAND>",
               "RETURNED>", "SENT ON>", "RETIRED>", "DIVERTED>"});
  int item = 0;
  for (const v1::ItemBalance& balance : view.balances()) {
    table.AddRow(
        {absl::StrCat(item++), balance.product_code(),
         FormatCount(balance.shipped()), FormatCount(balance.in_transit()),
         FormatCount(balance.on_hand()), FormatCount(balance.returned()),
         FormatCount(balance.sent_on()), FormatCount(balance.retired()),
         FormatCount(balance.diverted())});
  }
  return table.ToString();
}

// Who receives, under which authorization, and where this comes from: a line
// for each that is known.
std::string PartiesText(const v1::Shipment& shipment) {
  std::string text;
  const auto add = [&](absl::string_view title, const std::string& value) {
    if (value.empty()) return;
    absl::StrAppend(&text, title, ": ", OneLine(value), "\n");
  };
  add("Consignee", shipment.consignee());
  add("Consignee by name", shipment.consignee_name());
  add("End user", shipment.end_user());
  const v1::Authorization& authorization = shipment.authorization();
  if (shipment.has_authorization()) {
    add("Authorization",
        absl::StrCat(FormatEnum(authorization.kind(), "AUTHORIZATION_KIND_"),
                     authorization.license_id().empty() ? "" : " ",
                     authorization.license_id(),
                     authorization.code().empty() ? "" : ", code ",
                     authorization.code()));
  }
  std::vector<std::string> own;
  for (const v1::Item& item : shipment.items()) {
    if (!item.license_id().empty()) {
      own.push_back(
          absl::StrCat(item.product_code(), " under ", item.license_id()));
    }
  }
  add("Items under other licenses", absl::StrJoin(own, ", "));
  add("Departure", shipment.departure_time());
  add("Source", shipment.source());
  return text;
}

int Get(Cli& cli, const KeyOptions& options) {
  v1::GetShipmentRequest request;
  request.set_exporter(options.exporter);
  request.set_shipment_reference(options.reference);
  *request.mutable_read_point() = options.read_point;
  return Finish(
      cli, cli.client().GetShipment(request),
      [&](const v1::GetShipmentResponse& response) {
        const v1::ShipmentView& view = response.shipment();
        const v1::Shipment& shipment = view.shipment();
        std::cout << shipment.exporter() << " " << shipment.shipment_reference()
                  << ": " << FormatItems(shipment) << " to "
                  << shipment.destination_country() << " on "
                  << shipment.export_date() << "\n"
                  << PartiesText(shipment)
                  << FormatEnum(view.status(), "SHIPMENT_STATUS_") << ", "
                  << FormatEnum(view.assurance(), "ASSURANCE_") << ", entry "
                  << view.index() << " of " << FormatTime(view.record_time())
                  << ", revision " << view.revision() << "\n"
                  << FormatEnum(view.movement(), "MOVEMENT_")
                  << "; its entries: "
                  << absl::StrJoin(view.entry_indexes(), ", ") << "\n"
                  << BalancesText(view);
        for (const v1::Violation& violation : view.unauthorized()) {
          std::cout << "Unauthorized by what is known now: "
                    << OneLine(violation.description()) << "\n";
        }
        PrintJudged(view.evidence(), view.judgement());
        std::cout << FormatSize(response.size(), options.read_point);
      });
}

struct ListOptions {
  v1::ListShipmentsRequest filters;
  std::string to;
  int64_t limit = 0;
};

int List(Cli& cli, const ListOptions& options) {
  v1::ListShipmentsRequest request = options.filters;
  request.set_page_size(1000);
  if (!options.to.empty()) {
    const auto country = ParseCountry(options.to);
    if (!country.ok()) return Fail(cli, country.status());
    request.set_destination_country(*country);
  }
  Table table(
      {"EXPORTER", "REFERENCE", "DATE", "TO", "ITEMS", "STATUS", "ENTRY>"});
  int64_t count = 0;
  const absl::Status status = ForEachPage(
      request,
      [&](const auto& page) { return cli.client().ListShipments(page); },
      [&](const v1::ListShipmentsResponse& page) {
        for (const v1::ShipmentView& view : page.shipments()) {
          if (options.limit > 0 && count == options.limit) return false;
          ++count;
          if (cli.json) {
            PrintJson(view);
            continue;
          }
          const v1::Shipment& shipment = view.shipment();
          table.AddRow({shipment.exporter(), shipment.shipment_reference(),
                        shipment.export_date(), shipment.destination_country(),
                        FormatItems(shipment),
                        FormatEnum(view.status(), "SHIPMENT_STATUS_"),
                        absl::StrCat(view.index())});
        }
        return true;
      });
  if (!status.ok()) return Fail(cli, status);
  if (count == 0 && !request.license_id().empty() &&
      !request.in_transit_only() && !request.unauthorized_only()) {
    // The list accepts any number; nothing left under this one.
    v1::GetLicenseRequest license;
    license.set_license_id(request.license_id());
    *license.mutable_read_point() = request.read_point();
    const auto known = cli.client().GetLicense(license);
    if (!known.ok()) return Fail(cli, known.status());
  }
  if (!cli.json) {
    PrintList(table, "shipment",
              !request.exporter().empty() || !request.license_id().empty() ||
                  !options.to.empty() || request.in_transit_only() ||
                  request.unauthorized_only(),
              "chipledger shipment record --help, or chipledger shipment "
              "import FILE");
  }
  return kDone;
}

void AddListOptions(CLI::App& app, ListOptions& options) {
  AddText(app, "--exporter", "only this exporter's",
          [&](const std::string& text) { options.filters.set_exporter(text); });
  AddText(
      app, "--license", "only under this license",
      [&](const std::string& text) { options.filters.set_license_id(text); });
  app.add_option("--to", options.to, "only to this country");
  app.add_flag_function(
      "--in-transit",
      [&](int64_t) { options.filters.set_in_transit_only(true); },
      "only those with units on the way");
  app.add_flag_function(
      "--unauthorized",
      [&](int64_t) { options.filters.set_unauthorized_only(true); },
      "only those whose license, by what is known of it now, did not authorize "
      "them: it was voided, or revoked with an earlier date");
  app.add_option("--limit", options.limit, "at most this many (default: all)")
      ->check(AtLeast(1));
  AddReadOptions(app, *options.filters.mutable_read_point());
}

}  // namespace

void AddShipmentCommands(CLI::App& app, Cli& cli) {
  CLI::App* group = app.add_subcommand(
      "shipment", "record shipments and see what became of them");
  group->require_subcommand(1);
  AddCommand<RecordOptions>(*group, cli, "record", "record one shipment",
                            AddRecordOptions, Record);
  AddCommand<CorrectOptions>(
      *group, cli, "correct",
      "say what a recorded shipment should have said; both stay in the log",
      [](CLI::App& sub, CorrectOptions& options) {
        AddShipmentOptions(sub, options.shipment);
        AddAssuranceOptions(sub, options.shipment);
        sub.add_option("--reason", options.reason, "why")->required();
        AddRevisionOption(sub, options.expected_revision);
      },
      Correct);
  AddCommand<KeyOptions>(
      *group, cli, "void", "give back what a shipment counted",
      [](CLI::App& sub, KeyOptions& options) {
        AddKeyOptions(sub, options);
        sub.add_option("--reason", options.reason, "why")->required();
        sub.add_option("--recorded-in-error", options.recorded_in_error,
                       "what shows that no such goods left; for a shipment "
                       "recorded after the fact");
        AddRevisionOption(sub, options.expected_revision);
        AddWriteOptions(sub, options.write);
      },
      Void);
  AddCommand<KeyOptions>(
      *group, cli, "get", "read one shipment, and where its units are",
      [](CLI::App& sub, KeyOptions& options) {
        AddKeyOptions(sub, options);
        AddReadOptions(sub, options.read_point);
      },
      Get);
  AddCommand<ListOptions>(*group, cli, "list",
                          "list shipments in the order recorded",
                          AddListOptions, List);
  AddReservationCommands(*group, cli);
  AddMovementCommands(*group, cli);
  AddTraceCommand(*group, cli);
  AddImportCommand(*group, cli);
  AddMovementImportCommands(*group, cli);
}

}  // namespace chipledger::cli
