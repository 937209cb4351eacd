#include "client/cli/policy_file_options.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "client/errors.h"
#include "ledger/base/status_macros.h"
#include "ledger/scenario/text_file.h"

namespace chipledger::cli {
namespace {

// What stands behind "commands[3]." or "commands[3]: ", and the number; 0 and
// all of it where there is no such start: there is one command.
struct NumberedField {
  int command = 0;
  std::string rest;
};

NumberedField WithoutCommand(const std::string& text) {
  constexpr absl::string_view kStart = "commands[";
  const size_t end = text.find(']');
  NumberedField field{.rest = text};
  if (!absl::StartsWith(text, kStart) || end == std::string::npos ||
      !absl::SimpleAtoi(text.substr(kStart.size(), end - kStart.size()),
                        &field.command)) {
    return field;
  }
  field.rest = text.substr(std::min(
      text.size(), end + (absl::StartsWith(text.substr(end), "]: ") ? 3 : 2)));
  return field;
}

// The place of an element in a list of the file, by its name.
template <typename List, typename NameOf>
int PlaceOf(const List& list, const std::string& name, const NameOf& name_of) {
  const auto found = std::find_if(
      list.begin(), list.end(),
      [&](const auto& element) { return name_of(element) == name; });
  return static_cast<int>(found - list.begin());
}

// The path of a field in the file: scenarios::AdoptionOf makes a command of
// each group, each party, the policy and each rescission, in this order, of
// what the ledger did not have already.
std::string PathInFile(const NumberedField& field, const ChosenPolicy& chosen) {
  const v1::PolicyFile& sent = chosen.file;
  const v1::PolicyFile& written = chosen.text.file;
  int place = field.command;
  if (place < sent.country_groups_size()) {
    return absl::StrCat("country_groups[", place, "].", field.rest);
  }
  place -= sent.country_groups_size();
  if (place < sent.parties_size()) {
    return absl::StrCat(
        "parties[",
        PlaceOf(written.parties(), sent.parties(place).party_id(),
                [](const v1::Party& party) { return party.party_id(); }),
        "].", absl::StripPrefix(field.rest, "party."));
  }
  place -= sent.parties_size();
  if (sent.has_policy() && place-- == 0) return field.rest;
  if (place >= sent.rescissions_size()) return field.rest;
  return absl::StrCat(
      "rescissions[",
      PlaceOf(written.rescissions(), sent.rescissions(place).policy_id(),
              [](const v1::RescindPolicy& ended) { return ended.policy_id(); }),
      "].", field.rest);
}

absl::Status WithPayloadsOf(const absl::Status& from, absl::Status to) {
  from.ForEachPayload([&](absl::string_view type, const absl::Cord& payload) {
    to.SetPayload(type, payload);
  });
  return to;
}

}  // namespace

void AddSetOption(CLI::App& app, PolicyFileOptions& options) {
  app.add_option("--set", options.values,
                 "NAME=VALUE of a parameter of the file, which has its default "
                 "unless given; may be given several times")
      ->allow_extra_args(false);
}

void AddPolicyFileOptions(CLI::App& app, const std::string& description,
                          PolicyFileOptions& options) {
  app.add_option("FILE", options.file, description)->required();
  AddSetOption(app, options);
}

absl::StatusOr<ChosenPolicy> ChoosePolicy(const PolicyFileOptions& options) {
  scenarios::ParameterValues values;
  for (const std::string& text : options.values) {
    auto value = scenarios::ParseParameterValue(text);
    if (!value.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--set ", value.status().message()));
    }
    values.push_back(*std::move(value));
  }
  ChosenPolicy chosen;
  ASSIGN_OR_RETURN(chosen.text, scenarios::ReadPolicyText(options.file));
  ASSIGN_OR_RETURN(chosen.file, scenarios::WithParameters(chosen.text, values));
  return chosen;
}

absl::Status InTermsOfFile(const absl::Status& status,
                           const ChosenPolicy& chosen) {
  const std::vector<FieldViolation> fields =
      client::GetErrorDetails(status).fields;
  if (fields.empty()) {
    const absl::Status told(status.code(),
                            WithoutCommand(std::string(status.message())).rest);
    return WithPayloadsOf(status, told);
  }
  std::string lines;
  for (const FieldViolation& field : fields) {
    // The request's own, and not of a command that was made of the file.
    if (field.field == "request_id") return status;
    absl::StrAppend(
        &lines, lines.empty() ? "" : "\n",
        scenarios::FormatViolation(
            chosen.text.path, chosen.text.places, *v1::PolicyFile::descriptor(),
            {PathInFile(WithoutCommand(field.field), chosen),
             field.description}));
  }
  return absl::InvalidArgumentError(lines);
}

absl::StatusOr<v1::PolicyFile> ReadPolicyFile(
    const PolicyFileOptions& options) {
  ASSIGN_OR_RETURN(ChosenPolicy chosen, ChoosePolicy(options));
  return std::move(chosen.file);
}

}  // namespace chipledger::cli
