#include "ledger/domain/rules/group_key.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace chipledger::domain {
namespace {

constexpr char kSeparator = '\0';

// The text field of a key; null for GROUP_BY_LICENSE_LINE, which is a number.
const std::string* TextOf(v1::Scope::GroupBy key, const v1::GroupKey& group) {
  switch (key) {
    case v1::Scope::GROUP_BY_DESTINATION_COUNTRY:
      return &group.destination_country();
    case v1::Scope::GROUP_BY_LICENSE:
      return &group.license_id();
    case v1::Scope::GROUP_BY_HEADQUARTERS_COUNTRY:
      return &group.headquarters_country();
    case v1::Scope::GROUP_BY_EXPORTER:
      return &group.exporter();
    case v1::Scope::GROUP_BY_CONSIGNEE:
      return &group.consignee();
    case v1::Scope::GROUP_BY_END_USER:
      return &group.end_user();
    case v1::Scope::GROUP_BY_ULTIMATE_PARENT:
      return &group.ultimate_parent();
    case v1::Scope::GROUP_BY_PRODUCT:
      return &group.product_code();
    case v1::Scope::GROUP_BY_COUNTRY_GROUP:
      return &group.country_group();
    default:
      return nullptr;
  }
}

void SetValue(v1::Scope::GroupBy key, absl::string_view value,
              v1::GroupKey& group) {
  switch (key) {
    case v1::Scope::GROUP_BY_DESTINATION_COUNTRY:
      return group.set_destination_country(value.data(), value.size());
    case v1::Scope::GROUP_BY_LICENSE:
      return group.set_license_id(value.data(), value.size());
    case v1::Scope::GROUP_BY_HEADQUARTERS_COUNTRY:
      return group.set_headquarters_country(value.data(), value.size());
    case v1::Scope::GROUP_BY_EXPORTER:
      return group.set_exporter(value.data(), value.size());
    case v1::Scope::GROUP_BY_CONSIGNEE:
      return group.set_consignee(value.data(), value.size());
    case v1::Scope::GROUP_BY_END_USER:
      return group.set_end_user(value.data(), value.size());
    case v1::Scope::GROUP_BY_ULTIMATE_PARENT:
      return group.set_ultimate_parent(value.data(), value.size());
    case v1::Scope::GROUP_BY_PRODUCT:
      return group.set_product_code(value.data(), value.size());
    case v1::Scope::GROUP_BY_COUNTRY_GROUP:
      return group.set_country_group(value.data(), value.size());
    default: {
      int32_t line = 0;
      if (absl::SimpleAtoi(value, &line)) group.set_license_line(line);
    }
  }
}

// The names of the fields of v1::GroupKey, by key.
absl::string_view FieldName(v1::Scope::GroupBy key) {
  switch (key) {
    case v1::Scope::GROUP_BY_DESTINATION_COUNTRY:
      return "destination_country";
    case v1::Scope::GROUP_BY_LICENSE:
      return "license_id";
    case v1::Scope::GROUP_BY_HEADQUARTERS_COUNTRY:
      return "headquarters_country";
    case v1::Scope::GROUP_BY_EXPORTER:
      return "exporter";
    case v1::Scope::GROUP_BY_CONSIGNEE:
      return "consignee";
    case v1::Scope::GROUP_BY_END_USER:
      return "end_user";
    case v1::Scope::GROUP_BY_ULTIMATE_PARENT:
      return "ultimate_parent";
    case v1::Scope::GROUP_BY_PRODUCT:
      return "product_code";
    case v1::Scope::GROUP_BY_COUNTRY_GROUP:
      return "country_group";
    default:
      return "license_line";
  }
}

}  // namespace

std::string EncodeGroup(const GroupKeys& keys, const v1::GroupKey& group) {
  std::string encoded;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i > 0) encoded.push_back(kSeparator);
    if (const std::string* text = TextOf(keys[i], group)) {
      encoded.append(*text);
    } else if (group.license_line() != 0) {
      absl::StrAppend(&encoded, group.license_line());
    }
  }
  return encoded;
}

bool SameGroup(const v1::GroupKey& a, const v1::GroupKey& b) {
  for (int number = v1::Scope::GroupBy_MIN + 1;
       number <= v1::Scope::GroupBy_MAX; ++number) {
    const auto key = static_cast<v1::Scope::GroupBy>(number);
    const std::string* text = TextOf(key, a);
    if (text != nullptr && *text != *TextOf(key, b)) return false;
  }
  return a.license_line() == b.license_line();
}

absl::string_view ValueOf(const GroupKeys& keys, absl::string_view encoded,
                          v1::Scope::GroupBy key) {
  for (const v1::Scope::GroupBy at : keys) {
    const size_t end = std::min(encoded.find(kSeparator), encoded.size());
    if (at == key) return encoded.substr(0, end);
    encoded.remove_prefix(std::min(end + 1, encoded.size()));
  }
  return {};
}

v1::GroupKey DecodeGroup(const GroupKeys& keys, absl::string_view encoded) {
  v1::GroupKey group;
  for (const v1::Scope::GroupBy key : keys) {
    const absl::string_view value = ValueOf(keys, encoded, key);
    if (!value.empty()) SetValue(key, value, group);
  }
  return group;
}

std::optional<std::string> FieldNotAmong(const GroupKeys& keys,
                                         const v1::GroupKey& group) {
  for (int number = v1::Scope::GroupBy_MIN + 1;
       number <= v1::Scope::GroupBy_MAX; ++number) {
    const auto key = static_cast<v1::Scope::GroupBy>(number);
    const std::string* text = TextOf(key, group);
    const bool set = text != nullptr ? !text->empty() : group.license_line();
    if (set && std::find(keys.begin(), keys.end(), key) == keys.end()) {
      return std::string(FieldName(key));
    }
  }
  return std::nullopt;
}

std::string ProjectGroup(const GroupKeys& keys, absl::string_view encoded,
                         const GroupKeys& onto) {
  std::string projected;
  for (size_t i = 0; i < onto.size(); ++i) {
    if (i > 0) projected.push_back(kSeparator);
    projected.append(std::string(ValueOf(keys, encoded, onto[i])));
  }
  return projected;
}

}  // namespace chipledger::domain
