// Writes requests to a ledger until it is killed: crash_writer DIR
// FIRST_NUMBER. Prints "NUMBER INDEX" for each request when it is answered.
#include <cstdint>
#include <cstdio>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/synchronization/notification.h"
#include "tests/ledger/crash_requests.h"

namespace chipledger::testing {
namespace {

constexpr uint64_t kRequestsPerBatch = 20;

bool WriteBatchFrom(Ledger& ledger, uint64_t number) {
  std::vector<TestRequest> requests;
  for (uint64_t i = 0; i < kRequestsPerBatch; ++i) {
    requests.push_back(CrashRequest(number + i));
  }
  absl::Notification done;
  std::unique_ptr<WriteBatch> answered;
  const absl::Status submitted =
      ledger.Submit(MakeBatch(requests), WhenFull::kWait,
                    [&](std::unique_ptr<WriteBatch> back) {
                      answered = std::move(back);
                      done.Notify();
                    });
  if (!submitted.ok()) return false;
  done.WaitForNotification();
  for (uint64_t i = 0; i < kRequestsPerBatch; ++i) {
    if (!answered->answers[i].status.ok()) return false;
    std::printf("%llu %llu\n", static_cast<unsigned long long>(number + i),
                static_cast<unsigned long long>(*answered->answers[i].index));
  }
  std::fflush(stdout);
  return true;
}

int Main(int argc, char** argv) {
  uint64_t number = 0;
  if (argc != 3 || !absl::SimpleAtoi(argv[2], &number)) return 2;
  LedgerOptions options;
  options.data_dir = argv[1];
  options.mode = chipledger::OpenMode::kExistingOrNew;
  // The test that it writes for has a clock of its own.
  options.trust_clock = true;
  options.id_generation_entries = kCrashIdGeneration;
  auto ledger = Ledger::Open(options);
  if (!ledger.ok()) {
    std::fprintf(stderr, "%s\n", ledger.status().ToString().c_str());
    return 1;
  }
  while (WriteBatchFrom(**ledger, number)) number += kRequestsPerBatch;
  return 1;
}

}  // namespace
}  // namespace chipledger::testing

int main(int argc, char** argv) {
  return chipledger::testing::Main(argc, argv);
}
