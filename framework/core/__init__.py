"""What every module stands on: components, arguments, arrays, messages."""
