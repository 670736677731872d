"""An interrogation by a language model: two roles in contexts of their own, and what they say is checked."""
