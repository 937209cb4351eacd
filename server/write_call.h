// Serves writes: parse onto the batch's arena, check the envelope, submit, and
// convert the answer. Commands and events are never copied.
#ifndef CHIPLEDGER_SERVER_WRITE_CALL_H_
#define CHIPLEDGER_SERVER_WRITE_CALL_H_

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/command.pb.h"
#include "chipledger/v1/common.pb.h"
#include "chipledger/v1/event.pb.h"
#include "chipledger/v1/evidence.pb.h"
#include "google/protobuf/arena.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "ledger/base/uuid.h"
#include "ledger/domain/judgement.h"
#include "ledger/ledger.h"
#include "server/unary_call.h"

namespace chipledger {

// The kinds of command that a service takes.
using CommandKinds = std::vector<v1::Command::KindCase>;

// Errors: INVALID_FIELD on "request_id".
absl::StatusOr<Uuid> CheckRequestId(absl::string_view request_id);

// Returns the commands of an atomic request; they stay on their arena.
// Errors: INVALID_FIELD for none or a kind not taken; TOO_MANY_COMMANDS.
absl::StatusOr<std::vector<v1::Command*>> CheckCommands(
    google::protobuf::RepeatedPtrField<v1::Command>& commands,
    const CommandKinds& kinds);

// Says where and when a request was stored; without its size.
void FillWriteResult(const WriteAnswer& answer, v1::WriteResult& result);

// Adds the events of an answer with what was found about each, as many as
// limits::kMaxPageBytes has room for. The events stay the batch's.
void AddEvents(const Ledger& ledger, const WriteAnswer& answer,
               google::protobuf::RepeatedPtrField<v1::Event>& events,
               google::protobuf::RepeatedPtrField<v1::Judgement>& judgements);

// Returns what was found about the first event of an answer, if it has one.
v1::Judgement FirstJudgement(const Ledger& ledger, const WriteAnswer& answer);

// Adds it to a response that has room for it.
template <typename Response>
void AddJudgement([[maybe_unused]] const Ledger& ledger,
                  [[maybe_unused]] const WriteAnswer& answer,
                  [[maybe_unused]] Response& response) {
  if constexpr (requires { response.mutable_judgement(); }) {
    *response.mutable_judgement() = FirstJudgement(ledger, answer);
  }
}

// Submits the batch's one request and answers the call: with the message that
// `convert` makes on the batch's arena, or with the error.
using ConvertAnswer =
    absl::AnyInvocable<const google::protobuf::Message*(WriteBatch&)>;
grpc::ServerUnaryReactor* SubmitWrite(const UnaryCall& call,
                                      std::unique_ptr<WriteBatch> batch,
                                      ConvertAnswer convert);

// Parses the call's request onto a new batch and adds its one WriteRequest,
// with the commands that take(request, arena) returns.
template <typename Request, typename Take>
absl::Status TakeRequest(const UnaryCall& call, WriteBatch& batch, Take take) {
  auto* request = google::protobuf::Arena::CreateMessage<Request>(&batch.arena);
  if (absl::Status s = ParseMessage(*call.request, *request); !s.ok()) return s;
  const absl::StatusOr<Uuid> id = CheckRequestId(request->request_id());
  if (!id.ok()) return id.status();
  absl::StatusOr<std::vector<v1::Command*>> commands =
      take(*request, &batch.arena);
  if (!commands.ok()) return commands.status();
  batch.requests.push_back(
      WriteRequest{.request_id = *id,
                   .validate_only = request->validate_only(),
                   .commands = *std::move(commands)});
  return absl::OkStatus();
}

// Serves a write with a function take(Request&, Arena*) that returns its
// commands, and a function fill(WriteAnswer&, Response&) that adds to the
// response what stands beside its `result`.
template <typename Request, typename Response, typename Take, typename Fill>
grpc::ServerUnaryReactor* ServeWrite(const UnaryCall& call, Take take,
                                     Fill fill) {
  auto batch = std::make_unique<WriteBatch>();
  const absl::Status taken = TakeRequest<Request>(call, *batch, take);
  if (!taken.ok()) return FailCall(call, taken);
  return SubmitWrite(
      call, std::move(batch),
      [call, fill](WriteBatch& decided) -> const google::protobuf::Message* {
        WriteAnswer& answer = decided.answers.front();
        auto* response =
            google::protobuf::Arena::CreateMessage<Response>(&decided.arena);
        FillWriteResult(answer, *response->mutable_result());
        response->mutable_result()->set_size(answer.size);
        AddJudgement(call.runtime->ledger, answer, *response);
        fill(answer, *response);
        return response;
      });
}

// Serves a write of one command: `set` puts the typed command into a Command,
// and fill(Event&, Response&) adds to the response what the event says.
template <typename Request, typename Response, typename Typed, typename Fill>
grpc::ServerUnaryReactor* ServeCommand(const UnaryCall& call,
                                       void (v1::Command::*set)(Typed*),
                                       Fill fill) {
  return ServeWrite<Request, Response>(
      call,
      [set](Request& request, google::protobuf::Arena* arena)
          -> absl::StatusOr<std::vector<v1::Command*>> {
        if (!request.has_command()) return MissingField("command");
        auto* command =
            google::protobuf::Arena::CreateMessage<v1::Command>(arena);
        (command->*set)(request.mutable_command());
        return std::vector<v1::Command*>{command};
      },
      [fill](WriteAnswer& answer, Response& response) {
        if (answer.events.empty()) return;
        v1::Event& event = *answer.events.front();
        domain::ShortenEvidence(event);
        fill(event, response);
      });
}

// Serves a write of one command whose event says nothing beside it.
template <typename Request, typename Response, typename Typed>
grpc::ServerUnaryReactor* ServeCommand(const UnaryCall& call,
                                       void (v1::Command::*set)(Typed*)) {
  return ServeCommand<Request, Response>(call, set,
                                         [](v1::Event&, Response&) {});
}

// Serves a write of one command whose answer holds the event.
template <typename Request, typename Response, typename Typed>
grpc::ServerUnaryReactor* ServeEvent(const UnaryCall& call,
                                     void (v1::Command::*set)(Typed*)) {
  return ServeCommand<Request, Response>(
      call, set, [](v1::Event& event, Response& answer) {
        answer.unsafe_arena_set_allocated_event(&event);
      });
}

// Serves an atomic write of several commands of the given kinds. `kinds` must
// live for ever.
template <typename Request, typename Response>
grpc::ServerUnaryReactor* ServeCommands(const UnaryCall& call,
                                        const CommandKinds& kinds) {
  return ServeWrite<Request, Response>(
      call,
      [&kinds](Request& request, google::protobuf::Arena*) {
        return CheckCommands(*request.mutable_commands(), kinds);
      },
      [call](WriteAnswer& answer, Response& response) {
        AddEvents(call.runtime->ledger, answer, *response.mutable_events(),
                  *response.mutable_judgements());
      });
}

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_WRITE_CALL_H_
