#include "server/page_token.h"

#include <algorithm>
#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "ledger/base/error.h"
#include "ledger/base/status_macros.h"

namespace chipledger {
namespace {

// FNV-1a: part of tokens that clients hold, so it must never change.
uint64_t Fnv1a(absl::string_view bytes) {
  uint64_t hash = 14'695'981'039'346'656'037u;
  for (const char c : bytes) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 1'099'511'628'211u;
  }
  return hash;
}

void ClearField(google::protobuf::Message& message, const char* name) {
  if (const auto* field = message.GetDescriptor()->FindFieldByName(name)) {
    message.GetReflection()->ClearField(&message, field);
  }
}

void ClearReadPoints(google::protobuf::Message& message) {
  const auto& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    if (type.field(i)->message_type() == v1::ReadPoint::descriptor()) {
      message.GetReflection()->ClearField(&message, type.field(i));
    }
  }
}

void AddPart(const std::string& part, std::string& text) {
  absl::StrAppend(&text, part.size(), ":", part);
}

// Takes "SIZE:BYTES" from the front of `rest`.
bool TakePart(absl::string_view& rest, std::string& part) {
  const size_t colon = rest.find(':');
  uint64_t size = 0;
  if (colon == absl::string_view::npos ||
      !absl::SimpleAtoi(rest.substr(0, colon), &size) ||
      size > rest.size() - colon - 1) {
    return false;
  }
  part = std::string(rest.substr(colon + 1, size));
  rest.remove_prefix(colon + 1 + size);
  return true;
}

}  // namespace

absl::StatusOr<size_t> PageSize(int32_t asked, size_t standard, size_t max) {
  if (asked < 0) {
    return InvalidFields(
        {{"page_size", absl::StrCat(asked, " is negative; 0 means ", standard,
                                    ", at most ", max, " are given")}});
  }
  if (asked == 0) return standard;
  return std::min(static_cast<size_t>(asked), max);
}

uint64_t ListFingerprint(const google::protobuf::Message& request) {
  std::unique_ptr<google::protobuf::Message> filter(request.New());
  filter->CopyFrom(request);
  ClearField(*filter, "page_size");
  ClearField(*filter, "page_token");
  ClearReadPoints(*filter);
  return Fnv1a(
      absl::StrCat(filter->GetTypeName(), "\n", filter->SerializeAsString()));
}

v1::ReadPoint PinMoment(const Ledger::Moment& moment) {
  v1::ReadPoint point;
  point.set_at_size(moment.snapshot->size);
  if (moment.through != Date::Max()) {
    point.set_through_date(moment.through.ToString());
  }
  return point;
}

std::string WritePageToken(uint64_t list, const PageToken& token) {
  std::string text;
  AddPart(absl::StrCat(list), text);
  for (const v1::ReadPoint& moment : token.moments) {
    AddPart(moment.SerializeAsString(), text);
  }
  for (const std::string& part : token.place) AddPart(part, text);
  return absl::WebSafeBase64Escape(text);
}

absl::StatusOr<PageToken> ReadPageToken(absl::string_view text, uint64_t list,
                                        size_t moments) {
  std::string decoded;
  if (!absl::WebSafeBase64Unescape(text, &decoded)) return WrongPageToken();
  absl::string_view rest = decoded;
  std::string part;
  if (!TakePart(rest, part) || part != absl::StrCat(list)) {
    return WrongPageToken();
  }
  PageToken token;
  for (size_t i = 0; i < moments; ++i) {
    v1::ReadPoint moment;
    if (!TakePart(rest, part) || !moment.ParseFromString(part) ||
        !moment.has_at_size()) {
      return WrongPageToken();
    }
    token.moments.push_back(std::move(moment));
  }
  while (!rest.empty()) {
    if (!TakePart(rest, part)) return WrongPageToken();
    token.place.push_back(std::move(part));
  }
  return token;
}

absl::StatusOr<std::vector<std::string>> ReadPagePlace(absl::string_view text,
                                                       uint64_t list,
                                                       size_t parts) {
  ASSIGN_OR_RETURN(PageToken token, ReadPageToken(text, list, 1));
  if (token.place.size() != parts) return WrongPageToken();
  return std::move(token.place);
}

absl::StatusOr<domain::TotalKey> TotalOfPlace(
    const std::vector<std::string>& place) {
  if (place.size() != 1) return WrongPageToken();
  std::optional<domain::TotalKey> key =
      domain::TotalKey::FromBytes(place.front());
  if (!key) return WrongPageToken();
  return *std::move(key);
}

absl::Status WrongPageToken() {
  return InvalidFields(
      {{"page_token",
        "is not the next_page_token of a page of this list; pass it unchanged "
        "with the same filters, or leave it out to start again"}});
}

}  // namespace chipledger
