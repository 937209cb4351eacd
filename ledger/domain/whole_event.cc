#include "ledger/domain/whole_event.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/decide.h"
#include "ledger/domain/errors.h"

namespace chipledger::domain {
namespace {

using google::protobuf::Arena;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// What a message costs in a list beside its own bytes: its tag and its length.
constexpr size_t kListedBytes = 8;
// What it costs at most to say how many entries continue an event.
constexpr size_t kContinuedByBytes = 8;

// The lists of an evidence. Rows, which can be many, come last.
const std::vector<const FieldDescriptor*>& EvidenceLists() {
  static const auto& lists = *new std::vector<const FieldDescriptor*>([] {
    const auto& type = *v1::Evidence::descriptor();
    const FieldDescriptor* totals =
        type.FindFieldByNumber(v1::Evidence::kTotalsFieldNumber);
    std::vector<const FieldDescriptor*> fields;
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor* field = type.field(i);
      if (field->is_repeated() && field != totals) fields.push_back(field);
    }
    fields.push_back(totals);
    return fields;
  }());
  return lists;
}

// The parts of an event's evidence: its reversal or null, then its evidence, or
// that of each command.
std::vector<v1::Evidence*> PartsOf(v1::Event& event) {
  std::vector<v1::Evidence*> parts = {MutableReversalOf(event)};
  if (event.has_refused()) {
    for (v1::Evidence& one : *event.mutable_refused()->mutable_evidence()) {
      parts.push_back(&one);
    }
  } else {
    parts.push_back(MutableEvidenceOf(event));
  }
  return parts;
}

// The same part of what continues an event.
v1::Evidence& PartOf(v1::EvidenceContinued& more, size_t part) {
  if (part == 0) return *more.mutable_reversal();
  while (static_cast<size_t>(more.evidence_size()) < part) more.add_evidence();
  return *more.mutable_evidence(static_cast<int>(part) - 1);
}

// Splitter fills one entry after the other.
class Splitter {
 public:
  Splitter(v1::Event& whole, uint64_t index, size_t max_bytes, Arena* arena)
      : index_(index), max_bytes_(max_bytes), arena_(arena) {
    entries_.push_back(Arena::CreateMessage<v1::Event>(arena_));
    *entries_.front() = whole;
    entries_.front()->clear_continued_by();
    first_parts_ = PartsOf(*entries_.front());
    for (v1::Evidence* part : first_parts_) {
      if (part == nullptr) continue;
      for (const FieldDescriptor* list : EvidenceLists()) {
        part->GetReflection()->ClearField(part, list);
      }
    }
    bytes_ = entries_.front()->ByteSizeLong() + kContinuedByBytes;
  }

  void Add(size_t part, const FieldDescriptor* list, const Message& element) {
    const size_t bytes = element.ByteSizeLong() + kListedBytes;
    if (bytes_ + bytes > max_bytes_) {
      auto* next = Arena::CreateMessage<v1::Event>(arena_);
      next->mutable_evidence_continued()->set_index(index_);
      PartOf(*next->mutable_evidence_continued(), part);
      entries_.push_back(next);
      bytes_ = next->ByteSizeLong();
    }
    v1::Evidence& to =
        entries_.size() == 1
            ? *first_parts_[part]
            : PartOf(*entries_.back()->mutable_evidence_continued(), part);
    to.GetReflection()->AddMessage(&to, list)->CopyFrom(element);
    bytes_ += bytes;
  }

  std::vector<v1::Event*> Take() {
    entries_.front()->set_continued_by(
        static_cast<uint32_t>(entries_.size() - 1));
    return std::move(entries_);
  }

 private:
  const uint64_t index_;
  const size_t max_bytes_;
  Arena* const arena_;
  std::vector<v1::Event*> entries_;
  std::vector<v1::Evidence*> first_parts_;
  // Of the last entry.
  size_t bytes_ = 0;
};

// Adds what the next entry, which continues the event of entry `index`, has.
// Errors: DATA_DAMAGED.
absl::Status Continue(const v1::Event& next, uint64_t index, v1::Event& event) {
  const v1::EvidenceContinued& more = next.evidence_continued();
  std::vector<v1::Evidence*> parts = PartsOf(event);
  const auto evidences = static_cast<size_t>(more.evidence_size());
  if (!next.has_evidence_continued() || more.index() != index ||
      evidences >= parts.size() ||
      (more.has_reversal() && parts[0] == nullptr) ||
      (evidences > 0 && parts[1] == nullptr)) {
    return DataDamaged(index, "is continued by what does not belong to it");
  }
  if (more.has_reversal()) parts[0]->MergeFrom(more.reversal());
  for (size_t i = 0; i < evidences; ++i) {
    parts[i + 1]->MergeFrom(more.evidence(static_cast<int>(i)));
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<v1::Event*> SplitEvent(v1::Event& whole, uint64_t index,
                                   size_t max_bytes, Arena* arena) {
  if (whole.ByteSizeLong() <= max_bytes) return {&whole};
  Splitter splitter(whole, index, max_bytes, arena);
  const std::vector<v1::Evidence*> parts = PartsOf(whole);
  // Short lists first, so that they stand in the first entry.
  for (const FieldDescriptor* list : EvidenceLists()) {
    for (size_t part = 0; part < parts.size(); ++part) {
      if (parts[part] == nullptr) continue;
      const auto& reflection = *parts[part]->GetReflection();
      const int count = reflection.FieldSize(*parts[part], list);
      for (int i = 0; i < count; ++i) {
        splitter.Add(part, list,
                     reflection.GetRepeatedMessage(*parts[part], list, i));
      }
    }
  }
  return splitter.Take();
}

absl::Status ReadWholeEntry(
    absl::FunctionRef<absl::Status(uint64_t index, v1::Entry& entry)> read,
    uint64_t index, v1::Entry& entry) {
  RETURN_IF_ERROR(read(index, entry));
  for (uint64_t i = 1; i < EntriesOf(entry.event()); ++i) {
    v1::Entry next;
    RETURN_IF_ERROR(read(index + i, next));
    RETURN_IF_ERROR(Continue(next.event(), index, *entry.mutable_event()));
  }
  return absl::OkStatus();
}

}  // namespace chipledger::domain
