"""People as dense ids, their keys and pseudonyms."""
