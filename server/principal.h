// Who a call runs as.
#ifndef CHIPLEDGER_SERVER_PRINCIPAL_H_
#define CHIPLEDGER_SERVER_PRINCIPAL_H_

#include "grpcpp/support/server_callback.h"
#include "ledger/ledger.h"

namespace chipledger {

// The name of every caller until there is access control.
inline constexpr char kDevelopmentPrincipal[] = "development";

// Returns who the call runs as. Every handler asks here, and nowhere else.
Principal ResolvePrincipal(const grpc::CallbackServerContext& context);

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_PRINCIPAL_H_
