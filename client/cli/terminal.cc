#include "client/cli/terminal.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/strings/str_format.h"

namespace chipledger::cli {
namespace {

// Bytes of the UTF-8 character that begins with this one; 1 for a byte that
// begins none.
size_t LengthOf(char first) {
  const auto byte = static_cast<unsigned char>(first);
  if (byte >= 0xF0) return 4;
  if (byte >= 0xE0) return 3;
  return byte >= 0xC0 ? 2 : 1;
}

uint32_t CodePointOf(absl::string_view character) {
  uint32_t code = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return code;
  code &= 0xFFu >> (character.size() + 1);
  for (const char byte : character.substr(1)) {
    code = code << 6 | (static_cast<unsigned char>(byte) & 0x3F);
  }
  return code;
}

bool MustBeEscaped(uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) ||  // Controls.
         code == 0x2028 || code == 0x2029 ||              // Line separators.
         // Marks of direction, embeddings, overrides and isolates.
         code == 0x061C || code == 0x200E || code == 0x200F ||
         (code >= 0x202A && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

std::string Escape(absl::string_view text, bool keep_line_feeds) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const absl::string_view character = text.substr(0, LengthOf(text[0]));
    const uint32_t code = CodePointOf(character);
    text.remove_prefix(character.size());
    if (!MustBeEscaped(code) || (code == '\n' && keep_line_feeds)) {
      out.append(character.data(), character.size());
    } else if (code == '\n') {
      out += "\\n";
    } else if (code == '\t') {
      out += "\\t";
    } else {
      out += absl::StrFormat("\\u%04x", code);
    }
  }
  return out;
}

// Bytes at the end of a text that begin a character and do not end it.
size_t BegunAtEnd(absl::string_view text) {
  for (size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const char byte = text[text.size() - back];
    if ((byte & 0xC0) == 0x80) continue;
    return LengthOf(byte) > back ? back : 0;
  }
  return 0;
}

}  // namespace

std::string OneLine(absl::string_view text) { return Escape(text, false); }

TerminalGuard::TerminalGuard(std::ostream& stream)
    : stream_(stream), target_(stream.rdbuf(this)) {}

TerminalGuard::~TerminalGuard() {
  target_->sputn(begun_.data(), static_cast<std::streamsize>(begun_.size()));
  target_->pubsync();
  stream_.rdbuf(target_);
}

TerminalGuard::int_type TerminalGuard::overflow(int_type c) {
  if (traits_type::eq_int_type(c, traits_type::eof())) return 0;
  const char byte = traits_type::to_char_type(c);
  return xsputn(&byte, 1) == 1 ? c : traits_type::eof();
}

std::streamsize TerminalGuard::xsputn(const char* data, std::streamsize size) {
  std::string text = std::exchange(begun_, "");
  text.append(data, static_cast<size_t>(size));
  const size_t whole = text.size() - BegunAtEnd(text);
  begun_ = text.substr(whole);
  text = Escape(absl::string_view(text).substr(0, whole), true);
  const auto bytes = static_cast<std::streamsize>(text.size());
  return target_->sputn(text.data(), bytes) == bytes ? size : 0;
}

int TerminalGuard::sync() { return target_->pubsync(); }

}  // namespace chipledger::cli
