// An ordered map whose versions share structure: readers keep a version for as
// long as they like while the writer makes the next one.
#ifndef CHIPLEDGER_LEDGER_BASE_PERSISTENT_MAP_H_
#define CHIPLEDGER_LEDGER_BASE_PERSISTENT_MAP_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "absl/hash/hash.h"

namespace chipledger {

// PersistentMap is a treap with path copying: Set copies the O(log n) nodes on
// the way to the key and leaves every other copy of the map as it was. Copying
// a map is copying a pointer. A node's priority is a hash of its key, so the
// expected depth does not depend on the order of insertion.
//
// Debian 12 has no library of persistent containers for C++.
//
// Thread-safety: thread-compatible; distinct copies may be used by distinct
// threads.
template <typename Key, typename Value, typename Less = std::less<>>
class PersistentMap {
 public:
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // Returns the key's value, or null. It lives as long as a map that holds it.
  template <typename K>
  const Value* Find(const K& key) const {
    const Node* node = root_.get();
    while (node != nullptr) {
      if (Less()(key, node->key)) {
        node = node->left.get();
      } else if (Less()(node->key, key)) {
        node = node->right.get();
      } else {
        return &node->value;
      }
    }
    return nullptr;
  }

  // Sets the key's value.
  void Set(const Key& key, Value value) {
    bool added = false;
    root_ = SetIn(root_, key, absl::HashOf(key), value, added);
    size_ += added ? 1 : 0;
  }

  // Takes the key away, if it is there.
  template <typename K>
  void Erase(const K& key) {
    if (Find(key) == nullptr) return;
    root_ = EraseIn(root_, key);
    --size_;
  }

  // Calls visit(key, value) in key order from the first key not below `from`,
  // until it returns false.
  template <typename K, typename Visit>
  void VisitFrom(const K& from, Visit&& visit) const {
    VisitNodeFrom(root_.get(), from, visit);
  }

  // Calls visit(key, value) for all keys in order, until it returns false.
  template <typename Visit>
  void VisitAll(Visit&& visit) const {
    VisitNode(root_.get(), visit);
  }

 private:
  struct Node;
  using NodePtr = std::shared_ptr<const Node>;
  struct Node {
    Key key;
    Value value;
    size_t priority;
    NodePtr left;
    NodePtr right;
  };

  static NodePtr SetIn(const NodePtr& node, const Key& key, size_t priority,
                       Value& value, bool& added) {
    if (node == nullptr) {
      added = true;
      return std::make_shared<Node>(
          Node{key, std::move(value), priority, nullptr, nullptr});
    }
    auto copy = std::make_shared<Node>(*node);
    if (Less()(key, node->key)) {
      copy->left = SetIn(node->left, key, priority, value, added);
      if (copy->left->priority > copy->priority) {
        auto up = std::make_shared<Node>(*copy->left);
        copy->left = up->right;
        up->right = std::move(copy);
        return up;
      }
    } else if (Less()(node->key, key)) {
      copy->right = SetIn(node->right, key, priority, value, added);
      if (copy->right->priority > copy->priority) {
        auto up = std::make_shared<Node>(*copy->right);
        copy->right = up->left;
        up->left = std::move(copy);
        return up;
      }
    } else {
      copy->value = std::move(value);
    }
    return copy;
  }

  // Requires: the key is there.
  template <typename K>
  static NodePtr EraseIn(const NodePtr& node, const K& key) {
    const bool before = Less()(key, node->key);
    if (!before && !Less()(node->key, key)) {
      return Join(node->left, node->right);
    }
    auto copy = std::make_shared<Node>(*node);
    NodePtr& side = before ? copy->left : copy->right;
    side = EraseIn(side, key);
    return copy;
  }

  // Requires: every key of `left` is before every key of `right`.
  static NodePtr Join(const NodePtr& left, const NodePtr& right) {
    if (left == nullptr) return right;
    if (right == nullptr) return left;
    const bool left_up = left->priority > right->priority;
    auto copy = std::make_shared<Node>(left_up ? *left : *right);
    NodePtr& side = left_up ? copy->right : copy->left;
    side = left_up ? Join(side, right) : Join(left, side);
    return copy;
  }

  template <typename Visit>
  static bool VisitNode(const Node* node, Visit& visit) {
    if (node == nullptr) return true;
    return VisitNode(node->left.get(), visit) &&
           visit(node->key, node->value) && VisitNode(node->right.get(), visit);
  }

  template <typename K, typename Visit>
  static bool VisitNodeFrom(const Node* node, const K& from, Visit& visit) {
    if (node == nullptr) return true;
    if (Less()(node->key, from)) {
      return VisitNodeFrom(node->right.get(), from, visit);
    }
    return VisitNodeFrom(node->left.get(), from, visit) &&
           visit(node->key, node->value) && VisitNode(node->right.get(), visit);
  }

  NodePtr root_;
  size_t size_ = 0;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_BASE_PERSISTENT_MAP_H_
