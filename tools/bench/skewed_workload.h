// Shipments as a ledger of some years sees them: few of many exporters,
// consignees, products and licenses come again and again. Every shipment is
// counted by every rule.
#ifndef CHIPLEDGER_TOOLS_BENCH_SKEWED_WORKLOAD_H_
#define CHIPLEDGER_TOOLS_BENCH_SKEWED_WORKLOAD_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "chipledger/v1/headroom_service.pb.h"
#include "chipledger/v1/shipment_service.pb.h"
#include "grpcpp/channel.h"

namespace chipledger::bench {

// Records products, parties, licenses and a policy of `rules` rules, which
// differ in measure, group, window and limit and refuse nothing of the
// workload; and beside it `idle_policies` that count none of it, half of them
// rescinded and half of them about other destinations.
absl::Status RecordSkewedCatalog(const std::shared_ptr<grpc::Channel>& channel,
                                 size_t rules, size_t idle_policies);

// The request with this number: one shipment of one item, half of them under a
// license. Numbers must not repeat in one ledger.
void MakeSkewedRequest(uint64_t number, std::string& request_id,
                       v1::RecordShipment& command);

// A question for one of the totals that the shipment with this number moved.
v1::GetHeadroomRequest MakeSkewedQuestion(uint64_t number);

}  // namespace chipledger::bench

#endif  // CHIPLEDGER_TOOLS_BENCH_SKEWED_WORKLOAD_H_
