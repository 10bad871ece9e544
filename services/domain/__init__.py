"""What paydesk means by its words: pure values and functions, without a database, a network or a clock."""
