// The state at marks.
#ifndef CHIPLEDGER_LEDGER_STORE_STATE_MARKS_H_
#define CHIPLEDGER_LEDGER_STORE_STATE_MARKS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "chipledger/storage/v1/rows.pb.h"
#include "ledger/store/projection.h"

namespace chipledger::store {

struct Database;

// StateMarks keeps the state at some sizes of the log. A mark is the rows that
// changed since the mark before, each a new version beside the older ones; so
// the state at any mark can be read for ever.
//
// A version carries a checksum and names the version before it, and a mark
// carries the sum over all rows of its state, so that one that was changed, or
// is missing, or should not be there, is damage and never a wrong number.
//
// Thread-safety: thread-safe, but Append belongs to one thread.
class StateMarks final : public Projection {
 public:
  // `database` must outlive this.
  explicit StateMarks(const Database& database) : database_(database) {}

  // Projection: the greatest mark.
  absl::string_view name() const override { return "the state"; }
  absl::StatusOr<uint64_t> Position() const override;

  // The rows of a mark.
  using Rows = std::vector<storage::v1::StateRow>;

  // Stores a mark at the head's size. It need not survive a crash: the next
  // start folds what came since the mark before.
  // Requires: the entries below the size are durable. Errors: READ_ONLY.
  absl::Status Append(const Rows& rows, const storage::v1::Head& head);

  // Returns the greatest mark not above a size, if there is one. Errors:
  // DATA_DAMAGED.
  absl::StatusOr<std::optional<storage::v1::Mark>> Find(uint64_t size) const;

  // Which rows are visited. There are as many of shipments as have changed
  // since they were recorded; of all others there are few.
  enum class Which { kAll, kAllButShipments };
  // Calls `visit` with every row of the state at a mark, in the order of their
  // keys, until it fails. Costs what rows there are, hardly what versions.
  // Errors: DATA_DAMAGED, also after the last row; those of `visit`.
  absl::Status VisitRows(
      const storage::v1::Mark& mark, Which which,
      absl::FunctionRef<absl::Status(const storage::v1::StateRow&)> visit)
      const;

  // Returns the row of a shipment at the mark of a size, if it has one. One
  // seek. Errors: DATA_DAMAGED.
  absl::StatusOr<std::optional<storage::v1::ShipmentRow>> FindShipment(
      uint64_t mark_size, uint64_t index) const;

  // Calls `visit` with the versions of one row, from the first with a mark
  // above `after` to the last not above `through`, until it returns false. Of
  // `row` only what identifies it is looked at. Errors: DATA_DAMAGED.
  absl::Status VisitVersions(
      const storage::v1::StateRow& row, uint64_t after, uint64_t through,
      absl::FunctionRef<bool(const storage::v1::StateRow&)> visit) const;

 private:
  const Database& database_;
  // The last one, once Append has looked for it; without a head: there is none.
  std::optional<storage::v1::Mark> last_;
};

}  // namespace chipledger::store

#endif  // CHIPLEDGER_LEDGER_STORE_STATE_MARKS_H_
