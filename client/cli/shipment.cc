// chipledger shipment: for exporters.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "client/cli/cli.h"
#include "client/cli/print.h"
#include "client/cli/table.h"
#include "client/import/text.h"
#include "ledger/base/status_macros.h"

namespace chipledger::cli {
namespace {

// What a shipment is made of.
struct ShipmentOptions {
  v1::Shipment shipment;
  std::string to;
  std::vector<std::string> products;
  std::string license;
  std::string authorization;
  std::string authorization_code;
  bool after_the_fact = false;
  bool before_export = false;
  // For a correction.
  std::string reason;
  std::optional<uint64_t> expected_revision;
  WriteOptions write;
};

void AddTextOption(CLI::App& app, const std::string& name,
                   const std::string& description,
                   std::function<void(const std::string&)> set,
                   bool required = false) {
  app.add_option_function<std::string>(name, std::move(set), description)
      ->required(required);
}

void AddShipmentOptions(CLI::App& app, ShipmentOptions& options) {
  v1::Shipment& shipment = options.shipment;
  AddTextOption(
      app, "--exporter", "party id of who exports",
      [&](const std::string& text) { shipment.set_exporter(text); }, true);
  AddTextOption(
      app, "--reference", "the exporter's own number, unique for ever",
      [&](const std::string& text) { shipment.set_shipment_reference(text); },
      true);
  AddTextOption(
      app, "--export-date", "YYYY-MM-DD",
      [&](const std::string& text) { shipment.set_export_date(text); }, true);
  app.add_option("--to", options.to, "country of ultimate destination")
      ->required();
  app.add_option("--product", options.products,
                 "CODE=QUANTITY; repeat it for more items")
      ->required();
  auto* license =
      app.add_option("--license", options.license, "license it ships under");
  app.add_option("--authorization", options.authorization,
                 "other legal basis: nveu, uveu, lpp, acm, aia, aca, nac, "
                 "none-required, other-exception")
      ->excludes(license);
  app.add_option("--authorization-code", options.authorization_code,
                 "the authority's code for other-exception");
  AddTextOption(app, "--consignee", "party id of who receives",
                [&](const std::string& text) { shipment.set_consignee(text); });
  AddTextOption(
      app, "--consignee-name", "name of who receives, when not registered",
      [&](const std::string& text) { shipment.set_consignee_name(text); });
  AddTextOption(app, "--source", "where this comes from",
                [&](const std::string& text) { shipment.set_source(text); });
  auto* assurance = app.add_option_group("assurance");
  assurance->add_flag("--before-export", options.before_export,
                      "the goods have not left: a violation refuses it");
  assurance->add_flag("--after-the-fact", options.after_the_fact,
                      "the goods have left: it is recorded with its "
                      "violations");
  assurance->require_option(1);
  AddWriteOptions(app, options.write);
}

absl::StatusOr<v1::Shipment> MakeShipment(const ShipmentOptions& options) {
  v1::Shipment shipment = options.shipment;
  ASSIGN_OR_RETURN(const std::string country, ParseCountry(options.to));
  shipment.set_destination_country(country);
  for (const std::string& text : options.products) {
    ASSIGN_OR_RETURN(const auto product, ParseQuantity(text));
    v1::Item& item = *shipment.add_items();
    item.set_product_code(product.first);
    item.set_quantity(product.second);
  }
  if (!options.license.empty()) {
    shipment.mutable_authorization()->set_kind(v1::AUTHORIZATION_KIND_LICENSE);
    shipment.mutable_authorization()->set_license_id(options.license);
  } else if (!options.authorization.empty()) {
    ASSIGN_OR_RETURN(const auto kind,
                     import::ParseAuthorizationKind(options.authorization));
    shipment.mutable_authorization()->set_kind(kind);
    shipment.mutable_authorization()->set_code(options.authorization_code);
  }
  return shipment;
}

v1::Assurance AssuranceOf(const ShipmentOptions& options) {
  return options.after_the_fact ? v1::ASSURANCE_AFTER_THE_FACT
                                : v1::ASSURANCE_BEFORE_EXPORT;
}

int Record(Cli& cli, const ShipmentOptions& options) {
  const auto shipment = MakeShipment(options);
  if (!shipment.ok()) return Fail(cli, shipment.status());
  v1::RecordShipmentRequest request;
  SetWriteOptions(options.write, request);
  *request.mutable_command()->mutable_shipment() = *shipment;
  request.mutable_command()->set_assurance(AssuranceOf(options));
  return Finish(cli, cli.client().RecordShipment(request),
                [](const v1::RecordShipmentResponse& response) {
                  PrintWriteResult(response.result());
                  PrintEvidence(response.evidence());
                });
}

int Correct(Cli& cli, const ShipmentOptions& options) {
  const auto shipment = MakeShipment(options);
  if (!shipment.ok()) return Fail(cli, shipment.status());
  v1::CorrectShipmentRequest request;
  SetWriteOptions(options.write, request);
  v1::CorrectShipment& command = *request.mutable_command();
  *command.mutable_shipment() = *shipment;
  command.set_assurance(AssuranceOf(options));
  command.set_reason(options.reason);
  if (options.expected_revision) {
    command.set_expected_revision(*options.expected_revision);
  }
  return Finish(cli, cli.client().CorrectShipment(request),
                [](const v1::CorrectShipmentResponse& response) {
                  PrintWriteResult(response.result());
                  std::cout << "Given back:\n";
                  PrintEvidence(response.reversal());
                  std::cout << "Counted anew:\n";
                  PrintEvidence(response.evidence());
                });
}

// Which shipment.
struct KeyOptions {
  std::string exporter;
  std::string reference;
  std::string reason;
  std::optional<uint64_t> expected_revision;
  WriteOptions write;
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
  if (options.expected_revision) {
    command.set_expected_revision(*options.expected_revision);
  }
  return Finish(cli, cli.client().VoidShipment(request),
                [](const v1::VoidShipmentResponse& response) {
                  PrintWriteResult(response.result());
                  PrintEvidence(response.evidence());
                });
}

std::string ItemsText(const v1::Shipment& shipment) {
  std::string text;
  for (const v1::Item& item : shipment.items()) {
    absl::StrAppend(&text, text.empty() ? "" : ", ",
                    FormatCount(item.quantity()), " x ", item.product_code());
  }
  return text;
}

int Get(Cli& cli, const KeyOptions& options) {
  v1::GetShipmentRequest request;
  request.set_exporter(options.exporter);
  request.set_shipment_reference(options.reference);
  return Finish(
      cli, cli.client().GetShipment(request),
      [](const v1::GetShipmentResponse& response) {
        const v1::ShipmentView& view = response.shipment();
        const v1::Shipment& shipment = view.shipment();
        std::cout << shipment.exporter() << " " << shipment.shipment_reference()
                  << ": " << ItemsText(shipment) << " to "
                  << shipment.destination_country() << " on "
                  << shipment.export_date() << "\n"
                  << FormatEnum(view.status(), "SHIPMENT_STATUS_") << ", "
                  << FormatEnum(view.assurance(), "ASSURANCE_") << ", entry "
                  << view.index() << " of " << FormatTime(view.record_time())
                  << ", revision " << view.revision() << "\n";
        PrintEvidence(view.evidence());
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
                        ItemsText(shipment),
                        FormatEnum(view.status(), "SHIPMENT_STATUS_"),
                        absl::StrCat(view.index())});
        }
        return true;
      });
  if (!status.ok()) return Fail(cli, status);
  if (!cli.json) std::cout << table.ToString();
  return kDone;
}

void AddListOptions(CLI::App& app, ListOptions& options) {
  AddTextOption(
      app, "--exporter", "only this exporter's",
      [&](const std::string& text) { options.filters.set_exporter(text); });
  AddTextOption(
      app, "--license", "only under this license",
      [&](const std::string& text) { options.filters.set_license_id(text); });
  app.add_option("--to", options.to, "only to this country");
  app.add_option("--limit", options.limit, "at most this many (default: all)");
}

}  // namespace

void AddShipmentCommands(CLI::App& app, Cli& cli) {
  CLI::App* group = app.add_subcommand(
      "shipment", "record shipments and see what became of them");
  group->require_subcommand(1);
  AddCommand<ShipmentOptions>(*group, cli, "record", "record one shipment",
                              AddShipmentOptions, Record);
  AddCommand<ShipmentOptions>(
      *group, cli, "correct",
      "say what a recorded shipment should have said; both stay in the log",
      [](CLI::App& sub, ShipmentOptions& options) {
        AddShipmentOptions(sub, options);
        sub.add_option("--reason", options.reason, "why")->required();
        sub.add_option("--expected-revision", options.expected_revision,
                       "the revision you saw; another one fails")
            ->check(CLI::NonNegativeNumber);
      },
      Correct);
  AddCommand<KeyOptions>(
      *group, cli, "void", "give back what a shipment counted",
      [](CLI::App& sub, KeyOptions& options) {
        AddKeyOptions(sub, options);
        sub.add_option("--reason", options.reason, "why")->required();
        sub.add_option("--expected-revision", options.expected_revision,
                       "the revision you saw; another one fails")
            ->check(CLI::NonNegativeNumber);
        AddWriteOptions(sub, options.write);
      },
      Void);
  AddCommand<KeyOptions>(*group, cli, "get", "read one shipment", AddKeyOptions,
                         Get);
  AddCommand<ListOptions>(*group, cli, "list",
                          "list shipments in the order recorded",
                          AddListOptions, List);
  AddImportCommand(*group, cli);
}

}  // namespace chipledger::cli
