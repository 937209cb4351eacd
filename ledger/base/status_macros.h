// The two macros that carry absl::Status up the stack; Abseil 20220623 has
// none.
#ifndef CHIPLEDGER_LEDGER_BASE_STATUS_MACROS_H_
#define CHIPLEDGER_LEDGER_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns the status of `expr` from the enclosing function unless it is OK.
#define RETURN_IF_ERROR(expr)                                           \
  do {                                                                  \
    if (::absl::Status _status = (expr); !_status.ok()) return _status; \
  } while (false)

#define CHIPLEDGER_CONCAT_INNER_(x, y) x##y
#define CHIPLEDGER_CONCAT_(x, y) CHIPLEDGER_CONCAT_INNER_(x, y)
#define CHIPLEDGER_ASSIGN_OR_RETURN_(statusor, lhs, rexpr) \
  auto statusor = (rexpr);                                 \
  if (!statusor.ok()) return std::move(statusor).status(); \
  lhs = *std::move(statusor)

// Assigns the value of the StatusOr `rexpr` to `lhs`, or returns its status.
#define ASSIGN_OR_RETURN(lhs, rexpr)                                         \
  CHIPLEDGER_ASSIGN_OR_RETURN_(CHIPLEDGER_CONCAT_(_statusor, __LINE__), lhs, \
                               rexpr)

#endif  // CHIPLEDGER_LEDGER_BASE_STATUS_MACROS_H_
