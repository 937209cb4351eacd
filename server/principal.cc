#include "server/principal.h"

namespace chipledger {

Principal ResolvePrincipal(const grpc::CallbackServerContext&) {
  return Principal{.name = kDevelopmentPrincipal};
}

}  // namespace chipledger
