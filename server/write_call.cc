#include "server/write_call.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "ledger/base/error.h"
#include "ledger/base/limits.h"
#include "ledger/domain/judgement.h"
#include "server/principal.h"

namespace chipledger {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;
// A UUID has 36 bytes; more than this of a wrong one helps nobody.
constexpr size_t kMaxShownBytes = 64;

std::string Shown(absl::string_view text) {
  if (text.size() <= kMaxShownBytes) return absl::StrCat("\"", text, "\"");
  return absl::StrCat("a text of ", text.size(), " bytes");
}

// "record_shipment"; nothing for a command without a kind.
absl::string_view KindName(const v1::Command& command) {
  const auto* kind = v1::Command::descriptor()->FindFieldByNumber(
      static_cast<int>(command.kind_case()));
  return kind == nullptr ? "" : absl::string_view(kind->name());
}

std::vector<v1::Judgement> JudgementsOf(const Ledger& ledger,
                                        const WriteAnswer& answer) {
  const std::vector<const v1::Event*> events(answer.events.begin(),
                                             answer.events.end());
  std::vector<v1::Judgement> judgements = domain::JudgementsOf(
      ledger.Latest()->catalog(), events, answer.index.value_or(answer.size));
  for (v1::Judgement& judgement : judgements) {
    domain::ShortenJudgement(judgement);
  }
  return judgements;
}

}  // namespace

absl::StatusOr<Uuid> CheckRequestId(absl::string_view request_id) {
  if (const std::optional<Uuid> id = Uuid::Parse(request_id)) {
    if (*id != Uuid()) return *id;
    // Who leaves it at that has no id of their own, and would get the answer of
    // somebody else who did.
    return InvalidFields({{"request_id",
                           "is the nil UUID, which many requests would share; "
                           "it must be a random UUID"}});
  }
  if (request_id.empty()) {
    return InvalidFields({{"request_id", "is required: a random UUID"}});
  }
  return InvalidFields(
      {{"request_id",
        absl::StrCat(Shown(request_id),
                     " is not a UUID such as "
                     "\"6f2c1a34-9e0b-4d55-8c1e-2b7d0a3f9e61\"")}});
}

absl::StatusOr<std::vector<v1::Command*>> CheckCommands(
    google::protobuf::RepeatedPtrField<v1::Command>& commands,
    const CommandKinds& kinds) {
  if (commands.empty()) {
    return InvalidFields({{"commands", "needs at least one command"}});
  }
  const size_t count = static_cast<size_t>(commands.size());
  if (count > limits::kMaxCommandsPerRequest) {
    return MakeError(
        absl::StatusCode::kInvalidArgument, "TOO_MANY_COMMANDS",
        absl::StrCat("a request has ", count, " commands; at most ",
                     limits::kMaxCommandsPerRequest,
                     " are decided together, split it"),
        {{"count", absl::StrCat(count)},
         {"max_count", absl::StrCat(limits::kMaxCommandsPerRequest)}});
  }
  for (int i = 0; i < commands.size(); ++i) {
    if (std::find(kinds.begin(), kinds.end(), commands[i].kind_case()) !=
        kinds.end()) {
      continue;
    }
    const absl::string_view kind = KindName(commands[i]);
    return InvalidFields(
        {{absl::StrCat("commands[", i, "]"),
          kind.empty() ? std::string("has no kind of command set")
                       : absl::StrCat("a ", kind,
                                      " is not a command of this service")}});
  }
  return std::vector<v1::Command*>(commands.pointer_begin(),
                                   commands.pointer_end());
}

void FillWriteResult(const WriteAnswer& answer, v1::WriteResult& result) {
  result.set_repeated_answer(answer.repeated_answer);
  if (!answer.index) return;
  result.set_index(*answer.index);
  result.mutable_record_time()->set_seconds(answer.record_time_ns /
                                            kNsPerSecond);
  result.mutable_record_time()->set_nanos(
      static_cast<int32_t>(answer.record_time_ns % kNsPerSecond));
}

void AddEvents(const Ledger& ledger, const WriteAnswer& answer,
               google::protobuf::RepeatedPtrField<v1::Event>& events,
               google::protobuf::RepeatedPtrField<v1::Judgement>& judgements) {
  std::vector<v1::Judgement> found = JudgementsOf(ledger, answer);
  size_t bytes = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    domain::ShortenEvidence(*answer.events[i]);
    bytes += answer.events[i]->ByteSizeLong() + found[i].ByteSizeLong();
    if (bytes > limits::kMaxPageBytes) return;
    events.UnsafeArenaAddAllocated(answer.events[i]);
    *judgements.Add() = std::move(found[i]);
  }
}

v1::Judgement FirstJudgement(const Ledger& ledger, const WriteAnswer& answer) {
  return answer.events.empty()
             ? v1::Judgement()
             : std::move(JudgementsOf(ledger, answer).front());
}

grpc::ServerUnaryReactor* SubmitWrite(const UnaryCall& call,
                                      std::unique_ptr<WriteBatch> batch,
                                      ConvertAnswer convert) {
  if (!call.runtime->calls.Begin()) return FailCall(call, ShuttingDown());
  batch->principal = ResolvePrincipal(*call.context);
  auto* reactor = new CountedReactor(call.runtime->calls);
  const absl::Status submitted = call.runtime->ledger.Submit(
      std::move(batch), WhenFull::kRefuse,
      [call, reactor, convert = std::move(convert)](
          std::unique_ptr<WriteBatch> decided) mutable {
        const WriteAnswer& answer = decided->answers.front();
        if (!answer.status.ok()) return reactor->Finish(ToGrpcStatus(answer));
        *call.response = SerializeMessage(*convert(*decided));
        reactor->Finish(grpc::Status::OK);
      });
  if (!submitted.ok()) reactor->Finish(ToGrpcStatus(submitted));
  return reactor;
}

}  // namespace chipledger
