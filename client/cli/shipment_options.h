// Options that say what is shipped.
#ifndef CHIPLEDGER_CLIENT_CLI_SHIPMENT_OPTIONS_H_
#define CHIPLEDGER_CLIENT_CLI_SHIPMENT_OPTIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "chipledger/v1/common.pb.h"
#include "chipledger/v1/shipment.pb.h"
#include "client/cli/cli.h"

namespace chipledger::cli {

// What a shipment is made of.
struct ShipmentOptions {
  v1::Shipment shipment;
  std::string to;
  std::vector<std::string> products;
  std::vector<std::string> item_licenses;
  std::vector<int64_t> values;
  std::string license;
  std::string authorization;
  std::string authorization_code;
  bool after_the_fact = false;
  bool before_export = false;
  OverrideOptions overrides;
  WriteOptions write;
};

// Adds everything but the assurance.
void AddShipmentOptions(CLI::App& app, ShipmentOptions& options);
// Adds --before-export and --after-the-fact, one of which is required.
void AddAssuranceOptions(CLI::App& app, ShipmentOptions& options);

// Errors: INVALID_ARGUMENT.
absl::StatusOr<v1::Shipment> MakeShipment(const ShipmentOptions& options);
v1::Assurance AssuranceOf(const ShipmentOptions& options);

// Makes a request whose command has a shipment and overrides, and an assurance
// where it takes one. Errors: INVALID_ARGUMENT.
template <typename Request>
absl::StatusOr<Request> MakeShipmentRequest(const ShipmentOptions& options) {
  absl::StatusOr<v1::Shipment> shipment = MakeShipment(options);
  if (!shipment.ok()) return shipment.status();
  Request request;
  SetWriteOptions(options.write, request);
  auto& command = *request.mutable_command();
  *command.mutable_shipment() = *std::move(shipment);
  if constexpr (requires { command.assurance(); }) {
    command.set_assurance(AssuranceOf(options));
  }
  const absl::Status overridden =
      SetOverrides(options.overrides, *command.mutable_overrides());
  if (!overridden.ok()) return overridden;
  return request;
}

}  // namespace chipledger::cli

#endif  // CHIPLEDGER_CLIENT_CLI_SHIPMENT_OPTIONS_H_
