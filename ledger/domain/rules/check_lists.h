// Checks of the lists that the dimensions of rules are made of.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_RULES_CHECK_LISTS_H_
#define CHIPLEDGER_LEDGER_DOMAIN_RULES_CHECK_LISTS_H_

#include <algorithm>
#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"
#include "google/protobuf/repeated_field.h"
#include "ledger/domain/check.h"

namespace chipledger::domain {

using Strings = google::protobuf::RepeatedPtrField<std::string>;

// What is named twice was meant to be something else.
template <typename List>
void CheckDistinct(const List& list, const std::string& path,
                   FieldChecks& checks) {
  for (auto at = list.begin(); at != list.end(); ++at) {
    if (std::find(list.begin(), at, *at) != at) {
      checks.Add(absl::StrCat(path, "[", at - list.begin(), "]"),
                 "is named twice");
    }
  }
}

inline void CheckPrintables(const Strings& list, size_t max_bytes,
                            const std::string& path, FieldChecks& checks) {
  for (int i = 0; i < list.size(); ++i) {
    checks.Printable(list[i], max_bytes, true, absl::StrCat(path, "[", i, "]"));
  }
  CheckDistinct(list, path, checks);
}

inline void CheckSlugs(const Strings& list, size_t max_bytes,
                       const std::string& path, FieldChecks& checks) {
  for (int i = 0; i < list.size(); ++i) {
    checks.Slug(list[i], max_bytes, absl::StrCat(path, "[", i, "]"));
  }
  CheckDistinct(list, path, checks);
}

// Kinds of authorizations or movements.
template <typename List>
void CheckKinds(const List& list, bool (*is_valid)(int),
                const std::string& path, FieldChecks& checks) {
  for (int i = 0; i < list.size(); ++i) {
    if (!is_valid(list[i])) {
      checks.Add(absl::StrCat(path, "[", i, "]"),
                 absl::StrCat(list[i], " is not a kind"));
    }
  }
  CheckDistinct(list, path, checks);
}

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_RULES_CHECK_LISTS_H_
