// What Abseil's mutexes check at every lock.
#ifndef CHIPLEDGER_LEDGER_BASE_MUTEX_CHECKS_H_
#define CHIPLEDGER_LEDGER_BASE_MUTEX_CHECKS_H_

namespace chipledger {

// Turns off the search for deadlocks, which costs a look-up in a global graph a
// lock: Debian builds Abseil without NDEBUG, which turns it on. Tests leave it
// on; programs call this first.
void TurnOffDeadlockChecks();

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_BASE_MUTEX_CHECKS_H_
