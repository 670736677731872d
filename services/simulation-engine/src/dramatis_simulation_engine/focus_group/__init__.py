"""Focus groups: what respondents think of a property, its photographs, its changes and its price. Pure."""
