// Serves reads: parse, wait for min_size if asked, read, answer.
#ifndef CHIPLEDGER_SERVER_READ_CALL_H_
#define CHIPLEDGER_SERVER_READ_CALL_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "ledger/domain/state.h"
#include "ledger/ledger.h"
#include "server/principal.h"
#include "server/unary_call.h"

namespace chipledger {

// What a read reads: one snapshot, as one caller.
struct ReadView {
  const Ledger& ledger;
  std::shared_ptr<const domain::Snapshot> snapshot;
  Principal principal;
};

// Whether a read may touch the disk.
enum class ReadSource {
  // Only the snapshot: served at once on gRPC's thread.
  kMemory,
  // The log: served on a worker.
  kLog,
};

// A call without a deadline waits for min_size at most this long.
inline constexpr absl::Duration kMaxSizeWait = absl::Minutes(1);

// Takes a view of the ledger's latest state for the call.
ReadView ViewLatest(const UnaryCall& call);

// Calls `serve` with a reactor when the ledger has the size; it must finish the
// reactor, and runs where it must not block. The call fails at its deadline,
// and ends when its caller goes away or the server shuts down.
using ServeRequest = absl::AnyInvocable<void(grpc::ServerUnaryReactor*)>;
grpc::ServerUnaryReactor* ServeAtSize(const UnaryCall& call, uint64_t min_size,
                                      ServeRequest serve);

// The size that the request asks for.
template <typename Request>
uint64_t MinSizeOf(const Request& request) {
  if constexpr (requires { request.freshness(); }) {
    return request.freshness().min_size();
  } else {
    return 0;
  }
}

// Serves one read with a function
//   absl::Status read(const ReadView&, const Request&, Response&)
// that lives for ever (a function or a lambda without captures).
template <typename Request, typename Response, typename Read>
grpc::ServerUnaryReactor* ServeRead(const UnaryCall& call, Read read,
                                    ReadSource source = ReadSource::kMemory) {
  Request request;
  const absl::Status parsed = ParseMessage(*call.request, request);
  if (!parsed.ok()) return FailCall(call, parsed);
  const uint64_t min_size = MinSizeOf(request);
  auto answer = [call, read, request = std::move(request)](
                    grpc::ServerUnaryReactor* reactor) {
    Response response;
    const absl::Status status = read(ViewLatest(call), request, response);
    FinishCall(call, reactor, status, response);
  };
  if (source == ReadSource::kMemory) {
    return ServeAtSize(call, min_size, std::move(answer));
  }
  return ServeAtSize(call, min_size,
                     [call, answer = std::move(answer)](
                         grpc::ServerUnaryReactor* reactor) mutable {
                       call.runtime->workers.Post(
                           [reactor, answer = std::move(answer)]() mutable {
                             answer(reactor);
                           });
                     });
}

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_READ_CALL_H_
