// Most of their time they wait for a deadline or another process.
[assembly: CollectionBehavior(MaxParallelThreads = 3)]
