// For licensing officers: licenses and applications; the contract is
// license_service.proto.
#ifndef CHIPLEDGER_SERVER_LICENSE_SERVICE_H_
#define CHIPLEDGER_SERVER_LICENSE_SERVICE_H_

#include "chipledger/v1/license_service.grpc.pb.h"
#include "server/raw_service.h"
#include "server/runtime.h"

namespace chipledger {

// The service with every method taking and giving bytes.
using RawLicenseService =
    RawService<v1::LicenseService::Service,
               v1::LicenseService::WithRawCallbackMethod_GrantLicense,
               v1::LicenseService::WithRawCallbackMethod_AmendLicense,
               v1::LicenseService::WithRawCallbackMethod_SuspendLicense,
               v1::LicenseService::WithRawCallbackMethod_ReinstateLicense,
               v1::LicenseService::WithRawCallbackMethod_RevokeLicense,
               v1::LicenseService::WithRawCallbackMethod_RecordAnnouncement,
               v1::LicenseService::WithRawCallbackMethod_ListDeals,
               v1::LicenseService::WithRawCallbackMethod_RecordApplicationStep,
               v1::LicenseService::WithRawCallbackMethod_TransferLicense,
               v1::LicenseService::WithRawCallbackMethod_CorrectLicenseChange,
               v1::LicenseService::WithRawCallbackMethod_ExtendLicense,
               v1::LicenseService::WithRawCallbackMethod_VoidLicense,
               v1::LicenseService::WithRawCallbackMethod_RecordCondition,
               v1::LicenseService::WithRawCallbackMethod_ApplyForLicense,
               v1::LicenseService::WithRawCallbackMethod_ReturnApplication,
               v1::LicenseService::WithRawCallbackMethod_DenyApplication,
               v1::LicenseService::WithRawCallbackMethod_SubmitLicenseCommands,
               v1::LicenseService::WithRawCallbackMethod_GetLicense,
               v1::LicenseService::WithRawCallbackMethod_ListLicenses,
               v1::LicenseService::WithRawCallbackMethod_GetApplication,
               v1::LicenseService::WithRawCallbackMethod_ListApplications>;

// LicenseService serves licenses. Thread-safety: thread-safe.
class LicenseService final : public RawLicenseService {
 public:
  explicit LicenseService(Runtime* runtime) : runtime_(runtime) {}

  grpc::ServerUnaryReactor* GrantLicense(grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* AmendLicense(grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* SuspendLicense(grpc::CallbackServerContext* context,
                                           const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ReinstateLicense(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* RevokeLicense(grpc::CallbackServerContext* context,
                                          const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* RecordAnnouncement(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListDeals(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* RecordApplicationStep(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* TransferLicense(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* CorrectLicenseChange(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ExtendLicense(grpc::CallbackServerContext* context,
                                          const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* VoidLicense(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* RecordCondition(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ApplyForLicense(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ReturnApplication(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* DenyApplication(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* SubmitLicenseCommands(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* GetLicense(grpc::CallbackServerContext* context,
                                       const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListLicenses(grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* GetApplication(grpc::CallbackServerContext* context,
                                           const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListApplications(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* response) override;

 private:
  Runtime* const runtime_;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_LICENSE_SERVICE_H_
