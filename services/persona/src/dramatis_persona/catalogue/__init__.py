"""The stakeholder catalogue: predefined people for interviews. What is said of them is ASSUMED: nobody was measured."""
