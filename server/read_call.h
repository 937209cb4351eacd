// Serves reads: parse, find the moment that is asked for, read, answer.
#ifndef CHIPLEDGER_SERVER_READ_CALL_H_
#define CHIPLEDGER_SERVER_READ_CALL_H_

#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chipledger/v1/common.pb.h"
#include "ledger/domain/state.h"
#include "ledger/ledger.h"
#include "server/page_token.h"
#include "server/principal.h"
#include "server/unary_call.h"

namespace chipledger {

// What a read reads: one moment, as one caller.
struct ReadView {
  const Ledger& ledger;
  const Runtime& runtime;
  Ledger::Moment moment;
  Principal principal;

  const domain::Snapshot& snapshot() const { return *moment.snapshot; }
};

// Whether a read may touch the disk.
enum class ReadSource {
  // Only the snapshot: for the latest state served at once on gRPC's thread.
  kMemory,
  // The log: served where it may take its time.
  kLog,
};

// A call without a deadline waits for min_size at most this long.
inline constexpr absl::Duration kMaxSizeWait = absl::Minutes(1);

// How long a call may wait for a size: a little shorter than the call may take,
// so that the caller gets our answer rather than its own timeout.
absl::Time WaitUntil(const grpc::CallbackServerContext& context);

// Calls `serve` with a reactor and the moment; it must finish the reactor. The
// latest state of a kMemory read is served at once; what has to be waited for,
// and kLog reads, on a worker; a past moment on the thread that found it. The
// call fails at its deadline, and ends when its caller goes away or the server
// shuts down.
using ServeMoment =
    absl::AnyInvocable<void(grpc::ServerUnaryReactor*, Ledger::Moment)>;
grpc::ServerUnaryReactor* ServeAtMoment(const UnaryCall& call,
                                        const v1::ReadPoint& read_point,
                                        ReadSource source, ServeMoment serve);

// The moment that a request asks for: that of its list's first page when it has
// a page_token. Errors: INVALID_FIELD for the page_token.
template <typename Request>
absl::StatusOr<v1::ReadPoint> ReadPointOf(const Request& request) {
  if constexpr (requires { request.page_token(); }) {
    if (!request.page_token().empty()) {
      absl::StatusOr<PageToken> token =
          ReadPageToken(request.page_token(), ListFingerprint(request), 1);
      if (!token.ok()) return std::move(token).status();
      return std::move(token->moments.front());
    }
  }
  if constexpr (requires { request.read_point(); }) {
    return request.read_point();
  } else {
    return v1::ReadPoint();
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
  const absl::StatusOr<v1::ReadPoint> read_point = ReadPointOf(request);
  if (!read_point.ok()) return FailCall(call, read_point.status());
  return ServeAtMoment(
      call, *read_point, source,
      [call, read, request = std::move(request)](
          grpc::ServerUnaryReactor* reactor, Ledger::Moment moment) {
        Response response;
        const ReadView view{.ledger = call.runtime->ledger,
                            .runtime = *call.runtime,
                            .moment = std::move(moment),
                            .principal = ResolvePrincipal(*call.context)};
        const absl::Status status = read(view, request, response);
        FinishCall(call, reactor, status, response);
      });
}

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_READ_CALL_H_
