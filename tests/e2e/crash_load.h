// The load of the crash test: clients that write, remember what they were told,
// and try again what they were not told about.
#ifndef CHIPLEDGER_TESTS_E2E_CRASH_LOAD_H_
#define CHIPLEDGER_TESTS_E2E_CRASH_LOAD_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "chipledger/v1/shipment_service.grpc.pb.h"
#include "grpcpp/grpcpp.h"

namespace chipledger::testing {

// A request and what its client was told.
struct SentRequest {
  std::vector<v1::Command> commands;
  // Unset: no answer yet, or too late.
  std::optional<uint64_t> index;
  bool refused = false;
  // A reservation that it names had ended: nothing of it was recorded.
  bool too_late = false;

  bool answered() const { return index.has_value() || too_late; }
};

// The reservation that a command releases or uses, by its index, if any.
std::optional<uint64_t> ReservationOf(const v1::Command& command);

// CrashClient writes shipments and reservations until its server dies, over a
// bulk stream or with unary calls. What it writes is a function of its seed and
// of what it was told. Its reservations hold for a second or two: it ends some
// of them, once each, and leaves the others to run out.
//
// Thread-safety: one thread at a time.
class CrashClient {
 public:
  enum class Style { kStream, kUnary };
  CrashClient(int number, Style style, uint64_t seed);

  // Sends what was never answered again, then new requests, until a call fails
  // or `stop` is set; with `stop` set from the start only the former.
  void Run(const std::string& address, const std::atomic<bool>& stop);

  // Everything ever sent, by request id.
  const absl::flat_hash_map<std::string, SentRequest>& requests() const {
    return requests_;
  }
  size_t unanswered() const { return unanswered_.size(); }
  // Requests answered since the last call.
  std::vector<std::string> TakeNewlyAnswered();
  // What the server answered that it must not.
  std::vector<std::string> TakeProblems();

 private:
  using Batch = std::vector<std::string>;
  using Stream = grpc::ClientReaderWriter<v1::StreamShipmentsRequest,
                                          v1::StreamShipmentsResponse>;

  void RunStream(v1::ShipmentService::Stub& stub,
                 const std::atomic<bool>& stop);
  bool SendBatch(Stream& stream, const Batch& batch);
  bool ReadAnswers(Stream& stream, const Batch& batch);
  void RunUnary(v1::ShipmentService::Stub& stub, const std::atomic<bool>& stop);
  bool CallUnary(v1::ShipmentService::Stub& stub,
                 const std::string& request_id);

  // What to send next, some of it sent before.
  Batch NextBatch(size_t count);
  std::string MakeRequest();
  v1::Command MakeCommand();
  v1::Command MakeShipment();
  v1::Command MakeVoid();
  v1::Command MakeReservation();
  v1::Command MakeEndOfReservation();
  uint64_t Pick(uint64_t below);

  void Accepted(const std::string& request_id, const v1::WriteResult& result);
  void Failed(const std::string& request_id, const google::rpc::Status& error);
  void TooLate(const std::string& request_id);
  // Nothing of the request happened: what it would have voided is still there.
  void KeepVoidable(const SentRequest& sent);
  void Answered(const std::string& request_id, uint64_t index, bool refused,
                bool repeated);
  void Problem(const std::string& request_id, const std::string& what);

  const int number_;
  const Style style_;
  std::mt19937_64 random_;
  uint64_t next_shipment_ = 0;
  absl::flat_hash_map<std::string, SentRequest> requests_;
  // Sent in an earlier run, or waiting in this one.
  std::vector<std::string> unanswered_;
  std::vector<std::string> answered_;
  std::vector<std::string> newly_answered_;
  // References of recorded shipments that were not voided.
  std::vector<std::string> voidable_;
  // Reservations that it may end: a shipment that uses it, by its index.
  struct Held {
    uint64_t index;
    v1::Shipment shipment;
  };
  std::vector<Held> held_;
  std::vector<std::string> problems_;
};

}  // namespace chipledger::testing

#endif  // CHIPLEDGER_TESTS_E2E_CRASH_LOAD_H_
