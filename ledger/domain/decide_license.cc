// Deciding about licenses.
#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "ledger/base/error.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/assessment.h"
#include "ledger/domain/decide_internal.h"
#include "ledger/domain/errors.h"

namespace chipledger::domain {
namespace {

std::string Resource(const std::string& license_id) {
  return absl::StrCat("license ", license_id);
}

// "LICENSE_STATUS_REVOKED" for people.
std::string StatusName(v1::LicenseStatus status) {
  constexpr absl::string_view kPrefix = "LICENSE_STATUS_";
  return absl::AsciiStrToLower(
      v1::LicenseStatus_Name(status).substr(kPrefix.size()));
}

// Errors: LICENSE_NOT_FOUND, WRONG_STATUS when revoked.
absl::StatusOr<const LicenseState*> FindUnrevoked(
    const State& state, const std::string& license_id) {
  const LicenseState* license = state.FindLicense(license_id);
  if (license == nullptr) return LicenseNotFound(license_id);
  if (license->FinalStatus() == v1::LICENSE_STATUS_REVOKED) {
    return WrongStatus(Resource(license_id), "revoked", "not revoked");
  }
  return license;
}

// Errors: PARTY_NOT_FOUND, PRODUCT_NOT_FOUND.
absl::Status RequireKnown(const Catalog& catalog, const v1::License& license) {
  if (catalog.parties.Find(license.exporter()) == nullptr) {
    return PartyNotFound(license.exporter());
  }
  for (const std::string& consignee : license.consignees()) {
    if (catalog.parties.Find(consignee) == nullptr) {
      return PartyNotFound(consignee);
    }
  }
  for (const v1::LicenseLine& line : license.lines()) {
    if (catalog.products.Find(line.product_code()) == nullptr) {
      return ProductNotFound(line.product_code());
    }
  }
  return absl::OkStatus();
}

// One fact a destination, in the order in which lines name them.
std::vector<Fact> FactsOf(const Catalog& catalog, const v1::License& license,
                          v1::Evidence& evidence) {
  std::vector<Fact> facts;
  for (const v1::LicenseLine& line : license.lines()) {
    const v1::Product& product = **catalog.products.Find(line.product_code());
    v1::ItemFigures& figures = *evidence.add_figures();
    figures.set_gpus_per_unit(product.gpus_per_unit());
    if (product.has_milli_tpp_per_gpu()) {
      figures.set_milli_tpp_per_gpu(product.milli_tpp_per_gpu());
    }
    const std::string& country = LineDestination(license, line);
    auto fact = std::find_if(facts.begin(), facts.end(), [&](const Fact& f) {
      return f.country == country;
    });
    if (fact == facts.end()) {
      fact = facts.insert(
          facts.end(),
          Fact{.date = *Date::Parse(license.grant_date()),
               .country = country,
               .license_id = license.license_id(),
               .authorization_kind = v1::AUTHORIZATION_KIND_LICENSE});
    }
    fact->items.push_back({.product = &product,
                           .units = line.quantity(),
                           .line_number = line.line_number()});
  }
  return facts;
}

// Errors: WRONG_DATE.
absl::Status CheckNotBeforeGrant(const LicenseState& license,
                                 const std::string& effective_date) {
  if (*Date::Parse(effective_date) >= license.grant_date) {
    return absl::OkStatus();
  }
  return WrongDate(
      "effective_date", effective_date,
      absl::StrCat("is before the grant date, ", license.license.grant_date()));
}

// Counts what a license authorizes and tests it.
absl::Status CountLicense(const State& state, const v1::License& license,
                          Assessment& assessment, v1::Evidence& evidence) {
  const std::vector<Fact> facts = FactsOf(state.catalog(), license, evidence);
  return assessment.Count(v1::ACCRUAL_LICENSED, facts, evidence,
                          evidence.mutable_charges());
}

// Errors: WRONG_DATE, INVALID_FIELD, QUANTITY_NOT_AVAILABLE.
absl::Status CheckReplacement(const LicenseState& current,
                              const v1::License& replacement) {
  const v1::License& granted = current.license;
  if (replacement.exporter() != granted.exporter()) {
    return InvalidFields(
        {{"license.exporter", absl::StrCat("\"", replacement.exporter(),
                                           "\" is not the licensee, \"",
                                           granted.exporter(), "\"")}});
  }
  if (replacement.grant_date() != granted.grant_date()) {
    return WrongDate(
        "license.grant_date", replacement.grant_date(),
        absl::StrCat("is not the granted one, ", granted.grant_date()));
  }
  for (const LicenseState::Line& line : current.lines) {
    if (line.shipped == 0) continue;
    const std::string resource = absl::StrCat(Resource(granted.license_id()),
                                              " line ", line.line_number);
    const auto kept = std::find_if(
        replacement.lines().begin(), replacement.lines().end(),
        [&](const v1::LicenseLine& l) {
          return l.line_number() == line.line_number &&
                 l.product_code() == line.product_code &&
                 LineDestination(replacement, l) == line.destination_country;
        });
    if (kept == replacement.lines().end()) {
      return WrongStatus(resource, "drawn",
                         "kept with its product and destination");
    }
    if (kept->quantity() < line.shipped) {
      return QuantityNotAvailable(resource, line.shipped, kept->quantity());
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status DecideGrantLicense(v1::GrantLicense& command, Case& c) {
  const v1::License& license = command.license();
  RETURN_IF_ERROR(RequireKnown(c.state.catalog(), license));
  if (const LicenseState* known = c.state.FindLicense(license.license_id())) {
    return LicenseExists(license.license_id(), known->index);
  }
  v1::LicenseGranted& granted = *c.event.mutable_license_granted();
  granted.unsafe_arena_set_allocated_command(&command);
  Assessment assessment(c.state);
  RETURN_IF_ERROR(
      CountLicense(c.state, license, assessment, *granted.mutable_evidence()));
  c.violations = std::move(assessment.violations());
  return absl::OkStatus();
}

absl::Status DecideAmendLicense(v1::AmendLicense& command, Case& c) {
  const v1::License& license = command.license();
  ASSIGN_OR_RETURN(const LicenseState* current,
                   FindUnrevoked(c.state, license.license_id()));
  RETURN_IF_ERROR(RequireKnown(c.state.catalog(), license));
  RETURN_IF_ERROR(CheckReplacement(*current, license));
  v1::LicenseAmended& amended = *c.event.mutable_license_amended();
  amended.unsafe_arena_set_allocated_command(&command);
  v1::Evidence& evidence = *amended.mutable_evidence();
  Assessment assessment(c.state);
  RETURN_IF_ERROR(assessment.Release(
      *current,
      // What was revoked in part was given back, or its charge stays.
      [&](const v1::LicenseCharge& charge) {
        const auto* line = current->FindLine(charge.line_number());
        return line == nullptr ? 0 : line->authorized;
      },
      evidence));
  RETURN_IF_ERROR(CountLicense(c.state, license, assessment, evidence));
  c.violations = std::move(assessment.violations());
  return absl::OkStatus();
}

absl::Status DecideSuspendLicense(v1::SuspendLicense& command, Case& c) {
  ASSIGN_OR_RETURN(const LicenseState* license,
                   FindUnrevoked(c.state, command.license_id()));
  if (license->FinalStatus() != v1::LICENSE_STATUS_GRANTED) {
    return WrongStatus(Resource(command.license_id()),
                       StatusName(license->FinalStatus()), "granted");
  }
  RETURN_IF_ERROR(CheckNotBeforeGrant(*license, command.effective_date()));
  c.event.mutable_license_suspended()->unsafe_arena_set_allocated_command(
      &command);
  return absl::OkStatus();
}

absl::Status DecideReinstateLicense(v1::ReinstateLicense& command, Case& c) {
  ASSIGN_OR_RETURN(const LicenseState* license,
                   FindUnrevoked(c.state, command.license_id()));
  if (license->FinalStatus() != v1::LICENSE_STATUS_SUSPENDED) {
    return WrongStatus(Resource(command.license_id()),
                       StatusName(license->FinalStatus()), "suspended");
  }
  RETURN_IF_ERROR(CheckNotBeforeGrant(*license, command.effective_date()));
  c.event.mutable_license_reinstated()->unsafe_arena_set_allocated_command(
      &command);
  return absl::OkStatus();
}

absl::Status DecideRevokeLicense(v1::RevokeLicense& command, Case& c) {
  ASSIGN_OR_RETURN(const LicenseState* license,
                   FindUnrevoked(c.state, command.license_id()));
  RETURN_IF_ERROR(CheckNotBeforeGrant(*license, command.effective_date()));
  if (*Date::Parse(command.effective_date()) > c.today) {
    return WrongDate(
        "effective_date", command.effective_date(),
        absl::StrCat("has not come yet (today is ", c.today.ToString(),
                     " UTC); a revocation gives back its charge when it is "
                     "recorded, so record it on its date"));
  }
  for (int i = 0; i < command.parts_size(); ++i) {
    const v1::RevokeLicense::Part& part = command.parts(i);
    const LicenseState::Line* line = license->FindLine(part.line_number());
    if (line == nullptr) {
      return InvalidFields({{absl::StrCat("parts[", i, "].line_number"),
                             absl::StrCat(part.line_number(),
                                          " is not a line of the license")}});
    }
    if (part.quantity() > line->available()) {
      return QuantityNotAvailable(absl::StrCat(Resource(command.license_id()),
                                               " line ", part.line_number()),
                                  part.quantity(), line->available());
    }
  }
  v1::LicenseRevoked& revoked = *c.event.mutable_license_revoked();
  revoked.unsafe_arena_set_allocated_command(&command);
  const auto units_released = [&](const v1::LicenseCharge& charge) -> int64_t {
    if (!charge.release_on_revocation()) return 0;
    if (command.parts().empty()) {
      const LicenseState::Line* line = license->FindLine(charge.line_number());
      // Below 0 when more was shipped than authorized: from a revocation on the
      // charge is what was shipped.
      return line == nullptr ? 0 : line->available();
    }
    for (const v1::RevokeLicense::Part& part : command.parts()) {
      if (part.line_number() == charge.line_number()) return part.quantity();
    }
    return 0;
  };
  return Assessment(c.state).Release(*license, units_released,
                                     *revoked.mutable_evidence());
}

}  // namespace chipledger::domain
