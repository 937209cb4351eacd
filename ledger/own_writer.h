// What the ledger records by itself.
#ifndef CHIPLEDGER_LEDGER_OWN_WRITER_H_
#define CHIPLEDGER_LEDGER_OWN_WRITER_H_

#include <vector>

#include "absl/status/status.h"
#include "chipledger/v1/command.pb.h"
#include "ledger/pipeline.h"

namespace chipledger {

// OwnWriter sends the ledger's own commands the way of all writes.
//
// Thread-safety: thread-safe.
class OwnWriter {
 public:
  // `pipeline` must outlive this.
  explicit OwnWriter(Pipeline& pipeline) : pipeline_(pipeline) {}

  // Records each command as a request of its own, in order, and waits until all
  // are answered. Returns one status a command: what a client would get.
  // Requires: the pipeline's threads run.
  std::vector<absl::Status> Record(std::vector<v1::Command> commands);

 private:
  std::vector<absl::Status> RecordBatch(const v1::Command* commands,
                                        size_t count);

  Pipeline& pipeline_;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_OWN_WRITER_H_
