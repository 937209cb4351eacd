// Who has room in the queue: single writes share a bound, bulk streams stand
// beside it. No sequencer takes anything away here.
#include "ledger/pipeline.h"

#include <gtest/gtest.h>

#include "tests/ledger/ledger_fixture.h"

namespace chipledger {
namespace {

using ::chipledger::testing::MetadataOf;
using ::chipledger::testing::ReasonOf;

QueuedBatch BatchOf(size_t commands, WhenFull when_full) {
  QueuedBatch batch;
  batch.batch = std::make_unique<WriteBatch>();
  batch.commands = commands;
  batch.when_full = when_full;
  return batch;
}

TEST(PipelineTest, SingleWritesAreRefusedAboveTheBound) {
  Pipeline pipeline(3);
  EXPECT_TRUE(pipeline.Push(BatchOf(2, WhenFull::kRefuse)).ok());
  const absl::Status full = pipeline.Push(BatchOf(2, WhenFull::kRefuse));
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(full), "QUEUE_FULL");
  EXPECT_EQ(MetadataOf(full, "queued_commands"), "2");
  EXPECT_EQ(MetadataOf(full, "max_queued_commands"), "3");
  EXPECT_TRUE(pipeline.Push(BatchOf(1, WhenFull::kRefuse)).ok());
  EXPECT_EQ(pipeline.queued_commands(), 3u);
}

TEST(PipelineTest, BulkStreamsTakeNoRoomFromSingleWrites) {
  Pipeline pipeline(3);
  EXPECT_TRUE(pipeline.Push(BatchOf(2, WhenFull::kRefuse)).ok());
  EXPECT_TRUE(pipeline.Push(BatchOf(1'000, WhenFull::kWait)).ok());
  EXPECT_TRUE(pipeline.Push(BatchOf(1, WhenFull::kRefuse)).ok());
  EXPECT_EQ(pipeline.queued_commands(), 1'003u);
}

TEST(PipelineTest, ABatchAboveTheBoundIsTakenWhenNoneWaits) {
  Pipeline pipeline(3);
  EXPECT_TRUE(pipeline.Push(BatchOf(100, WhenFull::kRefuse)).ok());
  EXPECT_EQ(ReasonOf(pipeline.Push(BatchOf(1, WhenFull::kRefuse))),
            "QUEUE_FULL");
}

TEST(PipelineTest, DecidedCommandsMakeRoom) {
  Pipeline pipeline(3);
  ASSERT_TRUE(pipeline.Push(BatchOf(3, WhenFull::kRefuse)).ok());
  ASSERT_TRUE(pipeline.Push(BatchOf(5, WhenFull::kWait)).ok());
  std::vector<QueuedBatch> batches;
  ASSERT_EQ(pipeline.Next(/*has_group=*/false, batches),
            Pipeline::Task::kDecide);
  for (const QueuedBatch& batch : batches) pipeline.Dequeue(batch);
  EXPECT_EQ(pipeline.queued_commands(), 0u);
  EXPECT_TRUE(pipeline.Push(BatchOf(3, WhenFull::kRefuse)).ok());
}

}  // namespace
}  // namespace chipledger
