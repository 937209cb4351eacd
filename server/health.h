// What grpc.health.v1 answers of the server and of each service.
#ifndef CHIPLEDGER_SERVER_HEALTH_H_
#define CHIPLEDGER_SERVER_HEALTH_H_

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/health_check_service_interface.h"

namespace chipledger {

// Health says SERVING of what can do its work. On a read-only ledger the server
// as a whole and the services that write are NOT_SERVING; those that read go
// on. A server that drains serves nothing.
//
// Thread-safety: thread-safe.
class Health {
 public:
  // Answers through this service from now on; null: not any more.
  void AnswerThrough(grpc::HealthCheckServiceInterface* service)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void SetReadOnly() ABSL_LOCKS_EXCLUDED(mutex_);
  void SetDraining() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Tell() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  grpc::HealthCheckServiceInterface* service_ ABSL_GUARDED_BY(mutex_) = nullptr;
  bool writable_ ABSL_GUARDED_BY(mutex_) = true;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_HEALTH_H_
