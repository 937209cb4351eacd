// What the benchmarks write: shipments of a made-up year, the same in every
// run.
#ifndef CHIPLEDGER_TOOLS_BENCH_WORKLOAD_H_
#define CHIPLEDGER_TOOLS_BENCH_WORKLOAD_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "chipledger/v1/headroom_service.pb.h"
#include "chipledger/v1/shipment_service.pb.h"
#include "grpcpp/channel.h"

namespace chipledger::bench {

// Where shipments go.
inline constexpr const char* kCountries[] = {
    "AE", "AR", "AT", "BR", "CH", "CL", "CO", "CZ", "EG", "GR",
    "HU", "ID", "IL", "IN", "KE", "KW", "KZ", "LK", "MA", "MX",
    "MY", "NG", "OM", "PE", "PH", "PK", "PL", "PT", "QA", "RO",
    "SA", "SG", "TH", "TN", "TR", "UA", "UY", "UZ", "VN", "ZA"};

// Makes the request with a number, into a new command.
using MakeShipment = std::function<void(
    uint64_t number, std::string& request_id, v1::RecordShipment& command)>;

// A request id of its own for each number. Like random UUIDs, those of
// neighbors are far from each other.
std::string RequestIdOf(uint64_t number);

// Records products, parties and a policy with one cap for each country and
// year, by which every shipment is judged.
absl::Status RecordCatalog(const std::shared_ptr<grpc::Channel>& channel);

// The request with this number: one shipment of one item, to one of 40
// countries, by one of 16 exporters. Numbers must not repeat in one ledger.
void MakeRequest(uint64_t number, std::string& request_id,
                 v1::RecordShipment& command);

// A question for the total of one country.
v1::GetHeadroomRequest MakeQuestion(uint64_t number);

}  // namespace chipledger::bench

#endif  // CHIPLEDGER_TOOLS_BENCH_WORKLOAD_H_
