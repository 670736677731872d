"""Studies: each turns a scenario into questions, and the answers into estimates, sentences and advice."""
