#include "server/descriptors.h"

#include <sys/resource.h>

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace chipledger {
namespace {

// Of the limit, one part in so many is the storage's.
constexpr rlim_t kStorageShare = 4;
// More files than this need not be open at once: they are opened when read.
constexpr rlim_t kMaxStorageFiles = 4'096;
// Logs, event descriptors of gRPC's threads, files that are opened for a
// moment.
constexpr rlim_t kOthers = 64;
// Below it the shares are too small to work with.
constexpr rlim_t kLeastLimit = 256;
// A limit above this is as good as none.
constexpr rlim_t kMostLimit = 1 << 20;

}  // namespace

void RaiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur =
      std::max(limit.rlim_cur, std::min(limit.rlim_max, kMostLimit));
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

absl::StatusOr<Descriptors> DivideDescriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const rlim_t all = std::min(limit.rlim_cur, kMostLimit);
  if (all < kLeastLimit) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the limit on open files is ", all,
                     ", too low to serve; allow at least ", kLeastLimit,
                     " (ulimit -n, or LimitNOFILE= of a systemd unit)"));
  }
  const rlim_t storage = std::min(all / kStorageShare, kMaxStorageFiles);
  return Descriptors{
      .connection_bound = static_cast<int>(all - storage - kOthers),
      .storage_files = static_cast<int>(storage)};
}

}  // namespace chipledger
