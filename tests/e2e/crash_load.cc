#include "tests/e2e/crash_load.h"

#include <chrono>
#include <deque>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "chipledger/v1/evidence.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace chipledger::testing {
namespace {

// Enough under way to keep the ledger's groups full of several clients.
constexpr size_t kBatchesUnderWay = 4;
constexpr size_t kMaxBatch = 24;
constexpr char kExporter[] = "acme";
constexpr char kLicense[] = "D100001";

void SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::seconds(30));
}

template <typename Detail>
std::optional<Detail> DetailOf(const google::rpc::Status& error) {
  for (const google::protobuf::Any& any : error.details()) {
    Detail detail;
    if (any.UnpackTo(&detail)) return detail;
  }
  return std::nullopt;
}

}  // namespace

std::optional<uint64_t> ReservationOf(const v1::Command& command) {
  if (command.has_release_reservation()) {
    return command.release_reservation().reservation_index();
  }
  if (command.record_shipment().has_reservation_index()) {
    return command.record_shipment().reservation_index();
  }
  return std::nullopt;
}

CrashClient::CrashClient(int number, Style style, uint64_t seed)
    : number_(number), style_(style), random_(seed + 1'000'003 * number) {}

uint64_t CrashClient::Pick(uint64_t below) { return random_() % below; }

void CrashClient::Run(const std::string& address,
                      const std::atomic<bool>& stop) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto stub = v1::ShipmentService::NewStub(grpc::CreateCustomChannel(
      address, grpc::InsecureChannelCredentials(), arguments));
  if (style_ == Style::kStream) {
    RunStream(*stub, stop);
  } else {
    RunUnary(*stub, stop);
  }
  std::vector<std::string> still;
  for (std::string& id : unanswered_) {
    if (!requests_[id].answered()) still.push_back(std::move(id));
  }
  unanswered_ = std::move(still);
}

void CrashClient::RunStream(v1::ShipmentService::Stub& stub,
                            const std::atomic<bool>& stop) {
  grpc::ClientContext context;
  SetDeadline(context);
  const std::unique_ptr<Stream> stream = stub.StreamShipments(&context);
  std::deque<Batch> under_way;
  bool alive = true;
  if (!unanswered_.empty()) {
    under_way.push_back(unanswered_);
    alive = SendBatch(*stream, under_way.back());
  }
  while (alive && (!stop || !under_way.empty())) {
    if (!stop && under_way.size() < kBatchesUnderWay) {
      under_way.push_back(NextBatch(1 + Pick(kMaxBatch)));
      alive = SendBatch(*stream, under_way.back());
    } else {
      alive = ReadAnswers(*stream, under_way.front());
      under_way.pop_front();
    }
  }
  // What was answered before the server died counts, too.
  while (!under_way.empty() && ReadAnswers(*stream, under_way.front())) {
    under_way.pop_front();
  }
  stream->WritesDone();
  stream->Finish().IgnoreError();
}

bool CrashClient::SendBatch(Stream& stream, const Batch& batch) {
  v1::StreamShipmentsRequest message;
  for (const std::string& id : batch) {
    v1::StreamShipmentsRequest::Request& request = *message.add_requests();
    request.set_request_id(id);
    const std::vector<v1::Command>& commands = requests_[id].commands;
    request.mutable_commands()->Add(commands.begin(), commands.end());
  }
  return stream.Write(message);
}

bool CrashClient::ReadAnswers(Stream& stream, const Batch& batch) {
  v1::StreamShipmentsResponse response;
  if (!stream.Read(&response)) return false;
  if (response.answers_size() != static_cast<int>(batch.size())) {
    Problem(batch[0], absl::StrCat(response.answers_size(), " answers to ",
                                   batch.size(), " requests"));
    return false;
  }
  for (int i = 0; i < response.answers_size(); ++i) {
    const auto& answer = response.answers(i);
    if (answer.has_error()) {
      Failed(batch[i], answer.error());
    } else {
      Accepted(batch[i], answer.result());
    }
  }
  return true;
}

void CrashClient::RunUnary(v1::ShipmentService::Stub& stub,
                           const std::atomic<bool>& stop) {
  const Batch first = unanswered_;
  for (const std::string& id : first) {
    if (!CallUnary(stub, id)) return;
  }
  while (!stop) {
    for (const std::string& id : NextBatch(1)) {
      if (!CallUnary(stub, id)) return;
    }
  }
}

bool CrashClient::CallUnary(v1::ShipmentService::Stub& stub,
                            const std::string& request_id) {
  grpc::ClientContext context;
  SetDeadline(context);
  context.set_wait_for_ready(false);
  v1::SubmitShipmentCommandsRequest request;
  request.set_request_id(request_id);
  const std::vector<v1::Command>& commands = requests_[request_id].commands;
  request.mutable_commands()->Add(commands.begin(), commands.end());
  v1::SubmitShipmentCommandsResponse response;
  const grpc::Status status =
      stub.SubmitShipmentCommands(&context, request, &response);
  if (status.ok()) {
    Accepted(request_id, response.result());
    return true;
  }
  google::rpc::Status error;
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE) return false;
  error.ParseFromString(status.error_details());
  error.set_message(status.error_message());
  Failed(request_id, error);
  return true;
}

CrashClient::Batch CrashClient::NextBatch(size_t count) {
  Batch batch;
  while (batch.size() < count) {
    const uint64_t dice = Pick(20);
    if (dice == 0 && !answered_.empty()) {
      // A client that lost its memory of the answer.
      batch.push_back(answered_[Pick(answered_.size())]);
    } else if (dice == 1 && !batch.empty()) {
      // A client that sends the same request twice at once.
      batch.push_back(batch.back());
    } else {
      batch.push_back(MakeRequest());
    }
  }
  return batch;
}

std::string CrashClient::MakeRequest() {
  SentRequest sent;
  const size_t parts = Pick(6) == 0 ? 2 + Pick(4) : 1;
  for (size_t i = 0; i < parts; ++i) sent.commands.push_back(MakeCommand());
  const std::string id =
      absl::StrFormat("%08x-0000-4000-8000-%012x", number_, requests_.size());
  requests_[id] = std::move(sent);
  unanswered_.push_back(id);
  return id;
}

v1::Command CrashClient::MakeCommand() {
  switch (Pick(10)) {
    case 0:
    case 1:
      if (!voidable_.empty()) return MakeVoid();
      break;
    case 2:
    case 3:
      return MakeReservation();
    case 4:
      if (!held_.empty()) return MakeEndOfReservation();
      break;
    default:
      break;
  }
  return MakeShipment();
}

v1::Command CrashClient::MakeShipment() {
  v1::Command command;
  v1::RecordShipment& record = *command.mutable_record_shipment();
  record.set_assurance(Pick(4) == 0 ? v1::ASSURANCE_AFTER_THE_FACT
                                    : v1::ASSURANCE_BEFORE_EXPORT);
  v1::Shipment& shipment = *record.mutable_shipment();
  shipment.set_exporter(kExporter);
  shipment.set_shipment_reference(
      absl::StrCat("C", number_, "-", next_shipment_++));
  shipment.set_export_date(Pick(2) == 0 ? "2025-06-30" : "2026-06-30");
  static constexpr const char* kCountries[] = {"MY", "SG", "BR", "IN"};
  shipment.set_destination_country(kCountries[Pick(4)]);
  if (shipment.destination_country() == "MY" && Pick(2) == 0) {
    shipment.mutable_authorization()->set_kind(v1::AUTHORIZATION_KIND_LICENSE);
    shipment.mutable_authorization()->set_license_id(kLicense);
  }
  v1::Item& item = *shipment.add_items();
  item.set_product_code("H100");
  item.set_quantity(1 + Pick(100));
  return command;
}

v1::Command CrashClient::MakeVoid() {
  const size_t at = Pick(voidable_.size());
  v1::Command command;
  v1::VoidShipment& request = *command.mutable_void_shipment();
  request.set_exporter(kExporter);
  request.set_shipment_reference(voidable_[at]);
  request.set_reason("crash test");
  request.set_recorded_in_error("crash test");
  voidable_[at] = voidable_.back();
  voidable_.pop_back();
  return command;
}

v1::Command CrashClient::MakeReservation() {
  v1::Command shipment = MakeShipment();
  v1::Command command;
  v1::ReserveShipment& reserve = *command.mutable_reserve_shipment();
  *reserve.mutable_shipment() =
      std::move(*shipment.mutable_record_shipment()->mutable_shipment());
  reserve.set_hold_seconds(1 + Pick(2));
  return command;
}

// It may have run out when the command comes.
v1::Command CrashClient::MakeEndOfReservation() {
  const size_t at = Pick(held_.size());
  const Held held = held_[at];
  held_[at] = held_.back();
  held_.pop_back();
  v1::Command command;
  if (Pick(2) == 0) {
    v1::ReleaseReservation& release = *command.mutable_release_reservation();
    release.set_reservation_index(held.index);
    release.set_reason("crash test");
    return command;
  }
  v1::RecordShipment& record = *command.mutable_record_shipment();
  record.set_assurance(v1::ASSURANCE_BEFORE_EXPORT);
  record.set_reservation_index(held.index);
  *record.mutable_shipment() = held.shipment;
  record.mutable_shipment()->set_shipment_reference(
      absl::StrCat("C", number_, "-", next_shipment_++));
  // All of it or a part, of which the rest runs out or is given up.
  v1::Item& item = *record.mutable_shipment()->mutable_items(0);
  if (Pick(2) == 0) {
    item.set_quantity(1 + Pick(item.quantity()));
    record.set_release_rest(Pick(2) == 0);
  }
  return command;
}

void CrashClient::Accepted(const std::string& request_id,
                           const v1::WriteResult& result) {
  if (!result.has_index()) return Problem(request_id, "accepted, no index");
  const bool first = !requests_[request_id].index.has_value();
  Answered(request_id, result.index(), false, result.repeated_answer());
  if (!first) return;
  const std::vector<v1::Command>& commands = requests_[request_id].commands;
  for (size_t i = 0; i < commands.size(); ++i) {
    const v1::Command& command = commands[i];
    if (command.has_record_shipment()) {
      voidable_.push_back(
          command.record_shipment().shipment().shipment_reference());
    } else if (command.has_reserve_shipment()) {
      held_.push_back(
          {result.index() + i, command.reserve_shipment().shipment()});
    }
  }
}

void CrashClient::Failed(const std::string& request_id,
                         const google::rpc::Status& error) {
  const auto cause = DetailOf<google::rpc::ErrorInfo>(error);
  if (cause.has_value() && cause->reason() == "RESERVATION_NOT_FOUND") {
    return TooLate(request_id);
  }
  const auto refusal = DetailOf<v1::Refusal>(error);
  if (!refusal.has_value() || !refusal->has_index()) {
    return Problem(request_id, error.ShortDebugString());
  }
  const bool first = !requests_[request_id].index.has_value();
  Answered(request_id, refusal->index(), true, true);
  if (first) KeepVoidable(requests_[request_id]);
}

void CrashClient::TooLate(const std::string& request_id) {
  SentRequest& sent = requests_[request_id];
  if (sent.index.has_value()) {
    return Problem(request_id, absl::StrCat("came too late, before as entry ",
                                            *sent.index));
  }
  if (!std::exchange(sent.too_late, true)) KeepVoidable(sent);
}

void CrashClient::KeepVoidable(const SentRequest& sent) {
  for (const v1::Command& command : sent.commands) {
    if (command.has_void_shipment()) {
      voidable_.push_back(command.void_shipment().shipment_reference());
    }
  }
}

void CrashClient::Answered(const std::string& request_id, uint64_t index,
                           bool refused, bool repeated) {
  SentRequest& sent = requests_[request_id];
  if (sent.too_late) {
    return Problem(request_id,
                   absl::StrCat("came too late, now as entry ", index));
  }
  if (!sent.index.has_value()) {
    sent.index = index;
    sent.refused = refused;
    answered_.push_back(request_id);
    newly_answered_.push_back(request_id);
    return;
  }
  if (*sent.index != index || sent.refused != refused || !repeated) {
    Problem(request_id,
            absl::StrCat("answered as entry ", index, refused ? " refused" : "",
                         ", before as entry ", *sent.index,
                         sent.refused ? " refused" : "",
                         repeated ? "" : ", not said to be repeated"));
  }
}

void CrashClient::Problem(const std::string& request_id,
                          const std::string& what) {
  problems_.push_back(
      absl::StrCat("client ", number_, " request ", request_id, ": ", what));
}

std::vector<std::string> CrashClient::TakeNewlyAnswered() {
  return std::exchange(newly_answered_, {});
}

std::vector<std::string> CrashClient::TakeProblems() {
  return std::exchange(problems_, {});
}

}  // namespace chipledger::testing
