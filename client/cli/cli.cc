#include "client/cli/cli.h"

#include <iostream>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/import/country_names.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/time_util.h"
#include "ledger/base/decimal.h"
#include "ledger/base/status_macros.h"
#include "ledger/scenario/text_file.h"

namespace chipledger::cli {
namespace {

absl::Status NotOfForm(absl::string_view option, absl::string_view form,
                       absl::string_view text) {
  return absl::InvalidArgumentError(
      absl::StrCat(option, " \"", text, "\" is not ", form,
                   " with a whole number of units"));
}

}  // namespace

client::Client& Cli::client() {
  if (!client_) {
    client_ = std::make_unique<client::Client>(client::ClientOptions{
        .server = server, .deadline = absl::Seconds(timeout_seconds)});
  }
  return *client_;
}

void AddWriteOptions(CLI::App& app, WriteOptions& options) {
  app.add_option("--request-id", options.request_id,
                 "UUID of this request; the same one with the same content is "
                 "recorded once (default: a new one)");
  app.add_flag("--validate-only", options.validate_only,
               "ask what would be answered, and record nothing");
}

CLI::Validator AtLeast(uint64_t min) {
  return CLI::Validator(
      [min](const std::string& text) {
        uint64_t value = 0;
        if (absl::SimpleAtoi(text, &value) && value >= min) {
          return std::string();
        }
        return absl::StrCat("\"", text, "\" is not a whole number from ", min,
                            " on");
      },
      "");
}

CLI::Validator Seconds() {
  return CLI::Validator(
      [](const std::string& text) {
        double value = 0;
        if (absl::SimpleAtod(text, &value) && value > 0) return std::string();
        return absl::StrCat("\"", text,
                            "\" is not a number of seconds above 0");
      },
      "");
}

CLI::Option* AddText(CLI::App& app, const std::string& name,
                     const std::string& description,
                     std::function<void(const std::string&)> set) {
  return app.add_option_function<std::string>(name, std::move(set),
                                              description);
}

void AddReadOptions(CLI::App& app, v1::ReadPoint& read_point,
                    const std::string& prefix) {
  const std::string at = prefix.empty() ? "--at-" : absl::StrCat("--", prefix);
  auto* size =
      app.add_option_function<uint64_t>(
             absl::StrCat(at, "size"),
             [&](uint64_t value) { read_point.set_at_size(value); },
             "the state when the ledger had this size (default: the latest)")
          ->check(AtLeast(1));
  const std::string time_name = absl::StrCat(at, "record-time");
  AddText(app, time_name,
          "the state as known at this time, such as 2026-01-31T12:00:00Z",
          [&, time_name](const std::string& text) {
            if (!google::protobuf::util::TimeUtil::FromString(
                    text, read_point.mutable_at_record_time())) {
              throw CLI::ValidationError(
                  time_name, absl::StrCat("\"", text,
                                          "\" is no RFC 3339 time such as "
                                          "2026-01-31T12:00:00Z"));
            }
          })
      ->excludes(size);
  AddText(app, absl::StrCat("--", prefix, "through-date"),
          "only facts dated not after this date",
          [&](const std::string& date) { read_point.set_through_date(date); });
}

void AddOverrideOptions(CLI::App& app, OverrideOptions& options) {
  auto* rules = app.add_option(
      "--override", options.rules,
      "POLICY/RULE that presumes denial and is to be passed over; repeat it");
  auto* reason = app.add_option("--override-reason", options.reason,
                                "why, for all rules passed over")
                     ->needs(rules);
  auto* citation = app.add_option("--override-citation", options.citation,
                                  "the citation or document that allows it")
                       ->needs(rules);
  rules->needs(reason)->needs(citation);
}

absl::Status SetOverrides(
    const OverrideOptions& options,
    google::protobuf::RepeatedPtrField<v1::Override>& overrides) {
  for (const std::string& text : options.rules) {
    const size_t slash = text.find('/');
    if (slash == std::string::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat("--override \"", text, "\" is not POLICY/RULE"));
    }
    v1::Override& one = *overrides.Add();
    one.set_policy_id(text.substr(0, slash));
    one.set_rule_id(text.substr(slash + 1));
    one.set_reason(options.reason);
    one.set_citation(options.citation);
  }
  return absl::OkStatus();
}

void AddRevisionOption(CLI::App& app, std::function<void(uint64_t)> set) {
  app.add_option_function<uint64_t>("--expected-revision", std::move(set),
                                    "the revision you saw; another one fails")
      ->check(AtLeast(0));
}

namespace {

absl::StatusOr<v1::LicenseLine> ParseLicenseLine(
    const std::string& text,
    const google::protobuf::RepeatedPtrField<std::string>& destinations) {
  v1::LicenseLine line;
  std::string product = text;
  const size_t equals = text.rfind('=');
  const size_t at = text.rfind('@');
  if (at != std::string::npos && equals != std::string::npos && at > equals) {
    ASSIGN_OR_RETURN(const std::string country,
                     ParseCountry(absl::string_view(text).substr(at + 1)));
    line.set_destination_country(country);
    product = text.substr(0, at);
  }
  ASSIGN_OR_RETURN(
      const auto quantity,
      ParseQuantity("--line", "PRODUCT=QUANTITY[@COUNTRY]", product));
  if (line.destination_country().empty() && destinations.size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("--line \"", text, "\" does not say for which of the ",
                     destinations.size(), " destinations it is: \"", text, "@",
                     destinations[0], "\""));
  }
  line.set_product_code(quantity.first);
  line.set_quantity(quantity.second);
  return line;
}

}  // namespace

absl::StatusOr<google::protobuf::RepeatedPtrField<v1::LicenseLine>>
ParseLicenseLines(
    const std::vector<std::string>& lines, const std::vector<int64_t>& values,
    const google::protobuf::RepeatedPtrField<std::string>& destinations) {
  if (!values.empty() && values.size() != lines.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("there are ", lines.size(), " --line and ", values.size(),
                     " --value; give one for each line, or none"));
  }
  google::protobuf::RepeatedPtrField<v1::LicenseLine> parsed;
  for (size_t i = 0; i < lines.size(); ++i) {
    ASSIGN_OR_RETURN(v1::LicenseLine line,
                     ParseLicenseLine(lines[i], destinations));
    line.set_line_number(static_cast<int32_t>(i) + 1);
    if (!values.empty()) line.set_value_usd(values[i]);
    *parsed.Add() = std::move(line);
  }
  return parsed;
}

absl::StatusOr<std::pair<std::string, int64_t>> ParseQuantity(
    absl::string_view option, absl::string_view form, absl::string_view text) {
  const size_t equals = text.rfind('=');
  const std::optional<int64_t> quantity =
      equals == absl::string_view::npos
          ? std::nullopt
          : ParseDecimal(text.substr(equals + 1), 0);
  if (!quantity || equals == 0) {
    return NotOfForm(option, form, text);
  }
  return std::make_pair(std::string(text.substr(0, equals)), *quantity);
}

absl::StatusOr<std::pair<int32_t, int64_t>> ParseNumberedQuantity(
    absl::string_view option, absl::string_view form, absl::string_view text) {
  ASSIGN_OR_RETURN(const auto named, ParseQuantity(option, form, text));
  int32_t number = 0;
  if (!absl::SimpleAtoi(named.first, &number)) {
    return NotOfForm(option, form, text);
  }
  return std::make_pair(number, named.second);
}

std::pair<std::string, std::string> SplitDate(absl::string_view text) {
  const size_t at = text.find('@');
  if (at == absl::string_view::npos) return {std::string(text), ""};
  return {std::string(text.substr(0, at)), std::string(text.substr(at + 1))};
}

absl::StatusOr<std::string> ParseCountry(absl::string_view text) {
  return import::ParseCountryName(text);
}

absl::Status ReadTextProto(const std::string& path,
                           google::protobuf::Message& message) {
  return scenarios::ReadTextFile(path, message);
}

void PrintJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  // Programs need not know which zeros are left out.
  options.always_print_primitive_fields = true;
  std::string json;
  const auto status =
      google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!status.ok()) {
    std::cerr << "chipledger: cannot write JSON: " << status.ToString() << "\n";
  }
  std::cout << json << "\n";
}

}  // namespace chipledger::cli
