"""Trust scores, manipulation flags and alert rules."""
