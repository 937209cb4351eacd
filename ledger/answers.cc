#include "ledger/answers.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "google/protobuf/util/message_differencer.h"
#include "ledger/base/error.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/decide.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/judgement.h"
#include "ledger/domain/whole_event.h"
#include "ledger/envelope.h"

namespace chipledger {
namespace {

using ::google::protobuf::Message;
using ::google::protobuf::util::MessageDifferencer;

// Error messages travel in headers of bounded size; the details have it all.
constexpr size_t kMaxListed = 10;

// Notes the path of every field that differs, without the messages that hold
// it.
class PathReporter : public MessageDifferencer::Reporter {
 public:
  PathReporter(std::string prefix, std::vector<std::string>& paths)
      : prefix_(std::move(prefix)), paths_(paths) {}

  using Fields = std::vector<MessageDifferencer::SpecificField>;
  void ReportAdded(const Message&, const Message&,
                   const Fields& fields) override {
    Report(fields);
  }
  void ReportDeleted(const Message&, const Message&,
                     const Fields& fields) override {
    Report(fields);
  }
  void ReportModified(const Message&, const Message&,
                      const Fields& fields) override {
    Report(fields);
  }

 private:
  void Report(const Fields& fields) {
    std::string path = prefix_;
    for (const auto& part : fields) {
      if (part.field == nullptr) {
        absl::StrAppend(&path, ".", part.unknown_field_number);
        continue;
      }
      absl::StrAppend(&path, ".", part.field->name());
      const int index = part.index >= 0 ? part.index : part.new_index;
      if (index >= 0) absl::StrAppend(&path, "[", index, "]");
    }
    if (!HoldsLastPath(path)) paths_.push_back(std::move(path));
  }

  // A message is reported after its fields.
  bool HoldsLastPath(absl::string_view path) const {
    if (paths_.empty()) return false;
    absl::string_view rest = paths_.back();
    return absl::ConsumePrefix(&rest, path) &&
           (absl::StartsWith(rest, ".") || absl::StartsWith(rest, "["));
  }

  const std::string prefix_;
  std::vector<std::string>& paths_;
};

std::vector<std::string> DifferingFields(
    absl::string_view first_principal,
    const std::vector<v1::Command>& first_commands, absl::string_view principal,
    const std::vector<v1::Command*>& commands) {
  std::vector<std::string> paths;
  if (principal != first_principal) paths.push_back("principal");
  if (commands.size() != first_commands.size()) paths.push_back("commands");
  const size_t both = std::min(commands.size(), first_commands.size());
  for (size_t i = 0; i < both; ++i) {
    // The usual case, and much faster than comparing by reflection.
    if (first_commands[i].SerializeAsString() ==
        commands[i]->SerializeAsString()) {
      continue;
    }
    MessageDifferencer differencer;
    PathReporter reporter(absl::StrCat("commands[", i, "]"), paths);
    differencer.ReportDifferencesTo(&reporter);
    differencer.Compare(first_commands[i], *commands[i]);
  }
  return paths;
}

std::string JoinSome(std::vector<std::string> texts,
                     absl::string_view separator) {
  if (texts.size() > kMaxListed) {
    const size_t more = texts.size() - kMaxListed;
    texts.resize(kMaxListed);
    texts.push_back(absl::StrCat("and ", more, " more"));
  }
  return absl::StrJoin(texts, separator);
}

absl::Status RequestIdReused(const Uuid& request_id, uint64_t index,
                             std::vector<std::string> fields) {
  const std::string listed = JoinSome(std::move(fields), ",");
  return MakeError(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                   absl::StrCat("request_id ", request_id.ToString(),
                                " was used before, for entry ", index,
                                ", with other content; different: ", listed,
                                "; use a new request_id for a new request"),
                   {{"request_id", request_id.ToString()},
                    {"index", absl::StrCat(index)},
                    {"differing_fields", listed}});
}

// Reads the entries of the request that starts at an index, with their events
// whole.
absl::StatusOr<std::vector<v1::Entry*>> ReadRequest(
    store::EntryReader& reader, uint64_t first_index,
    google::protobuf::Arena& arena) {
  std::vector<v1::Entry*> entries;
  uint64_t parts = 1;
  for (uint64_t part = 0; part < parts;) {
    auto* entry = google::protobuf::Arena::CreateMessage<v1::Entry>(&arena);
    const absl::Status read =
        ReadWhole([&](uint64_t index) { return reader.Read(index); },
                  first_index + part, *entry);
    if (!read.ok()) return read;
    if (entry->request_part() != part) {
      return domain::DataDamaged(
          first_index + part,
          absl::StrCat("is not part ", part, " of its request"));
    }
    parts = entry->request_parts();
    part += domain::EntriesOf(entry->event());
    entries.push_back(entry);
  }
  return entries;
}

WriteAnswer ErrorAnswer(absl::Status status) {
  WriteAnswer answer;
  answer.status = std::move(status);
  return answer;
}

}  // namespace

void FillRefusal(const domain::Catalog& catalog, WriteAnswer& answer) {
  v1::Judgement judgement = domain::JudgementOf(
      catalog, *answer.events.front(), answer.index.value_or(answer.size));
  domain::ShortenJudgement(judgement);
  answer.violations = std::move(*judgement.mutable_violations());
  std::vector<std::string> rule_ids;
  std::vector<std::string> descriptions;
  for (const v1::Violation& violation : answer.violations) {
    if (violation.verdict() != v1::VERDICT_VIOLATED) continue;
    // Checks of a license belong to no policy.
    const std::string rule =
        violation.policy_id().empty()
            ? violation.rule_id()
            : absl::StrCat(violation.policy_id(), "/", violation.rule_id());
    descriptions.push_back(absl::StrCat(rule, ": ", violation.description()));
    if (std::find(rule_ids.begin(), rule_ids.end(), rule) == rule_ids.end()) {
      rule_ids.push_back(rule);
    }
  }
  std::map<std::string, std::string> metadata{
      {"rule_ids", absl::StrJoin(rule_ids, ",")}};
  if (answer.index) metadata["index"] = absl::StrCat(*answer.index);
  if (judgement.left_out() > 0) {
    metadata["omitted"] = absl::StrCat(judgement.left_out());
  }
  answer.status = MakeError(
      absl::StatusCode::kFailedPrecondition, "REFUSED_BY_RULES",
      absl::StrCat("refused by the rules: ", JoinSome(descriptions, "; ")),
      std::move(metadata));
}

WriteAnswer RepeatAnswer(store::EntryReader& reader,
                         const domain::Catalog& catalog, uint64_t first_index,
                         const WriteRequest& request, WriteBatch& batch) {
  const auto entries = ReadRequest(reader, first_index, batch.arena);
  if (!entries.ok()) return ErrorAnswer(entries.status());
  WriteAnswer answer;
  std::vector<v1::Command> commands;
  for (v1::Entry* entry : *entries) {
    for (v1::Command& command : domain::CommandsOf(entry->event())) {
      commands.push_back(std::move(command));
    }
    answer.events.push_back(entry->mutable_event());
  }
  const v1::Entry& first = *entries->front();
  if (Uuid::Parse(first.request_id()) != request.request_id) {
    return ErrorAnswer(domain::DataDamaged(
        first_index,
        absl::StrCat("is not of request ", request.request_id.ToString())));
  }
  std::vector<std::string> differing = DifferingFields(
      first.principal(), commands, batch.principal.name, request.commands);
  if (!differing.empty()) {
    return ErrorAnswer(
        RequestIdReused(request.request_id, first_index, std::move(differing)));
  }
  answer.index = first_index;
  // As the first time: the size with the request's last entry.
  answer.size = first_index + first.request_parts();
  answer.record_time_ns = RecordTimeNs(first);
  answer.repeated_answer = true;
  if (first.event().has_refused()) FillRefusal(catalog, answer);
  return answer;
}

}  // namespace chipledger
