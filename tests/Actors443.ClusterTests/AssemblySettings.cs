// Each test has several servers on two cores already.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
