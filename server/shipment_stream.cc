#include "server/shipment_stream.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "chipledger/v1/shipment_service.pb.h"
#include "google/protobuf/arena.h"
#include "ledger/base/error.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
#include "server/rpc_status.h"
#include "server/wire.h"

namespace chipledger {
namespace {

using BatchRequest = v1::StreamShipmentsRequest;
using BatchResponse = v1::StreamShipmentsResponse;

absl::Status CheckBatchSize(size_t count) {
  if (count == 0) return MissingField("requests");
  if (count <= limits::kMaxRequestsPerBatch) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kInvalidArgument, "TOO_MANY_COMMANDS",
      absl::StrCat("a batch has ", count, " requests; at most ",
                   limits::kMaxRequestsPerBatch, " are taken, split it"),
      {{"count", absl::StrCat(count)},
       {"max_count", absl::StrCat(limits::kMaxRequestsPerBatch)}});
}

// Adds one request of the batch to what is submitted, if its envelope is right.
absl::Status TakeRequest(BatchRequest::Request& request, bool validate_only,
                         WriteBatch& batch) {
  ASSIGN_OR_RETURN(const Uuid id, CheckRequestId(request.request_id()));
  ASSIGN_OR_RETURN(
      std::vector<v1::Command*> commands,
      CheckCommands(*request.mutable_commands(), ShipmentCommandKinds()));
  batch.requests.push_back(WriteRequest{.request_id = id,
                                        .validate_only = validate_only,
                                        .commands = std::move(commands)});
  return absl::OkStatus();
}

void FillAnswer(const Ledger& ledger, WriteAnswer& decided, bool with_evidence,
                BatchResponse::Answer& answer) {
  if (!decided.status.ok()) {
    *answer.mutable_error() = ToRpcStatus(decided);
    return;
  }
  FillWriteResult(decided, *answer.mutable_result());
  if (!with_evidence) return;
  AddEvents(ledger, decided, *answer.mutable_events(),
            *answer.mutable_judgements());
}

}  // namespace

const CommandKinds& ShipmentCommandKinds() {
  // The last is the ledger's own: it answers who else sends it.
  static const auto& kinds = *new CommandKinds{
      v1::Command::kRecordShipment,     v1::Command::kVoidShipment,
      v1::Command::kCorrectShipment,    v1::Command::kReserveShipment,
      v1::Command::kReleaseReservation, v1::Command::kReceiveShipment,
      v1::Command::kReturnShipment,     v1::Command::kReexportShipment,
      v1::Command::kTransferShipment,   v1::Command::kRetireUnits,
      v1::Command::kReportDiversion,    v1::Command::kDeclareCompute,
      v1::Command::kVoidMovement,       v1::Command::kRecoverUnits,
      v1::Command::kRelocateUnits,      v1::Command::kExpireReservation};
  return kinds;
}

ShipmentStream::ShipmentStream(Runtime* runtime, Principal principal)
    : runtime_(*runtime), principal_(std::move(principal)) {}

void ShipmentStream::Start() {
  if (!runtime_.long_calls.Add(this)) return End(ShuttingDown());
  GoOn();
}

void ShipmentStream::OnReadDone(bool ok) {
  {
    absl::MutexLock lock(&mutex_);
    reading_ = false;
    if (finished_) return;
    if (!ok) StopReading(grpc::Status::OK);
    taking_ = !final_status_.has_value();
    ok = taking_;
  }
  if (ok) {
    const absl::Status taken = TakeBatch();
    absl::MutexLock lock(&mutex_);
    taking_ = false;
    if (!taken.ok()) StopReading(ToGrpcStatus(taken));
  }
  GoOn();
}

absl::Status ShipmentStream::TakeBatch() {
  auto batch = std::make_unique<WriteBatch>();
  batch->principal = principal_;
  auto* request =
      google::protobuf::Arena::CreateMessage<BatchRequest>(&batch->arena);
  RETURN_IF_ERROR(ParseMessage(read_buffer_, *request));
  RETURN_IF_ERROR(CheckBatchSize(request->requests_size()));
  Slot taken;
  taken.with_evidence = request->with_evidence();
  taken.load.requests = request->requests_size();
  taken.load.bytes = read_buffer_.Length();
  batch->requests.reserve(request->requests_size());
  taken.envelope_errors.reserve(request->requests_size());
  for (BatchRequest::Request& one : *request->mutable_requests()) {
    taken.load.commands += one.commands_size();
    taken.envelope_errors.push_back(
        TakeRequest(one, request->validate_only(), *batch));
  }
  Slot* slot;
  {
    absl::MutexLock lock(&mutex_);
    slot = &PushSlot(std::move(taken));
  }
  if (batch->requests.empty()) {
    Answer(*slot, *batch);
    return absl::OkStatus();
  }
  const absl::Status submitted = runtime_.ledger.Submit(
      std::move(batch), WhenFull::kWait,
      [this, slot](std::unique_ptr<WriteBatch> decided) {
        runtime_.workers.Post([this, slot, decided = std::move(decided)] {
          Answer(*slot, *decided);
        });
      });
  if (!submitted.ok()) {
    absl::MutexLock lock(&mutex_);
    PopNewestSlot();
  }
  return submitted;
}

void ShipmentStream::Answer(Slot& slot, WriteBatch& decided) {
  uint64_t size = 0;
  for (const WriteAnswer& answer : decided.answers) {
    size = std::max(size, answer.size);
  }
  if (size == 0) size = runtime_.ledger.Latest()->size;
  std::deque<grpc::ByteBuffer> responses;
  auto* response =
      google::protobuf::Arena::CreateMessage<BatchResponse>(&decided.arena);
  response->mutable_answers()->Reserve(
      static_cast<int>(slot.envelope_errors.size()));
  response->set_size(size);
  size_t bytes = 0;
  auto next = decided.answers.begin();
  for (const absl::Status& envelope_error : slot.envelope_errors) {
    auto* answer =
        google::protobuf::Arena::CreateMessage<BatchResponse::Answer>(
            &decided.arena);
    if (!envelope_error.ok()) {
      *answer->mutable_error() = ToRpcStatus(envelope_error);
    } else {
      FillAnswer(runtime_.ledger, *next++, slot.with_evidence, *answer);
    }
    const size_t answer_bytes = answer->ByteSizeLong();
    if (bytes > 0 && bytes + answer_bytes > limits::kMaxPageBytes) {
      responses.push_back(SerializeMessage(*response));
      response->mutable_answers()->Clear();
      bytes = 0;
    }
    bytes += answer_bytes;
    response->mutable_answers()->UnsafeArenaAddAllocated(answer);
  }
  responses.push_back(SerializeMessage(*response));
  std::optional<grpc::Status> end;
  {
    absl::MutexLock lock(&mutex_);
    slot.responses = std::move(responses);
    slot.answered = true;
    end = GoOnLocked();
  }
  if (end) Finish(*std::move(end));
}

void ShipmentStream::OnWriteDone(bool ok) {
  {
    absl::MutexLock lock(&mutex_);
    writing_ = false;
    std::deque<grpc::ByteBuffer>& responses = slots_.front().responses;
    responses.pop_front();
    if (responses.empty()) PopSlot();
    broken_ |= !ok;
    if (!ok) StopReading(grpc::Status::CANCELLED);
  }
  GoOn();
}

void ShipmentStream::OnCancel() {
  {
    absl::MutexLock lock(&mutex_);
    broken_ = true;
    StopReading(grpc::Status::CANCELLED);
  }
  GoOn();
}

void ShipmentStream::End(const absl::Status& why) {
  {
    absl::MutexLock lock(&mutex_);
    StopReading(ToGrpcStatus(why));
  }
  GoOn();
}

void ShipmentStream::OnDone() {
  runtime_.long_calls.Remove(this);
  delete this;
}

void ShipmentStream::StopReading(grpc::Status status) {
  if (!final_status_) final_status_ = std::move(status);
}

ShipmentStream::Slot& ShipmentStream::PushSlot(Slot slot) {
  load_.requests += slot.load.requests;
  load_.commands += slot.load.commands;
  load_.bytes += slot.load.bytes;
  return slots_.emplace_back(std::move(slot));
}

void ShipmentStream::PopSlot() {
  Unload(slots_.front().load);
  slots_.pop_front();
}

void ShipmentStream::PopNewestSlot() {
  Unload(slots_.back().load);
  slots_.pop_back();
}

void ShipmentStream::Unload(const Load& load) {
  load_.requests -= load.requests;
  load_.commands -= load.commands;
  load_.bytes -= load.bytes;
}

bool ShipmentStream::HasRoom() const {
  return load_.requests < limits::kMaxStreamRequests &&
         load_.commands < limits::kMaxStreamCommands &&
         load_.bytes < limits::kMaxStreamBytes;
}

std::optional<grpc::Status> ShipmentStream::GoOnLocked() {
  if (finished_) return std::nullopt;
  while (broken_ && !writing_ && !slots_.empty() && slots_.front().answered) {
    PopSlot();
  }
  if (!writing_ && !slots_.empty() && slots_.front().answered) {
    writing_ = true;
    StartWrite(&slots_.front().responses.front());
  }
  if (!reading_ && !taking_ && !final_status_ && HasRoom()) {
    reading_ = true;
    StartRead(&read_buffer_);
  }
  if (!final_status_ || taking_ || !slots_.empty()) return std::nullopt;
  finished_ = true;
  return final_status_;
}

void ShipmentStream::GoOn() {
  std::optional<grpc::Status> end;
  {
    absl::MutexLock lock(&mutex_);
    end = GoOnLocked();
  }
  // From here on this may be deleted.
  if (end) Finish(*std::move(end));
}

}  // namespace chipledger
