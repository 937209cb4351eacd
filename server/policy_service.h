// For licensing officers: policies and the catalog; the contract is
// policy_service.proto.
#ifndef CHIPLEDGER_SERVER_POLICY_SERVICE_H_
#define CHIPLEDGER_SERVER_POLICY_SERVICE_H_

#include "chipledger/v1/policy_service.grpc.pb.h"
#include "server/raw_service.h"
#include "server/runtime.h"

namespace chipledger {

// The service with every method taking and giving bytes.
using RawPolicyService =
    RawService<v1::PolicyService::Service,
               v1::PolicyService::WithRawCallbackMethod_AdoptPolicy,
               v1::PolicyService::WithRawCallbackMethod_AmendPolicy,
               v1::PolicyService::WithRawCallbackMethod_DiffPolicy,
               v1::PolicyService::WithRawCallbackMethod_RescindPolicy,
               v1::PolicyService::WithRawCallbackMethod_RegisterProduct,
               v1::PolicyService::WithRawCallbackMethod_RegisterParty,
               v1::PolicyService::WithRawCallbackMethod_ChangeCountryGroup,
               v1::PolicyService::WithRawCallbackMethod_ChangeHolidays,
               v1::PolicyService::WithRawCallbackMethod_SubmitPolicyCommands,
               v1::PolicyService::WithRawCallbackMethod_ExplainFact,
               v1::PolicyService::WithRawCallbackMethod_GetPolicy,
               v1::PolicyService::WithRawCallbackMethod_ListPolicies,
               v1::PolicyService::WithRawCallbackMethod_ListReports,
               v1::PolicyService::WithRawCallbackMethod_ListProducts,
               v1::PolicyService::WithRawCallbackMethod_ListParties,
               v1::PolicyService::WithRawCallbackMethod_ListCountryGroups,
               v1::PolicyService::WithRawCallbackMethod_ListHolidayCalendars,
               v1::PolicyService::WithRawCallbackMethod_WhatIf>;

// PolicyService serves policies and the catalog. Thread-safety: thread-safe.
class PolicyService final : public RawPolicyService {
 public:
  explicit PolicyService(Runtime* runtime) : runtime_(runtime) {}

  grpc::ServerUnaryReactor* AdoptPolicy(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* AmendPolicy(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* DiffPolicy(grpc::CallbackServerContext* context,
                                       const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* RescindPolicy(grpc::CallbackServerContext* context,
                                          const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* RegisterProduct(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* RegisterParty(grpc::CallbackServerContext* context,
                                          const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ChangeCountryGroup(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ChangeHolidays(grpc::CallbackServerContext* context,
                                           const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* SubmitPolicyCommands(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* GetPolicy(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListPolicies(grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ExplainFact(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListReports(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListProducts(grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListParties(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListCountryGroups(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListHolidayCalendars(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* response) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* WhatIf(
      grpc::CallbackServerContext* context,
      const grpc::ByteBuffer* request) override;

 private:
  Runtime* const runtime_;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_POLICY_SERVICE_H_
