#include "server/audit_service.h"

#include "server/entry_watch.h"
#include "server/start_watch.h"

namespace chipledger {

grpc::ServerWriteReactor<grpc::ByteBuffer>* AuditService::ReadEntries(
    grpc::CallbackServerContext*, const grpc::ByteBuffer* request) {
  return StartWatch<EntryReader, v1::ReadEntriesRequest>(runtime_, *request);
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* AuditService::WatchEntries(
    grpc::CallbackServerContext*, const grpc::ByteBuffer* request) {
  return StartWatch<EntryWatch, v1::WatchEntriesRequest>(runtime_, *request);
}

}  // namespace chipledger
