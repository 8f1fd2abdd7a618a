"""What an enumeration returns, and its files."""
