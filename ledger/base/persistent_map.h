// An ordered map whose versions share structure: readers keep a version for as
// long as they like while the writer makes the next one.
#ifndef CHIPLEDGER_LEDGER_BASE_PERSISTENT_MAP_H_
#define CHIPLEDGER_LEDGER_BASE_PERSISTENT_MAP_H_

#include <atomic>
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
  // Whether nothing was set or taken away between the two. They may be equal
  // also when it is false.
  bool IsSameAs(const PersistentMap& other) const {
    return root_ == other.root_;
  }

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
    SetInBatch(key, std::move(value), 0);
  }

  // BatchSetter sets many keys of one map: what it has copied once it changes
  // in place from then on. The map must not be copied while it lives.
  class BatchSetter {
   public:
    explicit BatchSetter(PersistentMap& map) : map_(map), batch_(NewBatch()) {}
    void Set(const Key& key, Value value) {
      map_.SetInBatch(key, std::move(value), batch_);
    }

   private:
    PersistentMap& map_;
    const uint64_t batch_;
  };

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
  // Nodes that are reached from more than one version do not change.
  using NodePtr = std::shared_ptr<Node>;
  struct Node {
    Key key;
    Value value;
    size_t priority;
    // The batch that made it; 0: none.
    uint64_t batch;
    NodePtr left;
    NodePtr right;
  };

  // Returns a number that no other batch has or had.
  static uint64_t NewBatch() {
    static std::atomic<uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
  }

  void SetInBatch(const Key& key, Value value, uint64_t batch) {
    bool added = false;
    SetIn(root_, key, absl::HashOf(key), value, batch, added);
    size_ += added ? 1 : 0;
  }

  // Makes the node one that may be changed: itself when the batch made it, else
  // a copy.
  static Node& Own(NodePtr& node, uint64_t batch) {
    if (batch == 0 || node->batch != batch) {
      node = std::make_shared<Node>(*node);
      node->batch = batch;
    }
    return *node;
  }

  static void SetIn(NodePtr& node, const Key& key, size_t priority,
                    Value& value, uint64_t batch, bool& added) {
    if (node == nullptr) {
      added = true;
      node = std::make_shared<Node>(
          Node{key, std::move(value), priority, batch, nullptr, nullptr});
      return;
    }
    Node& own = Own(node, batch);
    if (Less()(key, own.key)) {
      SetIn(own.left, key, priority, value, batch, added);
      if (own.left->priority > own.priority) {
        NodePtr up = std::move(own.left);
        own.left = std::move(up->right);
        up->right = std::move(node);
        node = std::move(up);
      }
    } else if (Less()(own.key, key)) {
      SetIn(own.right, key, priority, value, batch, added);
      if (own.right->priority > own.priority) {
        NodePtr up = std::move(own.right);
        own.right = std::move(up->left);
        up->left = std::move(node);
        node = std::move(up);
      }
    } else {
      own.value = std::move(value);
    }
  }

  // Requires: the key is there.
  template <typename K>
  static NodePtr EraseIn(const NodePtr& node, const K& key) {
    const bool before = Less()(key, node->key);
    if (!before && !Less()(node->key, key)) {
      return Join(node->left, node->right);
    }
    auto copy = std::make_shared<Node>(*node);
    copy->batch = 0;
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
    copy->batch = 0;
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
