// chipledger shipment receive, return, reexport, transfer, retire, divert,
// recover, relocate: what became of units that were shipped.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "client/cli/cli.h"
#include "client/cli/print.h"
#include "client/cli/shipment_options.h"
#include "client/import/text.h"
#include "ledger/base/status_macros.h"

namespace chipledger::cli {
namespace {

using Units = google::protobuf::RepeatedPtrField<v1::ItemUnits>;

constexpr char kUnitsHelp[] =
    "ITEM=QUANTITY, items counted from 0 as `shipment get` lists them; repeat "
    "it";

// Reads texts "ITEM=QUANTITY". Errors: INVALID_ARGUMENT.
absl::Status AddUnits(const std::vector<std::string>& texts, Units& units) {
  for (const std::string& text : texts) {
    ASSIGN_OR_RETURN(const auto parsed,
                     ParseNumberedQuantity("--units", "ITEM=QUANTITY", text));
    v1::ItemUnits& one = *units.Add();
    one.set_item(parsed.first);
    one.set_quantity(parsed.second);
  }
  return absl::OkStatus();
}

// What happened to units of a shipment.
template <typename Command>
struct UnitsOptions {
  Command command;
  std::vector<std::string> units;
  // For a diversion.
  std::string found_country;
  // For retired units.
  std::string cause;
  WriteOptions write;
};

template <typename Command>
void AddUnitsOptions(CLI::App& app, UnitsOptions<Command>& options,
                     const std::string& units_help = kUnitsHelp) {
  Command& command = options.command;
  AddText(app, "--exporter", "party id of who exported",
          [&](const std::string& text) {
            command.mutable_shipment()->set_exporter(text);
          })
      ->required();
  AddText(app, "--reference", "the exporter's own number",
          [&](const std::string& text) {
            command.mutable_shipment()->set_shipment_reference(text);
          })
      ->required();
  AddText(app, "--date", "the date", [&](const std::string& text) {
    command.set_effective_date(text);
  })->required();
  app.add_option("--units", options.units, units_help);
  AddRevisionOption(app, command);
  AddWriteOptions(app, options.write);
}

template <typename Request, typename Command>
absl::StatusOr<Request> MakeUnitsRequest(const UnitsOptions<Command>& options) {
  Request request;
  SetWriteOptions(options.write, request);
  *request.mutable_command() = options.command;
  RETURN_IF_ERROR(
      AddUnits(options.units, *request.mutable_command()->mutable_units()));
  return request;
}

// Those that can be said to have happened whatever the ledger knows.
template <typename Command>
void AddReportedOptions(CLI::App& app, UnitsOptions<Command>& options,
                        const std::string& units_help = kUnitsHelp) {
  AddUnitsOptions(app, options, units_help);
  app.add_flag_callback(
      "--after-the-fact",
      [&] { options.command.set_assurance(v1::ASSURANCE_AFTER_THE_FACT); },
      "it has happened: record it also when units are not there, and say "
      "which");
}

// Sends a request and prints the event.
template <typename Request, typename Response>
int Send(Cli& cli, const absl::StatusOr<Request>& request,
         absl::StatusOr<Response> (client::Client::*call)(
             Request, const client::CallOptions&)) {
  if (!request.ok()) return Fail(cli, request.status());
  return Finish(cli, (cli.client().*call)(*request, {}),
                [](const Response& response) {
                  PrintWriteResult(response.result());
                  PrintEvent(response.event(), response.judgement());
                });
}

int Receive(Cli& cli, const UnitsOptions<v1::ReceiveShipment>& options) {
  return Send(cli, MakeUnitsRequest<v1::ReceiveShipmentRequest>(options),
              &client::Client::ReceiveShipment);
}

int Return(Cli& cli, const UnitsOptions<v1::ReturnShipment>& options) {
  return Send(cli, MakeUnitsRequest<v1::ReturnShipmentRequest>(options),
              &client::Client::ReturnShipment);
}

int Retire(Cli& cli, const UnitsOptions<v1::RetireUnits>& options) {
  const auto cause =
      import::InColumn("--cause", import::ParseRetirementCause(options.cause));
  if (!cause.ok()) return Fail(cli, cause.status());
  auto request = MakeUnitsRequest<v1::RetireUnitsRequest>(options);
  if (request.ok()) request->mutable_command()->set_cause(*cause);
  return Send(cli, request, &client::Client::RetireUnits);
}

int Divert(Cli& cli, const UnitsOptions<v1::ReportDiversion>& options) {
  const auto country = ParseCountry(options.found_country);
  if (!country.ok()) return Fail(cli, country.status());
  auto request = MakeUnitsRequest<v1::ReportDiversionRequest>(options);
  if (request.ok()) request->mutable_command()->set_found_country(*country);
  return Send(cli, request, &client::Client::ReportDiversion);
}

// A shipment of its own that takes units of another.
struct OnwardOptions {
  ShipmentOptions shipment;
  std::string origin_exporter;
  std::string origin_reference;
  std::vector<int32_t> items;
};

void AddOnwardOptions(CLI::App& app, OnwardOptions& options) {
  AddShipmentOptions(app, options.shipment);
  AddAssuranceOptions(app, options.shipment);
  app.add_option("--origin-reference", options.origin_reference,
                 "reference of the shipment that brought them")
      ->required();
  app.add_option("--origin-exporter", options.origin_exporter,
                 "its exporter (default: as --exporter)");
  app.add_option("--origin-item", options.items,
                 "the place in the origin of each --product, in their order "
                 "(default: 0, 1, ...)");
}

template <typename Request>
absl::StatusOr<Request> MakeOnwardRequest(const OnwardOptions& options) {
  ASSIGN_OR_RETURN(Request request,
                   MakeShipmentRequest<Request>(options.shipment));
  auto& command = *request.mutable_command();
  command.mutable_origin()->set_exporter(options.origin_exporter.empty()
                                             ? command.shipment().exporter()
                                             : options.origin_exporter);
  command.mutable_origin()->set_shipment_reference(options.origin_reference);
  const int items = command.shipment().items_size();
  if (!options.items.empty() &&
      options.items.size() != static_cast<size_t>(items)) {
    return absl::InvalidArgumentError(
        absl::StrCat("there are ", items, " --product and ",
                     options.items.size(), " --origin-item"));
  }
  for (int i = 0; i < items; ++i) {
    v1::ItemUnits& units = *command.add_units();
    units.set_item(
        options.items.empty() ? i : options.items[static_cast<size_t>(i)]);
    units.set_quantity(command.shipment().items(i).quantity());
  }
  return request;
}

int Reexport(Cli& cli, const OnwardOptions& options) {
  return Send(cli, MakeOnwardRequest<v1::ReexportShipmentRequest>(options),
              &client::Client::ReexportShipment);
}

int Transfer(Cli& cli, const OnwardOptions& options) {
  return Send(cli, MakeOnwardRequest<v1::TransferShipmentRequest>(options),
              &client::Client::TransferShipment);
}

void AddRetireOptions(CLI::App& app, UnitsOptions<v1::RetireUnits>& options) {
  AddReportedOptions(app, options);
  app.add_option("--cause", options.cause, "loss, damage, scrap or theft")
      ->required();
  AddText(app, "--evidence", "what shows it", [&](const std::string& text) {
    options.command.set_evidence(text);
  })->required();
}

void AddDivertOptions(CLI::App& app,
                      UnitsOptions<v1::ReportDiversion>& options) {
  AddReportedOptions(app, options);
  app.add_option("--found-country", options.found_country, "where they are")
      ->required();
  AddText(
      app, "--found-party", "party id of who has them",
      [&](const std::string& text) { options.command.set_found_party(text); });
  AddText(app, "--evidence", "what shows it", [&](const std::string& text) {
    options.command.set_evidence(text);
  })->required();
}

int Recover(Cli& cli, const UnitsOptions<v1::RecoverUnits>& options) {
  return Send(cli, MakeUnitsRequest<v1::RecoverUnitsRequest>(options),
              &client::Client::RecoverUnits);
}

void AddRecoverOptions(CLI::App& app, UnitsOptions<v1::RecoverUnits>& options) {
  AddUnitsOptions(app, options);
  app.add_option_function<int64_t>(
         "--entry",
         [&](int64_t index) {
           options.command.set_movement_index(static_cast<uint64_t>(index));
         },
         "the entry that retired or diverted them, as `shipment trace` tells "
         "it")
      ->required()
      ->check(AtLeast(0));
  AddText(app, "--evidence", "what shows it", [&](const std::string& text) {
    options.command.set_evidence(text);
  })->required();
}

int Relocate(Cli& cli, const UnitsOptions<v1::RelocateUnits>& options) {
  return Send(cli, MakeUnitsRequest<v1::RelocateUnitsRequest>(options),
              &client::Client::RelocateUnits);
}

void AddRelocateOptions(CLI::App& app,
                        UnitsOptions<v1::RelocateUnits>& options) {
  AddUnitsOptions(app, options);
  AddText(app, "--site", "where they are now, such as a data center",
          [&](const std::string& text) { options.command.set_site(text); })
      ->required();
}

struct VoidMovementOptions {
  v1::VoidMovement command;
  WriteOptions write;
};

int VoidMovement(Cli& cli, const VoidMovementOptions& options) {
  v1::VoidMovementRequest request;
  SetWriteOptions(options.write, request);
  *request.mutable_command() = options.command;
  return Send(cli, absl::StatusOr<v1::VoidMovementRequest>(request),
              &client::Client::VoidMovement);
}

void AddVoidMovementOptions(CLI::App& app, VoidMovementOptions& options) {
  v1::VoidMovement& command = options.command;
  AddText(app, "--exporter", "party id of the exporter",
          [&](const std::string& text) {
            command.mutable_shipment()->set_exporter(text);
          })
      ->required();
  AddText(app, "--reference", "the exporter's reference",
          [&](const std::string& text) {
            command.mutable_shipment()->set_shipment_reference(text);
          })
      ->required();
  app.add_option_function<int64_t>(
         "--entry",
         [&](int64_t index) {
           command.set_movement_index(static_cast<uint64_t>(index));
         },
         "the entry that moved them, as `shipment trace` tells it")
      ->required()
      ->check(AtLeast(0));
  AddText(app, "--reason", "why", [&](const std::string& text) {
    command.set_reason(text);
  })->required();
  AddRevisionOption(app, command);
  AddWriteOptions(app, options.write);
}

}  // namespace

void AddMovementCommands(CLI::App& shipment, Cli& cli) {
  AddCommand<UnitsOptions<v1::ReceiveShipment>>(
      shipment, cli, "receive", "record that units arrived",
      [](CLI::App& sub, UnitsOptions<v1::ReceiveShipment>& options) {
        AddReportedOptions(
            sub, options,
            absl::StrCat(kUnitsHelp, " (default: all that is in transit)"));
      },
      Receive);
  AddCommand<UnitsOptions<v1::ReturnShipment>>(
      shipment, cli, "return",
      "record that units went back to the exporting country",
      [](CLI::App& sub, UnitsOptions<v1::ReturnShipment>& options) {
        AddReportedOptions(sub, options);
        AddText(sub, "--reason", "why", [&](const std::string& text) {
          options.command.set_reason(text);
        })->required();
      },
      Return);
  AddCommand<OnwardOptions>(
      shipment, cli, "reexport",
      "send units on to a third country, as a shipment of its own",
      AddOnwardOptions, Reexport);
  AddCommand<OnwardOptions>(
      shipment, cli, "transfer",
      "hand units on in the same country, as a shipment of its own",
      AddOnwardOptions, Transfer);
  AddCommand<UnitsOptions<v1::RetireUnits>>(
      shipment, cli, "retire", "record that units are gone for good",
      AddRetireOptions, Retire);
  AddCommand<UnitsOptions<v1::ReportDiversion>>(
      shipment, cli, "divert", "record that units were found elsewhere",
      AddDivertOptions, Divert);
  AddCommand<UnitsOptions<v1::RecoverUnits>>(
      shipment, cli, "recover",
      "record that retired or diverted units are back with the consignee",
      AddRecoverOptions, Recover);
  AddCommand<UnitsOptions<v1::RelocateUnits>>(
      shipment, cli, "relocate",
      "record that the consignee moved units within the country",
      AddRelocateOptions, Relocate);
  AddCommand<VoidMovementOptions>(
      shipment, cli, "void-movement",
      "take back a movement that was recorded in error", AddVoidMovementOptions,
      VoidMovement);
}

}  // namespace chipledger::cli
