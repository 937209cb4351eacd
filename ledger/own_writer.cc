#include "ledger/own_writer.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/synchronization/notification.h"
#include "ledger/base/limits.h"
#include "ledger/domain/decide.h"
#include "ledger/ledger.h"

namespace chipledger {
namespace {

using google::protobuf::Arena;

std::unique_ptr<WriteBatch> MakeBatch(const v1::Command* commands,
                                      size_t count) {
  auto batch = std::make_unique<WriteBatch>();
  batch->principal.name = std::string(domain::kLedgerPrincipal);
  batch->asked_by = domain::AskedBy::kLedger;
  for (size_t i = 0; i < count; ++i) {
    auto* command = Arena::CreateMessage<v1::Command>(&batch->arena);
    *command = commands[i];
    WriteRequest& request = batch->requests.emplace_back();
    request.request_id = Uuid::Random();
    request.commands.push_back(command);
  }
  return batch;
}

}  // namespace

std::vector<absl::Status> OwnWriter::Record(std::vector<v1::Command> commands) {
  std::vector<absl::Status> statuses;
  for (size_t at = 0; at < commands.size();) {
    const size_t count =
        std::min(commands.size() - at, limits::kMaxRequestsPerBatch);
    for (absl::Status& status : RecordBatch(&commands[at], count)) {
      statuses.push_back(std::move(status));
    }
    at += count;
  }
  return statuses;
}

std::vector<absl::Status> OwnWriter::RecordBatch(const v1::Command* commands,
                                                 size_t count) {
  std::vector<absl::Status> statuses;
  absl::Notification answered;
  const absl::Status pushed =
      pipeline_.Push({.batch = MakeBatch(commands, count),
                      .done =
                          [&](std::unique_ptr<WriteBatch> batch) {
                            for (WriteAnswer& answer : batch->answers) {
                              statuses.push_back(std::move(answer.status));
                            }
                            answered.Notify();
                          },
                      .commands = count,
                      .when_full = WhenFull::kWait});
  if (!pushed.ok()) return std::vector<absl::Status>(count, pushed);
  answered.WaitForNotification();
  return statuses;
}

}  // namespace chipledger
