// What is known of this build; apart, because it changes with each.
#include "server/server.h"

namespace chipledger {

const char kServerVersion[] = CHIPLEDGER_VERSION;
const int64_t kBuildTimeNs = (CHIPLEDGER_BUILD_DAY - 1) * 86'400'000'000'000;

}  // namespace chipledger
