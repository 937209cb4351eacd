#include "server/page_token.h"

#include <algorithm>
#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "ledger/base/error.h"

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
  ClearField(*filter, "freshness");
  return Fnv1a(
      absl::StrCat(filter->GetTypeName(), "\n", filter->SerializeAsString()));
}

std::string WritePageToken(uint64_t list,
                           const std::vector<std::string>& place) {
  std::string token;
  const std::string id = absl::StrCat(list);
  absl::StrAppend(&token, id.size(), ":", id);
  for (const std::string& part : place) {
    absl::StrAppend(&token, part.size(), ":", part);
  }
  return absl::WebSafeBase64Escape(token);
}

absl::StatusOr<std::vector<std::string>> ReadPageToken(absl::string_view token,
                                                       uint64_t list,
                                                       size_t parts) {
  std::string text;
  if (!absl::WebSafeBase64Unescape(token, &text)) return WrongPageToken();
  absl::string_view rest = text;
  std::string id;
  if (!TakePart(rest, id) || id != absl::StrCat(list)) return WrongPageToken();
  std::vector<std::string> place(parts);
  for (std::string& part : place) {
    if (!TakePart(rest, part)) return WrongPageToken();
  }
  if (!rest.empty()) return WrongPageToken();
  return place;
}

absl::Status WrongPageToken() {
  return InvalidFields(
      {{"page_token",
        "is not the next_page_token of a page of this list; pass it unchanged "
        "with the same filters, or leave it out to start again"}});
}

}  // namespace chipledger
