// What events say, for readers: names, headroom, citations and sentences, told
// from the evidence and the policies. Nothing of it is stored, so that it can
// be worded anew. The only place where it is worded.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_JUDGEMENT_H_
#define CHIPLEDGER_LEDGER_DOMAIN_JUDGEMENT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "chipledger/v1/event.pb.h"
#include "chipledger/v1/evidence.pb.h"
#include "ledger/base/limits.h"
#include "ledger/domain/catalog.h"
#include "ledger/domain/evaluation.h"

namespace chipledger::domain {

// Returns the judgements of the events of one request, in their order. Events
// are whole; one that only continues another is told without what was found
// about the license, which takes the command.
// `first_index` is the index of the first, or, when they were not stored, the
// one it would have had. `catalog` is that of a later size, or the one they
// were decided on; policies that the request itself adopts need not be in it.
// What names a policy that is nowhere is left out.
std::vector<v1::Judgement> JudgementsOf(
    const Catalog& catalog, absl::Span<const v1::Event* const> events,
    uint64_t first_index);

// The same of one event.
v1::Judgement JudgementOf(const Catalog& catalog, const v1::Event& event,
                          uint64_t index);

// Tells one evaluation by `rule`, which stands in `policy`.
v1::RuleEvaluation TellEvaluation(const Evaluation& evaluation,
                                  const CompiledPolicy& policy,
                                  const CompiledRule& rule);

// Tells a check of a license that a shipment does not pass.
v1::Violation LicenseViolation(const v1::LicenseFinding& finding,
                               const v1::Shipment& shipment);

// Leaves out what is beyond so many bytes, violations last, and says how much
// that is.
void ShortenJudgement(v1::Judgement& judgement,
                      size_t max_bytes = limits::kMaxJudgementBytes);

// Leaves out totals of an event's evidence, the last ones, that are beyond
// limits::kMaxShownEvidenceBytes.
void ShortenEvidence(v1::Event& event);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_JUDGEMENT_H_
