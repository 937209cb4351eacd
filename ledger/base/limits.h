// Every limit of the ledger, with its unit in the name and its reason.
#ifndef CHIPLEDGER_LEDGER_BASE_LIMITS_H_
#define CHIPLEDGER_LEDGER_BASE_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace chipledger::limits {

// C2SP tlog-tiles writes an entry's length in 16 bits.
inline constexpr size_t kMaxEntryBytes = 65'535;
// Leaves room in an entry for the evidence beside the commands of a request.
inline constexpr size_t kMaxRequestBytes = 48 * 1024;
// A refusal repeats all commands of its request in one entry.
inline constexpr size_t kMaxCommandsPerRequest = 100;
// Bounds the memory of one batch of a bulk stream.
inline constexpr size_t kMaxRequestsPerBatch = 10'000;
// Bounds what one RPC message may make the server hold.
inline constexpr size_t kMaxMessageBytes = 8 * 1024 * 1024;
// Bounds the memory of single writes that wait to be decided. Bulk streams are
// bounded one by one, below, and take no room here: they cannot make a single
// write fail.
inline constexpr size_t kMaxQueuedCommands = 65'536;
// Commands decided in one group: large enough to amortize one sync, small
// enough to keep the latency of its first command low.
inline constexpr size_t kMaxGroupCommands = 8'192;
// What one bulk stream has under way, read and not yet answered: four full
// groups, one being read, one decided, one synced and one answered. Requests
// are counted beside their commands, because a wrong one may have none. The
// stream reads on while it is below each bound, so one batch more may be there.
inline constexpr size_t kMaxStreamRequests = 4 * kMaxGroupCommands;
inline constexpr size_t kMaxStreamCommands = 4 * kMaxGroupCommands;
// The same in bytes of what was read: bounds the memory of a stream of large
// commands.
inline constexpr size_t kMaxStreamBytes = 16 * 1024 * 1024;
// Bytes of entries in one group: bounds the memory of a group and the size of
// its one synced write.
inline constexpr size_t kMaxGroupBytes = 4 * 1024 * 1024;
// Files of the database that are open at once, unless said otherwise.
inline constexpr int kMaxOpenFiles = 256;
// Entries whose ids are kept in memory before they go to a file of their own.
inline constexpr size_t kIdGenerationEntries = 524'288;
// Entries between two marks of the state. A past read and a start fold about as
// many at most; each mark stores what changed since the one before.
inline constexpr size_t kMarkEntries = 16'384;
// Past states kept in memory, so that the reads of one view load theirs once.
inline constexpr size_t kMaxPastStates = 8;
// Threads that load past states and answer reads of them.
inline constexpr size_t kReaderThreads = 2;

inline constexpr size_t kMaxPartyIdBytes = 64;
inline constexpr size_t kMaxPolicyIdBytes = 64;
inline constexpr size_t kMaxRuleIdBytes = 64;
inline constexpr size_t kMaxGroupIdBytes = 64;
inline constexpr size_t kMaxLicenseIdBytes = 64;
inline constexpr size_t kMaxShipmentReferenceBytes = 64;
inline constexpr size_t kMaxProductCodeBytes = 128;
// Names, titles, classifications: one line for people.
inline constexpr size_t kMaxNameBytes = 256;
// Reasons, sources, citations, descriptions.
inline constexpr size_t kMaxTextBytes = 2'048;
inline constexpr size_t kMaxItemsPerShipment = 100;
inline constexpr size_t kMaxLinesPerLicense = 100;
inline constexpr size_t kMaxCountriesPerList = 300;
inline constexpr size_t kMaxPartiesPerList = 100;
inline constexpr size_t kMaxApplicationIdBytes = 64;
inline constexpr int kMaxStepsPerApplication = 1'000;
inline constexpr int kMaxConditionsPerParty = 1'000;
// Of an announcement, in its own unit.
inline constexpr int64_t kMaxDealAmount = 1'000'000'000'000'000'000;
inline constexpr size_t kMaxCalendarIdBytes = 64;
inline constexpr size_t kMaxConditionKindBytes = 64;
// Holidays that one command adds, and takes away.
inline constexpr size_t kMaxHolidaysPerChange = 1'000;
inline constexpr size_t kMaxOverridesPerCommand = 100;
inline constexpr size_t kMaxLinesPerDeclaration = 1'000;
// A plan that is further off can be reserved again.
inline constexpr int64_t kMaxHoldSeconds = 31'536'000;
// Licenses that a refusal explains why they do not fit.
inline constexpr size_t kMaxExplainedLicenses = 5;
// How far ahead of today a shipment, a grant or a change of a license may be
// dated: a leap year, so that a license of one year can be planned for.
inline constexpr int32_t kMaxDaysAhead = 366;
// How far the clock may be from the last entry's time when a ledger is opened:
// a ledger that nobody has written to for longer is opened once a year at most,
// and clocks are set back by less.
inline constexpr int64_t kMaxClockAheadHours = 400 * 24;
inline constexpr int64_t kMaxClockBehindHours = 24;
inline constexpr size_t kMaxRulesPerPolicy = 100;
// Reporting dates of a rule: twice a month. Each is an entry a year.
inline constexpr int kMaxReportingDates = 24;
// Totals that a report tells in full; of all others it tells how many there are
// and how many of them are over their limits.
inline constexpr size_t kMaxReportedTotals = 1'000;
// Policies in force or still to come: bounds the evidence of one event.
inline constexpr size_t kMaxPolicies = 1'000;

// Largest figures that are taken as such and not as a slip of the pen. Their
// products can still leave int64, so all arithmetic on them is checked.
inline constexpr int64_t kMaxQuantityUnits = 1'000'000'000;
inline constexpr int64_t kMaxGpusPerUnit = 1'000'000;
inline constexpr int64_t kMaxMilliTppPerGpu = 1'000'000'000'000;
inline constexpr int64_t kMaxDeclaredMilliTpp = 1'000'000'000'000'000'000;
inline constexpr int64_t kMaxValueUsd = 1'000'000'000'000'000;

// Bytes of a page's rows: it is full with the row that reaches them, so that an
// answer stays below the 4 MiB which other languages' gRPC takes by default.
inline constexpr size_t kMaxPageBytes = 3 * 1024 * 1024;
// Of what is told about one event beside it, and of the numbers that it was
// judged by: what is more stands in its entries only.
inline constexpr size_t kMaxJudgementBytes = 512 * 1024;
inline constexpr size_t kMaxShownEvidenceBytes = 256 * 1024;
// A page that filters reads at most this many entries before it answers.
inline constexpr size_t kMaxEntriesPerPage = 50'000;
// Entry bytes in one message of a stream of entries.
inline constexpr size_t kEntryChunkBytes = 256 * 1024;

static_assert(kMaxRequestBytes < kMaxEntryBytes);
// A row tells a command and its evidence, what was found, and what became of
// it.
static_assert(kMaxPageBytes + kMaxJudgementBytes + kMaxShownEvidenceBytes +
                  2 * kMaxEntryBytes <
              4 * 1024 * 1024);
static_assert(kMaxQueuedCommands >= kMaxCommandsPerRequest);
static_assert(kMaxStreamBytes >= 2 * kMaxMessageBytes);
static_assert(kMaxGroupBytes >= kMaxEntryBytes * 2);

}  // namespace chipledger::limits

#endif  // CHIPLEDGER_LEDGER_BASE_LIMITS_H_
