// The policies of a ledger, in the order adopted.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_POLICIES_H_
#define CHIPLEDGER_LEDGER_DOMAIN_POLICIES_H_

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "ledger/domain/rules/policy.h"

namespace chipledger::domain {

// Policies is a value: a copy is a pointer and stays as it was. A policy's
// place is its number.
class Policies {
 public:
  using List = std::vector<std::shared_ptr<const CompiledPolicy>>;

  Policies() : list_(std::make_shared<const List>()) {}
  explicit Policies(List list)
      : list_(std::make_shared<const List>(std::move(list))) {}

  size_t size() const { return list_->size(); }
  bool empty() const { return list_->empty(); }
  List::const_iterator begin() const { return list_->begin(); }
  List::const_iterator end() const { return list_->end(); }
  const std::shared_ptr<const CompiledPolicy>& operator[](size_t number) const {
    return (*list_)[number];
  }
  const std::shared_ptr<const CompiledPolicy>& front() const {
    return list_->front();
  }
  const std::shared_ptr<const CompiledPolicy>& back() const {
    return list_->back();
  }

  // Adds a policy, whose number must be the next.
  void Add(std::shared_ptr<const CompiledPolicy> policy) {
    List next = *list_;
    next.push_back(std::move(policy));
    *this = Policies(std::move(next));
  }
  // Replaces the policy with the same number.
  void Replace(std::shared_ptr<const CompiledPolicy> policy) {
    List next = *list_;
    const size_t number = policy->number;
    next[number] = std::move(policy);
    *this = Policies(std::move(next));
  }

  // Whether nothing was added or replaced between the two.
  bool IsSameAs(const Policies& other) const { return list_ == other.list_; }

 private:
  std::shared_ptr<const List> list_;
};

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_POLICIES_H_
