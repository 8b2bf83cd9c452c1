"""The foundation of every module: components, types, and checks of arguments and arrays."""
