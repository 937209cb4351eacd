#include "tools/bench/import.h"

#include <filesystem>
#include <fstream>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "client/client.h"
#include "client/import/importer.h"
#include "client/import/shipment_source.h"
#include "ledger/base/status_macros.h"
#include "tools/bench/stats.h"
#include "tools/bench/workload.h"

namespace chipledger::bench {
namespace {

absl::Status WriteFile(const std::string& path, uint64_t first_number,
                       size_t count) {
  std::ofstream file(path);
  file << "shipment_reference,exporter,export_date,destination_country,"
          "product_code,quantity,assurance\n";
  std::string id;
  for (uint64_t i = first_number; i < first_number + count; ++i) {
    v1::RecordShipment command;
    MakeRequest(i, id, command);
    const v1::Shipment& shipment = command.shipment();
    file << shipment.shipment_reference() << ',' << shipment.exporter() << ','
         << shipment.export_date() << ',' << shipment.destination_country()
         << ',' << shipment.items(0).product_code() << ','
         << shipment.items(0).quantity() << ",before-export\n";
  }
  file.close();
  return file ? absl::OkStatus()
              : absl::UnavailableError(absl::StrCat("cannot write ", path));
}

}  // namespace

absl::StatusOr<double> ImportCsv(const std::string& address,
                                 const std::string& path, uint64_t first_number,
                                 size_t count) {
  RETURN_IF_ERROR(WriteFile(path, first_number, count));
  client::Client client({.server = address});
  const Stopwatch watch;
  ASSIGN_OR_RETURN(const auto source,
                   import::OpenShipmentSource(path, "csv", {}));
  const import::ImportOutcome outcome =
      import::ImportShipments(client, *source, {});
  const double seconds = watch.Seconds();
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  RETURN_IF_ERROR(outcome.status);
  if (outcome.counts.recorded != static_cast<int64_t>(count)) {
    return absl::UnknownError(absl::StrCat(
        outcome.counts.recorded, " of ", count, " rows were recorded",
        outcome.first_problems.empty()
            ? ""
            : ": " + outcome.first_problems[0].reason));
  }
  return seconds;
}

}  // namespace chipledger::bench
