"""What words mean in an interrogation: stems, groups of words, and the taxonomy of causes of product problems. Pure."""
