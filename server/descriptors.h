// Who may use how many of the process's file descriptors.
#ifndef CHIPLEDGER_SERVER_DESCRIPTORS_H_
#define CHIPLEDGER_SERVER_DESCRIPTORS_H_

#include "absl/status/statusor.h"

namespace chipledger {

// The limit on open files, divided.
struct Descriptors {
  // Connections use numbers below this; those from it on are for the storage
  // and for the rest of the process.
  int connection_bound = 0;
  // Files that the storage keeps open.
  int storage_files = 0;
};

// Raises the process's limit on open files as far as it may.
void RaiseDescriptorLimit();

// Divides the limit as it is.
// Errors: RESOURCE_EXHAUSTED when it is too low to serve at all.
absl::StatusOr<Descriptors> DivideDescriptors();

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_DESCRIPTORS_H_
