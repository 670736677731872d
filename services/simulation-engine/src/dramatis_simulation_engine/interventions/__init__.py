"""Follow-up sequences: what respondents do after a first contact, and which sequence of steps suits them. Pure."""
