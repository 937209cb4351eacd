#include "tools/bench/baselines.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "grpcpp/generic/async_generic_service.h"
#include "grpcpp/grpcpp.h"
#include "rocksdb/db.h"
#include "rocksdb/options.h"
#include "rocksdb/write_batch.h"

namespace chipledger::bench {
namespace {

// Reads the request, answers with an empty one, and is gone.
class EmptyReactor final : public grpc::ServerGenericBidiReactor {
 public:
  EmptyReactor() { StartRead(&request_); }
  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status(grpc::StatusCode::CANCELLED, ""));
    const grpc::Slice nothing;
    response_ = grpc::ByteBuffer(&nothing, 1);
    StartWriteAndFinish(&response_, grpc::WriteOptions(), grpc::Status::OK);
  }
  void OnDone() override { delete this; }

 private:
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
};

}  // namespace

class EmptyServer::Service final : public grpc::CallbackGenericService {
 public:
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext*) override {
    return new EmptyReactor();
  }
};

EmptyServer::EmptyServer() : service_(std::make_unique<Service>()) {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                           &port);
  builder.RegisterCallbackGenericService(service_.get());
  server_ = builder.BuildAndStart();
  address_ = absl::StrCat("127.0.0.1:", port);
}

EmptyServer::~EmptyServer() { server_->Shutdown(); }

absl::StatusOr<double> WriteBareRocksDb(const std::string& directory,
                                        const std::vector<BareGroup>& groups) {
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* raw = nullptr;
  rocksdb::Status status = rocksdb::DB::Open(options, directory, &raw);
  if (!status.ok()) return absl::UnavailableError(status.ToString());
  const std::unique_ptr<rocksdb::DB> db(raw);
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const Stopwatch watch;
  uint64_t next_key = 0;
  for (const BareGroup& group : groups) {
    rocksdb::WriteBatch batch;
    for (const std::string& value : group) {
      const uint64_t key = __builtin_bswap64(next_key++);
      batch.Put(
          rocksdb::Slice(reinterpret_cast<const char*>(&key), sizeof(key)),
          value);
    }
    status = db->Write(synced, &batch);
    if (!status.ok()) return absl::UnavailableError(status.ToString());
  }
  return watch.Seconds();
}

absl::StatusOr<Latencies> MeasureDataSync(const std::string& path, size_t bytes,
                                          size_t count) {
  const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  if (file < 0) return absl::UnavailableError(std::strerror(errno));
  const std::string data(bytes, 'x');
  Latencies latencies;
  bool ok = true;
  for (size_t i = 0; ok && i < count; ++i) {
    const Stopwatch watch;
    ok = ::write(file, data.data(), data.size()) ==
             static_cast<ssize_t>(data.size()) &&
         ::fdatasync(file) == 0;
    latencies.Add(watch.Nanoseconds());
  }
  const std::string why = ok ? "" : std::strerror(errno);
  ::close(file);
  if (!ok) return absl::UnavailableError(why);
  return latencies;
}

}  // namespace chipledger::bench
