#include "ledger/read_ahead.h"

#include <utility>

#include "ledger/domain/whole_event.h"
#include "ledger/envelope.h"

namespace chipledger {
namespace {

// A block this long is read in about a millisecond.
constexpr size_t kBlockEntries = 1'024;
constexpr size_t kMaxBlocks = 4;

bool EndsRequest(const v1::Entry& entry) {
  return entry.request_part() + domain::EntriesOf(entry.event()) ==
         entry.request_parts();
}

}  // namespace

ReadAhead::ReadAhead(const store::Store& store, uint64_t begin, uint64_t end)
    : thread_([this, &store, begin, end] { Run(store, begin, end); }) {}

ReadAhead::~ReadAhead() {
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
  }
  thread_.join();
}

absl::StatusOr<std::unique_ptr<ReadAhead::Block>> ReadAhead::Next() {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(this, &ReadAhead::CanTake));
  if (blocks_.empty()) {
    if (!status_.ok()) return status_;
    return nullptr;
  }
  std::unique_ptr<Block> block = std::move(blocks_.front());
  blocks_.pop_front();
  return block;
}

void ReadAhead::Run(const store::Store& store, uint64_t begin, uint64_t end) {
  const std::unique_ptr<store::EntryReader> reader = store.log().NewReader();
  auto block = std::make_unique<Block>();
  for (uint64_t index = begin; index < end;) {
    auto* entry =
        google::protobuf::Arena::CreateMessage<v1::Entry>(&block->arena);
    absl::Status read =
        ReadWhole([&](uint64_t at) { return reader->Read(at); }, index, *entry);
    if (!read.ok()) return EndWith(std::move(read));
    index += domain::EntriesOf(entry->event());
    block->entries.push_back(entry);
    if (block->entries.size() >= kBlockEntries && EndsRequest(*entry)) {
      if (!Put(std::move(block))) return;
      block = std::make_unique<Block>();
    }
  }
  if (!block->entries.empty() && !Put(std::move(block))) return;
  EndWith(absl::OkStatus());
}

bool ReadAhead::Put(std::unique_ptr<Block> block) {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(this, &ReadAhead::CanPut));
  if (stopped_) return false;
  blocks_.push_back(std::move(block));
  return true;
}

void ReadAhead::EndWith(absl::Status status) {
  absl::MutexLock lock(&mutex_);
  status_ = std::move(status);
  ended_ = true;
}

bool ReadAhead::CanPut() const {
  return blocks_.size() < kMaxBlocks || stopped_;
}

}  // namespace chipledger
