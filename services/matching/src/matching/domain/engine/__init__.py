"""The matching engine: arrays in, result out. Knows nothing of people, programmes or databases."""
