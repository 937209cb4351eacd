// What is derived from the log, and stored so that it need not be derived anew.
#ifndef CHIPLEDGER_LEDGER_STORE_PROJECTION_H_
#define CHIPLEDGER_LEDGER_STORE_PROJECTION_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace chipledger::store {

// Projection is stored in writes of its own, after the entries that it is made
// of are durable. So it may lag the log, and what it lacks is derived at the
// start; it never leads.
//
// Thread-safety: thread-safe.
class Projection {
 public:
  virtual ~Projection() = default;
  // For people, such as "the index of ids".
  virtual absl::string_view name() const = 0;
  // How many entries all that is stored of it is made of.
  // Errors: DATA_DAMAGED.
  virtual absl::StatusOr<uint64_t> Position() const = 0;
};

}  // namespace chipledger::store

#endif  // CHIPLEDGER_LEDGER_STORE_PROJECTION_H_
