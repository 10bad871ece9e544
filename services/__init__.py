"""Payment operations without a screen: usable from a script, a web worker or a test."""
