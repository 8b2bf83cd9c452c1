"""The base of all checks: a component under check, its arguments and state, comparisons and causes."""
