// Whether opening may make a new ledger.
#ifndef CHIPLEDGER_LEDGER_BASE_OPEN_MODE_H_
#define CHIPLEDGER_LEDGER_BASE_OPEN_MODE_H_

namespace chipledger {

// What the data directory must hold. A new ledger has nothing used up, so it is
// made only when somebody says so: a mistyped path or a disk that is not
// mounted must not turn into full headroom.
enum class OpenMode {
  // A ledger.
  kExisting,
  // Nothing: a new ledger is made.
  kNew,
  // Either; for tests and benchmarks, which own their directory.
  kExistingOrNew,
};

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_BASE_OPEN_MODE_H_
