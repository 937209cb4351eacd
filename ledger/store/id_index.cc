#include "ledger/store/id_index.h"

#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/base/status_macros.h"
#include "ledger/store/convert_status.h"
#include "ledger/store/database.h"
#include "ledger/store/id_generation.h"
#include "ledger/store/keyspace.h"
#include "rocksdb/sst_file_writer.h"

namespace chipledger::store {
namespace {

// Generations that may wait to be ingested: bounds memory when the disk is
// slower than the writers.
constexpr size_t kMaxWaiting = 4;
// A generation smaller than this part of a full one is not worth a file at the
// end; the next start derives it again in no time.
constexpr size_t kSmallestPart = 16;
// An entry has a request id, and a shipment's also a reference.
constexpr size_t kIdsPerEntry = 2;

// Returns the shipment whose first event this is, or null.
const v1::Shipment* ShipmentBegunBy(const v1::Event& event) {
  switch (event.kind_case()) {
    case v1::Event::kShipmentRecorded:
      return &event.shipment_recorded().command().shipment();
    case v1::Event::kShipmentReexported:
      return &event.shipment_reexported().command().shipment();
    case v1::Event::kShipmentTransferredInCountry:
      return &event.shipment_transferred_in_country().command().shipment();
    default:
      return nullptr;
  }
}

absl::Status IdsDamaged(absl::string_view found) {
  return DamagedError("the index of ids", found);
}

}  // namespace

IdIndex::IdIndex(const Database& database, Log& log, std::string incoming_path,
                 size_t generation_entries)
    : database_(database),
      log_(log),
      incoming_path_(std::move(incoming_path)),
      generation_entries_(generation_entries) {
  log.Subscribe([this](uint64_t size) { SetDurableSize(size); });
}

IdIndex::~IdIndex() {
  if (!ingester_.joinable()) return;
  uint64_t durable_size = 0;
  bool stopped = false;
  {
    absl::MutexLock lock(&ingest_mutex_);
    durable_size = durable_size_;
    stopped = stopped_;
  }
  // After Stop, memory may hold ids that never became durable.
  const uint64_t smallest = generation_entries_ / kSmallestPart + 1;
  if (!stopped && durable_size >= current_->begin() + smallest) {
    CloseGeneration(durable_size);
  }
  {
    absl::MutexLock lock(&ingest_mutex_);
    closing_ = true;
  }
  ingester_.join();
}

absl::StatusOr<uint64_t> IdIndex::Position() const {
  rocksdb::PinnableSlice value;
  const rocksdb::Status status =
      database_.db->Get(ReadPatiently(), database_.ids,
                        ToSlice(IdKey::Watermark().view()), &value);
  if (status.IsNotFound()) return 0;
  if (!status.ok()) return ReadError(status, name());
  const std::optional<uint64_t> watermark = DecodeWatermark(ToView(value));
  if (!watermark) return IdsDamaged("its watermark is not one");
  return *watermark;
}

absl::Status IdIndex::Restore(uint64_t size) {
  ASSIGN_OR_RETURN(const uint64_t watermark, Position());
  stored_end_ = watermark;
  current_ = std::make_shared<IdGeneration>(watermark, 0);
  SetDurableSize(size);
  ingester_ = std::thread([this] { IngestLoop(); });
  const absl::Status derived = DeriveFromLog(watermark, size);
  // What was not derived must not be stored as if it were.
  if (!derived.ok()) Stop();
  return derived;
}

absl::Status IdIndex::DeriveFromLog(uint64_t begin, uint64_t end) {
  const std::unique_ptr<EntryReader> reader = log_.NewReader();
  v1::Entry entry;
  for (uint64_t index = begin; index < end; ++index) {
    ASSIGN_OR_RETURN(const absl::string_view bytes, reader->Read(index));
    const std::optional<Uuid> request_id =
        entry.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))
            ? Uuid::Parse(entry.request_id())
            : std::nullopt;
    if (!request_id) {
      return DamagedError(absl::StrCat("entry ", index),
                          "it is not an entry with a request id", index);
    }
    {
      absl::MutexLock lock(&memory_mutex_);
      if (entry.request_part() == 0) {
        current_->Add(IdKey::Request(*request_id).view(), index);
      }
      AddShipmentOf(entry.event(), index);
    }
    if (entry.request_part() + 1 == entry.request_parts()) EndGroup(index + 1);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<uint64_t>> IdIndex::FindRequest(
    const Uuid& request_id) const {
  return Find(IdKey::Request(request_id));
}

absl::StatusOr<std::optional<uint64_t>> IdIndex::FindShipment(
    absl::string_view exporter, absl::string_view shipment_reference) const {
  return Find(IdKey::Shipment(exporter, shipment_reference));
}

absl::StatusOr<std::optional<uint64_t>> IdIndex::LookUpShipment(
    absl::string_view exporter, absl::string_view shipment_reference) const {
  const IdKey key = IdKey::Shipment(exporter, shipment_reference);
  {
    absl::ReaderMutexLock lock(&memory_mutex_);
    if (const auto index = FindInMemory(key.view())) return index;
  }
  return FindStored(key.view());
}

absl::StatusOr<std::optional<uint64_t>> IdIndex::Find(const IdKey& key) const {
  if (const auto index = FindInMemory(key.view())) return index;
  if (stored_end_.load(std::memory_order_acquire) == 0) return std::nullopt;
  const Prefetched* prefetched = FindPrefetched(key.view());
  if (prefetched != nullptr && prefetched->is_read) return prefetched->index;
  return FindStored(key.view());
}

const IdIndex::Prefetched* IdIndex::FindPrefetched(
    absl::string_view key) const {
  for (size_t i = next_prefetched_; i < prefetched_.size(); ++i) {
    if (prefetched_[i].key.view() != key) continue;
    next_prefetched_ = i + 1;
    return &prefetched_[i];
  }
  return nullptr;
}

void IdIndex::Prefetch(const std::vector<IdKey>& keys) {
  prefetched_.clear();
  next_prefetched_ = 0;
  for (const IdKey& key : keys) current_->Prefetch(key.view());
  if (stored_end_.load(std::memory_order_acquire) == 0) return;
  std::vector<rocksdb::Slice> slices;
  slices.reserve(keys.size());
  for (const IdKey& key : keys) slices.push_back(ToSlice(key.view()));
  std::vector<rocksdb::PinnableSlice> values(slices.size());
  std::vector<rocksdb::Status> found(slices.size());
  database_.db->MultiGet(ReadPatiently(), database_.ids, slices.size(),
                         slices.data(), values.data(), found.data());
  prefetched_.reserve(keys.size());
  for (size_t i = 0; i < found.size(); ++i) {
    Prefetched& one = prefetched_.emplace_back(Prefetched{.key = keys[i]});
    if (found[i].ok()) one.index = DecodeStored(ToView(values[i]));
    one.is_read = found[i].IsNotFound() || one.index.has_value();
  }
}

std::optional<uint64_t> IdIndex::FindInMemory(absl::string_view key) const {
  if (const auto index = current_->Find(key)) return index;
  for (auto it = closed_.rbegin(); it != closed_.rend(); ++it) {
    if (const auto index = (*it)->Find(key)) return index;
  }
  return std::nullopt;
}

std::optional<uint64_t> IdIndex::DecodeStored(absl::string_view value) const {
  const std::optional<uint64_t> index = DecodeFixed64(value);
  return index && *index < stored_end_.load(std::memory_order_acquire)
             ? index
             : std::nullopt;
}

absl::StatusOr<std::optional<uint64_t>> IdIndex::FindStored(
    absl::string_view key) const {
  rocksdb::PinnableSlice value;
  const rocksdb::Status status =
      database_.db->Get(ReadPatiently(), database_.ids, ToSlice(key), &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return ReadError(status, "the index of ids");
  const std::optional<uint64_t> index = DecodeStored(ToView(value));
  if (!index) return IdsDamaged("a value is not an index that it covers");
  return index;
}

void IdIndex::Add(const Uuid& request_id, uint64_t first_index,
                  const std::vector<v1::Event*>& events) {
  const IdKey key = IdKey::Request(request_id);
  absl::MutexLock lock(&memory_mutex_);
  current_->Add(key.view(), first_index);
  uint64_t index = first_index;
  for (const v1::Event* event : events) AddShipmentOf(*event, index++);
}

void IdIndex::AddShipmentOf(const v1::Event& event, uint64_t index) {
  const v1::Shipment* shipment = ShipmentBegunBy(event);
  if (shipment == nullptr) return;
  current_->Add(
      IdKey::Shipment(shipment->exporter(), shipment->shipment_reference())
          .view(),
      index);
}

void IdIndex::EndGroup(uint64_t size) {
  if (!closed_.empty()) DropIngested();
  if (size - current_->begin() < generation_entries_) return;
  CloseGeneration(size);
  const auto room = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(ingest_mutex_) {
    return to_ingest_.size() <= kMaxWaiting || stopped_ || !status_.ok();
  };
  absl::MutexLock lock(&ingest_mutex_);
  ingest_mutex_.Await(absl::Condition(&room));
}

void IdIndex::CloseGeneration(uint64_t size) {
  current_->Close(size);
  const Generation closed = current_;
  auto next =
      std::make_shared<IdGeneration>(size, generation_entries_ * kIdsPerEntry);
  {
    absl::MutexLock lock(&memory_mutex_);
    closed_.push_back(closed);
    current_ = std::move(next);
  }
  absl::MutexLock lock(&ingest_mutex_);
  to_ingest_.push_back(closed);
}

void IdIndex::DropIngested() {
  while (!closed_.empty() && closed_.front()->ingested) {
    // The memory is freed after the lock is let go.
    const Generation ingested = closed_.front();
    prefetched_.clear();
    absl::MutexLock lock(&memory_mutex_);
    closed_.pop_front();
  }
}

void IdIndex::SetDurableSize(uint64_t size) {
  absl::MutexLock lock(&ingest_mutex_);
  durable_size_ = size;
}

absl::Status IdIndex::status() const {
  absl::MutexLock lock(&ingest_mutex_);
  return status_;
}

void IdIndex::Stop() {
  absl::MutexLock lock(&ingest_mutex_);
  stopped_ = true;
}

bool IdIndex::CanIngest() const {
  return !to_ingest_.empty() && to_ingest_.front()->end() <= durable_size_;
}

void IdIndex::IngestLoop() {
  const auto something_to_do =
      [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(ingest_mutex_) {
        return closing_ || stopped_ || CanIngest();
      };
  while (true) {
    Generation generation;
    {
      absl::MutexLock lock(&ingest_mutex_);
      ingest_mutex_.Await(absl::Condition(&something_to_do));
      if (stopped_ || !CanIngest()) return;
      generation = to_ingest_.front();
    }
    // Before: whoever finds an id knows that it may be there.
    stored_end_.store(generation->end(), std::memory_order_release);
    const absl::Status ingested = Ingest(*generation);
    absl::MutexLock lock(&ingest_mutex_);
    if (!ingested.ok()) {
      status_ = ingested;
      return;
    }
    generation->ingested = true;
    to_ingest_.pop_front();
  }
}

absl::Status IdIndex::Ingest(const IdGeneration& generation) const {
  const std::string path =
      absl::StrCat(incoming_path_, "/ids-", generation.end(), ".sst");
  std::remove(path.c_str());
  const rocksdb::Options options = database_.db->GetOptions(database_.ids);
  rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), options, database_.ids);
  rocksdb::Status status = writer.Open(path);
  const auto put = [&](absl::string_view key, absl::string_view value) {
    if (status.ok()) status = writer.Put(ToSlice(key), ToSlice(value));
  };
  // The watermark's key is the lowest.
  put(IdKey::Watermark().view(), EncodeWatermark(generation.end()));
  for (const auto& [key, index] : generation.Sorted()) {
    put(key, AsView(EncodeFixed64(index)));
  }
  if (status.ok()) status = writer.Finish();
  if (status.ok()) {
    rocksdb::IngestExternalFileOptions how;
    how.move_files = true;
    how.write_global_seqno = false;
    status = database_.db->IngestExternalFile(database_.ids, {path}, how);
  }
  if (status.ok()) return absl::OkStatus();
  return WriteError(status, "store the index of ids");
}

}  // namespace chipledger::store
