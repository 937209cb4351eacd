#include "client/import/json_keys.h"

#include <cstddef>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"

namespace chipledger::import {
namespace {

using Json = nlohmann::json;

// A key however it is spelled.
std::string Spelled(absl::string_view key) {
  std::string name;
  for (const char c : key) {
    if (c != '_') name.push_back(absl::ascii_tolower(c));
  }
  return name;
}

// Notes the keys of the objects that are open, and stops at the first that
// comes again.
class KeyReader final : public nlohmann::json_sax<Json> {
 public:
  std::optional<std::string> TakeRepeated() { return std::move(repeated_); }

  bool start_object(std::size_t) override {
    open_.emplace_back();
    return true;
  }
  bool key(string_t& key) override {
    if (open_.back().insert(Spelled(key)).second) return true;
    repeated_ = key;
    return false;
  }
  bool end_object() override {
    open_.pop_back();
    return true;
  }
  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::detail::exception&) override {
    return false;
  }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }

 private:
  std::vector<std::set<std::string>> open_;
  std::optional<std::string> repeated_;
};

}  // namespace

std::optional<std::string> FindRepeatedKey(absl::string_view json) {
  KeyReader reader;
  Json::sax_parse(json.begin(), json.end(), &reader);
  return reader.TakeRepeated();
}

}  // namespace chipledger::import
