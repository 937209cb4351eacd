// chipledger shipment reserve, release, reservations: room for what is planned.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "client/cli/cli.h"
#include "client/cli/print.h"
#include "client/cli/shipment_options.h"
#include "client/cli/table.h"

namespace chipledger::cli {
namespace {

struct ReserveOptions {
  ShipmentOptions shipment;
  int64_t hold_seconds = 0;
};

int Reserve(Cli& cli, const ReserveOptions& options) {
  auto request =
      MakeShipmentRequest<v1::ReserveShipmentRequest>(options.shipment);
  if (!request.ok()) return Fail(cli, request.status());
  request->mutable_command()->set_hold_seconds(options.hold_seconds);
  return Finish(cli, cli.client().ReserveShipment(*request),
                [](const v1::ReserveShipmentResponse& response) {
                  PrintWriteResult(response.result());
                  PrintEvent(response.event(), response.judgement());
                });
}

struct ReleaseOptions {
  v1::ReleaseReservation command;
  WriteOptions write;
};

int Release(Cli& cli, const ReleaseOptions& options) {
  v1::ReleaseReservationRequest request;
  SetWriteOptions(options.write, request);
  *request.mutable_command() = options.command;
  return Finish(cli, cli.client().ReleaseReservation(request),
                [](const v1::ReleaseReservationResponse& response) {
                  PrintWriteResult(response.result());
                  PrintEvent(response.event(), response.judgement());
                });
}

void AddReleaseOptions(CLI::App& app, ReleaseOptions& options) {
  v1::ReleaseReservation& command = options.command;
  app.add_option_function<uint64_t>(
         "RESERVATION",
         [&](uint64_t index) { command.set_reservation_index(index); },
         "the reservation's entry")
      ->required();
  AddText(app, "--reason", "why", [&](const std::string& text) {
    command.set_reason(text);
  })->required();
  AddWriteOptions(app, options.write);
}

int List(Cli& cli, const v1::ListReservationsRequest& filters) {
  v1::ListReservationsRequest request = filters;
  request.set_page_size(1000);
  Table table({"ENTRY>", "EXPORTER", "REFERENCE", "DATE", "TO", "STILL HELD",
               "LICENSE", "HOLDS UNTIL"});
  const absl::Status status = ForEachPage(
      request,
      [&](const auto& page) { return cli.client().ListReservations(page); },
      [&](const v1::ListReservationsResponse& page) {
        for (const v1::ReservationView& view : page.reservations()) {
          if (cli.json) {
            PrintJson(view);
            continue;
          }
          const v1::Shipment& planned = view.shipment();
          const std::string& license = planned.authorization().license_id();
          table.AddRow({absl::StrCat(view.index()), planned.exporter(),
                        planned.shipment_reference(), planned.export_date(),
                        planned.destination_country(), FormatItems(planned),
                        license.empty() ? "-" : license,
                        FormatTime(view.expire_time())});
        }
        return true;
      });
  if (!status.ok()) return Fail(cli, status);
  if (!cli.json) {
    PrintList(table, "open reservation",
              !request.exporter().empty() || !request.license_id().empty(),
              "chipledger shipment reserve --help");
  }
  return kDone;
}

}  // namespace

void AddReservationCommands(CLI::App& shipment, Cli& cli) {
  AddCommand<ReserveOptions>(
      shipment, cli, "reserve",
      "reserve room for a planned shipment, judged as the shipment would be",
      [](CLI::App& sub, ReserveOptions& options) {
        AddShipmentOptions(sub, options.shipment);
        sub.add_option("--hold-seconds", options.hold_seconds,
                       "how long it holds, by the server's clock")
            ->required();
      },
      Reserve);
  AddCommand<ReleaseOptions>(shipment, cli, "release",
                             "give back what a reservation still holds",
                             AddReleaseOptions, Release);
  AddCommand<v1::ListReservationsRequest>(
      shipment, cli, "reservations", "list open reservations",
      [](CLI::App& sub, v1::ListReservationsRequest& filters) {
        AddText(sub, "--exporter", "only this exporter's",
                [&](const std::string& text) { filters.set_exporter(text); });
        AddText(sub, "--license", "only under this license",
                [&](const std::string& text) { filters.set_license_id(text); });
        AddReadOptions(sub, *filters.mutable_read_point());
      },
      List);
}

}  // namespace chipledger::cli
