#include "server/admin_service.h"

#include "server/read_call.h"
#include "server/server.h"

namespace chipledger {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;

absl::Status ReadLedger(const ReadView& view, const v1::GetLedgerRequest&,
                        v1::GetLedgerResponse& response) {
  const Ledger::Status status = view.ledger.GetStatus();
  const domain::Snapshot& snapshot = view.snapshot();
  response.set_ledger_id(status.ledger_id);
  response.set_size(snapshot.size);
  response.mutable_last_record_time()->set_seconds(
      snapshot.last_record_time_ns / kNsPerSecond);
  response.mutable_last_record_time()->set_nanos(
      static_cast<int32_t>(snapshot.last_record_time_ns % kNsPerSecond));
  response.set_format_version(status.format_version);
  response.set_server_version(kServerVersion);
  response.set_read_only(!status.read_only_reason.empty());
  response.set_read_only_reason(status.read_only_reason);
  response.set_principal(view.principal.name);
  response.set_queued_commands(status.queued_commands);
  response.set_connections_turned_away(view.runtime.connections_turned_away);
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* AdminService::GetLedger(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeRead<v1::GetLedgerRequest, v1::GetLedgerResponse>(
      {runtime_, context, request, response}, &ReadLedger);
}

}  // namespace chipledger
