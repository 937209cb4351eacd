#include "server/through_date.h"

#include <algorithm>
#include <optional>

namespace chipledger {
namespace {

template <typename List, typename DateOf>
void KeepThrough(Date through, DateOf date_of, List& list) {
  list.erase(std::remove_if(list.begin(), list.end(),
                            [&](const auto& element) {
                              return !HoldsBy(date_of(element), through);
                            }),
             list.end());
}

}  // namespace

bool HoldsBy(absl::string_view date, Date through) {
  const std::optional<Date> from = Date::Parse(date);
  return !from || *from <= through;
}

v1::Party PartyThrough(v1::Party party, Date through) {
  const auto date_of = [](const auto& part) { return part.effective_from(); };
  KeepThrough(through, date_of, *party.mutable_headquarters());
  KeepThrough(through, date_of, *party.mutable_ultimate_parents());
  return party;
}

v1::CountryGroup GroupThrough(v1::CountryGroup group, Date through) {
  KeepThrough(
      through,
      [](const v1::MembershipChange& change) {
        return change.effective_date();
      },
      *group.mutable_changes());
  return group;
}

v1::AdoptedPolicy PolicyThrough(v1::AdoptedPolicy policy, Date through) {
  if (!HoldsBy(policy.rescinded_from(), through)) {
    policy.clear_rescinded_from();
  }
  if (!HoldsBy(policy.superseded_from(), through)) {
    policy.clear_superseded_from();
  }
  return policy;
}

}  // namespace chipledger
