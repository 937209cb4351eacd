// Finding the moment that a read asks for.
#ifndef CHIPLEDGER_LEDGER_MOMENTS_H_
#define CHIPLEDGER_LEDGER_MOMENTS_H_

#include <cstdint>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chipledger/v1/common.pb.h"
#include "ledger/ledger.h"
#include "ledger/past_states.h"
#include "ledger/publisher.h"
#include "ledger/reader_threads.h"
#include "ledger/store/store.h"

namespace chipledger {

// Moments finds the state of any moment of the ledger.
//
// Thread-safety: thread-safe.
class Moments {
 public:
  // Both must outlive this.
  Moments(const store::Store& store, Publisher& publisher);

  // See Ledger::ReadAt.
  using Ready = absl::AnyInvocable<void(absl::StatusOr<Ledger::Moment>)>;
  void ReadAt(const v1::ReadPoint& read_point, absl::Time deadline,
              Ready ready);

  // See Ledger::SnapshotAt.
  absl::StatusOr<std::shared_ptr<const domain::Snapshot>> SnapshotAt(
      uint64_t size);

 private:
  void ReadWhenSize(uint64_t min_size, Date through, absl::Time deadline,
                    Ready ready);
  // Answers on a reader thread with the state at the size that `find_size`
  // finds there.
  using FindSize = absl::AnyInvocable<absl::StatusOr<uint64_t>()>;
  void ReadPast(FindSize find_size, Date through, Ready ready);
  // Returns the size after the last entry recorded not after a time.
  absl::StatusOr<uint64_t> SizeAtRecordTime(int64_t time_ns) const;

  const store::Store& store_;
  Publisher& publisher_;
  PastStates past_states_;
  // Last: its tasks use the others.
  ReaderThreads threads_;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_MOMENTS_H_
