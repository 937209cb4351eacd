// Deciding about products, parties, country groups, holidays and declared
// compute.
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "ledger/base/error.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/catalog_fold.h"
#include "ledger/domain/decide_internal.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/fact_dates.h"
#include "ledger/domain/recount.h"

namespace chipledger::domain {
namespace {

// Finds a chain of ultimate parents that leads back to the party.
bool LeadsBackTo(const Catalog& catalog, const std::string& party_id,
                 const std::string& start) {
  std::set<std::string> seen;
  std::vector<std::string> open = {start};
  while (!open.empty()) {
    const std::string id = open.back();
    open.pop_back();
    if (id == party_id) return true;
    if (!seen.insert(id).second) continue;
    if (const auto* party = catalog.parties.Find(id)) {
      for (const v1::UltimateParent& parent : (*party)->ultimate_parents()) {
        open.push_back(parent.party_id());
      }
    }
  }
  return false;
}

}  // namespace

absl::Status DecideRegisterProduct(v1::RegisterProduct& command, Case& c) {
  c.event.mutable_product_registered()->unsafe_arena_set_allocated_command(
      &command);
  return absl::OkStatus();
}

absl::Status DecideRegisterParty(v1::RegisterParty& command, Case& c) {
  const v1::Party& party = command.party();
  for (int i = 0; i < party.ultimate_parents_size(); ++i) {
    const std::string& parent = party.ultimate_parents(i).party_id();
    if (c.state.catalog().parties.Find(parent) == nullptr) {
      return PartyNotFound(parent);
    }
    if (LeadsBackTo(c.state.catalog(), party.party_id(), parent)) {
      return InvalidFields(
          {{absl::StrCat("party.ultimate_parents[", i, "].party_id"),
            absl::StrCat("\"", parent, "\" is itself owned by \"",
                         party.party_id(), "\"")}});
    }
  }
  if (const std::optional<JudgedFact> judged = FindJudgedOtherwise(
          c.state.catalog(), c.state.registers().fact_dates, party)) {
    return ChangeTooLate(absl::StrCat("party ", party.party_id()), *judged,
                         ", with what was known until then before it");
  }
  c.event.mutable_party_registered()->unsafe_arena_set_allocated_command(
      &command);
  return absl::OkStatus();
}

absl::Status DecideChangeCountryGroup(v1::ChangeCountryGroup& command,
                                      Case& c) {
  c.event.mutable_country_group_changed()->unsafe_arena_set_allocated_command(
      &command);
  const std::string& group_id = command.group_id();
  // What the event would do, on a copy.
  Registers after = c.state.registers();
  RETURN_IF_ERROR(FoldCatalog(c.event, c.state.size(), after));
  const std::optional<JudgedFact> judged =
      FindJudgedOtherwise(c.state.catalog(), c.state.registers().fact_dates,
                          **after.catalog.groups.Find(group_id));
  if (!judged) return absl::OkStatus();
  return ChangeTooLate(absl::StrCat("country group ", group_id), *judged,
                       ", or give the country to a new group and adopt a "
                       "policy that names that one, which counts what is in "
                       "the log");
}

absl::Status DecideChangeHolidays(v1::ChangeHolidays& command, Case& c) {
  c.event.mutable_holidays_changed()->unsafe_arena_set_allocated_command(
      &command);
  return absl::OkStatus();
}

absl::Status DecideDeclareCompute(v1::DeclareCompute& command, Case& c) {
  if (c.state.catalog().parties.Find(command.party()) == nullptr) {
    return PartyNotFound(command.party());
  }
  RETURN_IF_ERROR(
      CheckHasHappened("effective_date", command.effective_date(), c));
  const Date date = ParsedDate(command.effective_date());
  v1::ComputeDeclared& declared = *c.event.mutable_compute_declared();
  declared.unsafe_arena_set_allocated_command(&command);
  v1::Evidence& evidence = *declared.mutable_evidence();
  Assessment assessment(c.state, date, nullptr);
  if (const uint64_t* before =
          c.state.registers().declarations.Find(command.party())) {
    ASSIGN_OR_RETURN(const std::shared_ptr<const v1::Event> earlier,
                     c.history.ReadEvent(*before));
    const std::string& since =
        earlier->compute_declared().command().effective_date();
    if (date < ParsedDate(since)) {
      return WrongDate("effective_date", command.effective_date(),
                       absl::StrCat("is before ", since, ", the date of what ",
                                    command.party(), " declared last"));
    }
    ASSIGN_OR_RETURN(const v1::Evidence counted,
                     CountedEvidence(c.state, c.history, *earlier, *before));
    // What the earlier declaration itself gave back is not to be taken again.
    RETURN_IF_ERROR(assessment.CountBackFrom(
        counted, date,
        [](const Evaluation& evaluation) { return evaluation.asked > 0; }));
    RETURN_IF_ERROR(assessment.Judge(evidence));
  }
  ASSIGN_OR_RETURN(const std::vector<Fact> facts,
                   FactsOfDeclaration(c.state.catalog(), command));
  for (const Fact& fact : facts) {
    const v1::Product* product = fact.items.front().product;
    if (product != nullptr) AddFigures(*product, evidence);
  }
  RETURN_IF_ERROR(
      assessment.Count(facts, Occasion::kInstalled, Test::kNothing));
  return assessment.Judge(evidence);
}

}  // namespace chipledger::domain
