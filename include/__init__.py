"""Everything that is not a DAG or a plugin: the package, the policy, the samples and what runs them locally."""
