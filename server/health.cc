#include "server/health.h"

#include "chipledger/v1/admin_service.grpc.pb.h"
#include "chipledger/v1/audit_service.grpc.pb.h"
#include "chipledger/v1/headroom_service.grpc.pb.h"
#include "chipledger/v1/license_service.grpc.pb.h"
#include "chipledger/v1/policy_service.grpc.pb.h"
#include "chipledger/v1/shipment_service.grpc.pb.h"

namespace chipledger {

void Health::AnswerThrough(grpc::HealthCheckServiceInterface* service) {
  absl::MutexLock lock(&mutex_);
  service_ = service;
  Tell();
}

void Health::SetReadOnly() {
  absl::MutexLock lock(&mutex_);
  writable_ = false;
  Tell();
}

void Health::SetDraining() {
  absl::MutexLock lock(&mutex_);
  if (service_ != nullptr) service_->Shutdown();
  // Nothing is said after that.
  service_ = nullptr;
}

void Health::Tell() {
  if (service_ == nullptr) return;
  service_->SetServingStatus(writable_);
  for (const char* name : {v1::ShipmentService::service_full_name(),
                           v1::LicenseService::service_full_name(),
                           v1::PolicyService::service_full_name()}) {
    service_->SetServingStatus(name, writable_);
  }
  for (const char* name : {v1::HeadroomService::service_full_name(),
                           v1::AuditService::service_full_name(),
                           v1::AdminService::service_full_name()}) {
    service_->SetServingStatus(name, true);
  }
}

}  // namespace chipledger
